"""Builds the zip of the watch function: its code and what it is to watch. Its libraries are in Lambda's runtime."""

import hashlib
from pathlib import Path

from falco_firelens.contract import cache
from falco_firelens.watch.configuration import FILE, Configuration

from ..response.package import RUNTIME, PackageError, code, name_in_zip, write

HANDLER = "falco_firelens.watch.handler.handle"

_CODE = ("__init__.py", "contract.py", "watch/**/*.py")


def build(configuration: Configuration, folder: Path | None = None) -> Path:
    """Build the zip for the code and the configuration.

    `folder` is where packages are kept. Raises PackageError.
    """
    folder = folder or cache() / "watch"
    parts = {**code(_CODE), name_in_zip(FILE): configuration.to_json().encode()}
    digest = hashlib.sha256(RUNTIME.encode())
    for name in sorted(parts):
        digest.update(f"{name}\0{len(parts[name])}\0".encode() + parts[name])
    package = folder / f"watch-{digest.hexdigest()[:24]}.zip"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write(package, parts)
    except OSError as error:
        raise PackageError(
            f"The package of the watch function could not be written: {error}\n"
            f"It is kept in {folder}: make that writable, or name another folder with XDG_CACHE_HOME."
        ) from None
    return package
