from hypothesis import settings

# A loaded machine makes an example slow; that says nothing of the code.
settings.register_profile("cbsnap", deadline=None)
settings.load_profile("cbsnap")
