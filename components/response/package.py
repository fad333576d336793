"""Builds the zip of the response function: its code, the stack's playbooks, and its libraries."""

from pathlib import Path

from falco_firelens.responder.configuration import FILE, Configuration

from ..aws.function_package import PRODUCT, code, name_in_zip, package

HANDLER = "falco_firelens.responder.handler.handle"

REQUIREMENTS = PRODUCT / "responder" / "requirements.lock"
"""Every library with its version and hashes; `requirements.txt` says why each of the first is there."""

_CODE = ("__init__.py", "contract.py", "responder/**/*.py")
_SKIPPED = PRODUCT / "responder" / "commands"
"""Of our code, which files the function runs, and the folder of those that only a person's shell runs."""


def build(configuration: Configuration, folder: Path | None = None) -> Path:
    """Build the zip for the code, the pins and the playbooks.

    `folder` is where packages and wheels are kept. Raises PackageError.
    """
    parts = {**code(_CODE, _SKIPPED), name_in_zip(FILE): configuration.to_json().encode()}
    return package("response", parts, folder, REQUIREMENTS)
