"""A function that does nothing but import what no function of ours can do without."""
