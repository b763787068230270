"""Links from θ to distribution parameters that several problems share, each with its transpose."""
