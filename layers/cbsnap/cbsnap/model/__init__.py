"""The values that the core speaks of: frozen, no behaviour that needs the outside.

What a person wrote (policies, requests) and what the cloud answered is converted into these at the edge,
once.
"""
