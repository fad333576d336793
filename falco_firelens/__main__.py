"""The command where it is not installed: `python -m falco_firelens`."""

import sys

from falco_firelens.cli import main

sys.exit(main())
