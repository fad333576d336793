"""Builds the zip of the watch function: its code and what it is to watch. Its libraries are in Lambda's runtime."""

from pathlib import Path

from falco_firelens.watch.configuration import FILE, Configuration

from ..aws.function_package import code, name_in_zip, package

HANDLER = "falco_firelens.watch.handler.handle"

_CODE = ("__init__.py", "contract.py", "watch/**/*.py")


def build(configuration: Configuration, folder: Path | None = None) -> Path:
    """Build the zip for the code and the configuration.

    `folder` is where packages are kept. Raises PackageError.
    """
    return package("watch", {**code(_CODE), name_in_zip(FILE): configuration.to_json().encode()}, folder)
