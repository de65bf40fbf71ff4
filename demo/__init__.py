"""What `make run` starts: the main job on one machine, from timer to proof."""
