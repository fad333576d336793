"""The command line: `python -m fleet list|preview|up|drift|destroy|verify|diff|matrix`."""

import sys

from fleet.command_line import main

sys.exit(main())
