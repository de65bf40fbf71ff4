"""The function runtime: the functions of a repository, run as the platform would run them."""
