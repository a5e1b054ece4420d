"""One HTML page about runs, or about folders of finished pictures; nothing in it is loaded from anywhere."""
