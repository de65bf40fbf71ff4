"""The chaos suite: runs of real functions and agents, disturbed at every step, judged by an observer."""
