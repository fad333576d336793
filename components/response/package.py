"""Builds the zip of the response function: its code, the stack's playbooks, and its libraries for Lambda's processor.

The same pins give the same bytes on any machine, so that a preview shows a new function only where one was made: wheels
are taken as they were published, names sorted, times fixed, and nothing is compiled here. A package that is there
already is compared with these bytes, not believed: what anything else writes there would run as the function.
"""

import hashlib
import io
import tempfile
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path

import falco_firelens
from falco_firelens.contract import cache
from falco_firelens.responder.configuration import FILE, Configuration

from .wheels import PackageError, Wheels

RUNTIME = "python3.13"
ARCHITECTURE = "arm64"
PLATFORM = "manylinux2014_aarch64"
"""What wheels are called that run on Lambda's Amazon Linux 2023 on arm64."""

HANDLER = "falco_firelens.responder.handler.handle"

PRODUCT = Path(falco_firelens.__file__).parent
REQUIREMENTS = PRODUCT / "responder" / "requirements.lock"
"""Every library with its version and hashes; `requirements.txt` says why each of the first is there."""

_CODE = ("__init__.py", "contract.py", "responder/**/*.py")
_SKIPPED = PRODUCT / "responder" / "commands"
"""Of our code, which files the function runs, and the folder of those that only a person's shell runs."""

_EPOCH = (1980, 1, 1, 0, 0, 0)
"""The earliest time that a zip can hold."""


def build(configuration: Configuration, folder: Path | None = None) -> Path:
    """Build the zip for the code, the pins and the playbooks.

    `folder` is where packages and wheels are kept. Raises PackageError.
    """
    folder = folder or cache() / "response"
    parts = {**code(_CODE, _SKIPPED), name_in_zip(FILE): configuration.to_json().encode()}
    pins = REQUIREMENTS.read_bytes()
    digest = hashlib.sha256(RUNTIME.encode() + pins)
    for name in sorted(parts):
        digest.update(f"{name}\0{len(parts[name])}\0".encode() + parts[name])
    package = folder / f"response-{digest.hexdigest()[:24]}.zip"
    try:
        libraries = Wheels(REQUIREMENTS, RUNTIME, PLATFORM).read(folder)
        write(package, {**libraries, **parts})
    except OSError as error:
        raise PackageError(
            f"The package of the response function could not be written: {error}\n"
            f"It is kept in {folder}: make that writable, or name another folder with XDG_CACHE_HOME."
        ) from None
    return package


def code(patterns: Iterable[str], skipped: Path | None = None) -> dict[str, bytes]:
    """Return the files of our code, by their names in the zip."""
    files = (file for pattern in patterns for file in PRODUCT.glob(pattern) if skipped not in file.parents)
    return {name_in_zip(file): file.read_bytes() for file in files}


def name_in_zip(file: Path) -> str:
    """Return a file's name in the zip."""
    return file.relative_to(PRODUCT.parent).as_posix()


def _zipped(parts: Mapping[str, bytes]) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in sorted(parts):
            entry = zipfile.ZipInfo(name, _EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.create_system = 3  # Unix, wherever this runs
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, parts[name])
    return made.getvalue()


def write(package: Path, parts: Mapping[str, bytes]) -> None:
    """Write a package, whole at any moment, unless it is there; its folder has to be there."""
    content = _zipped(parts)
    if package.is_file() and not package.is_symlink() and package.read_bytes() == content:
        return
    with tempfile.NamedTemporaryFile(dir=package.parent, delete=False) as made:
        made.write(content)
    Path(made.name).replace(package)
