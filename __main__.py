"""The Pulumi program: the stack file's settings, deployed."""

from pathlib import Path

from falco_firelens.program import deploy

deploy(Path(__file__).parent)
