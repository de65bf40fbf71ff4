"""Two policies that meet on a host: one worker and one lease, each disk for its own policy."""

from __future__ import annotations

import json
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

from .stage import Stage, built
