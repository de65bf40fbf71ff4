"""The command `cbsnap`: a module a command, thin; what it does is the jobs' business.

Typer and Rich are needed here and nowhere else, so no function imports this.
"""
