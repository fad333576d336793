"""The Pulumi program: falco-firelens, deployed with the stack files of this folder."""

from pathlib import Path

from falco_firelens.program import deploy

deploy(Path(__file__).parent)
