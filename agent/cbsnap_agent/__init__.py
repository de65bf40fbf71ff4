"""The host-side endpoint of cbsnap: it holds locks and freezes for a bounded time, and says what it held."""

__version__ = "0.1.0"
