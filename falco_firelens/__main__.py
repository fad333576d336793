"""Runs the command where it is not on PATH."""

import sys

from falco_firelens.cli import main

sys.exit(main())
