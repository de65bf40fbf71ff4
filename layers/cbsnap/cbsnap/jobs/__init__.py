"""The use cases: each acts through the ports and lets the rules decide."""
