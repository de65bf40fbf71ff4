"""What `make bench` starts: our own times as ratios to a baseline that is measured in the same run."""
