"""What the jobs need from outside, as the jobs see it, a module for each neighbour.

Adapters in `tencent/` and `hosts/` fulfil these; tests bring fakes with state. Errors are those of
`errors.py`, whatever stands behind.
"""
