"""Serves the policy pack: the engine runs this folder as a program."""

import sys
from pathlib import Path

# Pulumi puts this folder on the path, not the one that `falco_firelens` is imported from.
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from falco_firelens.policy.pack import serve

serve()
