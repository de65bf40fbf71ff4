"""The host-side sync and lock endpoint."""
