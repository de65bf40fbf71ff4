"""Decisions: pure functions over the model; no clock, no cloud, no files."""
