"""Properties are about answers, not about how fast a shared machine gives them."""

from hypothesis import settings

settings.register_profile("cbsnap", deadline=None)
settings.load_profile("cbsnap")
