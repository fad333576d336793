"""Starts the plugin: the engine runs this folder with its own address as the argument."""

import sys
from pathlib import Path

# The engine runs the folder, not the package, and the components are beside it.
sys.path[0] = str(Path(__file__).resolve().parents[1])

from plugin.host import serve  # noqa: E402 - only now can it be found

serve()
