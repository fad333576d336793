"""The command line behind the Makefile's targets."""

import sys

from localcloud.command_line import main

sys.exit(main())
