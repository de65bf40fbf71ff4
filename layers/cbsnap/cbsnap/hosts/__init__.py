"""The way to the agents on the hosts: signed HTTP."""
