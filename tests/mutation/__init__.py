"""What labels, deletions and locks hang on, broken in every way that mutmut knows."""
