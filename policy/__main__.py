"""Where both ways in begin: `python -m policy …` for people, and this folder run as a program by the engine."""

import sys
from pathlib import Path

if __package__:
    from policy.command_line import main

    sys.exit(main())

# Pulumi puts this folder on the path, not the one that `policy` is imported from.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from policy.pack import serve

serve()
