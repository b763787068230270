"""One file a problem; the file's name is the problem's."""
