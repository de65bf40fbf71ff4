"""A function for comparison; see index.py."""
