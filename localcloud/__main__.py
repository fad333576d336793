"""The command line: `python -m localcloud up|down|env|status|check`."""

import sys

from localcloud.command_line import main

sys.exit(main())
