"""Started as `python -m cbsnap_agent` or as the packed file."""

import sys

from .cli import main

sys.exit(main())
