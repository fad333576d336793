"""Builds the zip of a Lambda function: code of this project, a configuration, and libraries for Lambda's processor.

The same pins give the same bytes on any machine, so that a preview shows a new function only where one was made: wheels
are taken as they were published, names sorted, times fixed, and nothing is compiled here. An existing package is
compared with these bytes and not trusted, since it runs as the function.
"""

import hashlib
import io
import tempfile
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path

import falco_firelens
from falco_firelens.contract import cache

from .wheels import PackageError, Wheels

RUNTIME = "python3.13"
ARCHITECTURE = "arm64"
PLATFORM = "manylinux2014_aarch64"
"""What wheels are called that run on Lambda's Amazon Linux 2023 on arm64."""

PRODUCT = Path(falco_firelens.__file__).parent

_EPOCH = (1980, 1, 1, 0, 0, 0)
"""The earliest time that a zip can hold."""


def package(function: str, parts: Mapping[str, bytes], folder: Path | None = None, lock: Path | None = None) -> Path:
    """Build the zip of a function, such as `response`, from its files by their names, and the libraries of a lock.

    `folder` is where packages and wheels are kept. Raises PackageError.
    """
    folder = folder or cache() / function
    digest = hashlib.sha256(RUNTIME.encode() + (lock.read_bytes() if lock else b""))
    for name in sorted(parts):
        digest.update(f"{name}\0{len(parts[name])}\0".encode() + parts[name])
    file = folder / f"{function}-{digest.hexdigest()[:24]}.zip"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        libraries = Wheels(lock, RUNTIME, PLATFORM).read(folder) if lock else {}
        _write(file, _zipped({**libraries, **parts}))
    except OSError as error:
        raise PackageError(
            f"The package of the {function} function could not be written: {error}\n"
            f"It is kept in {folder}: make that writable, or name another folder with XDG_CACHE_HOME."
        ) from None
    return file


def code(patterns: Iterable[str], skipped: Path | None = None) -> dict[str, bytes]:
    """Return the files of this project's code, by their names in the zip."""
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


def _write(file: Path, content: bytes) -> None:
    """Write a package, whole at any moment, unless it is there; its folder has to be there."""
    if file.is_file() and not file.is_symlink() and file.read_bytes() == content:
        return
    with tempfile.NamedTemporaryFile(dir=file.parent, delete=False) as made:
        made.write(content)
    Path(made.name).replace(file)
