"""Run the command line."""

import sys

from localcloud.cli import main

sys.exit(main())
