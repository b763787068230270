"""What a user's own file is written with, and how it is found."""
