"""Unpacks a function's zip so that this machine's Python can import it."""

import csv
import importlib.machinery
import io
import shutil
import tempfile
import zipfile
from collections.abc import Iterable, Iterator
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path, PurePosixPath

RUNTIME = ("boto3", "botocore", "s3transfer", "jmespath", "python-dateutil", "six", "urllib3")
"""The libraries that Lambda's Python runtime has, beside which a function brings its own.

https://docs.aws.amazon.com/lambda/latest/dg/lambda-python.html
"""

COMPILED = (".so", ".pyd", ".dylib")


class PackageError(Exception):
    """The package cannot run on this machine; says why."""


def unpack(code: bytes, folder: Path) -> Path:
    """Unpack a zip into a folder, unless that is there.

    Compiled modules are of Lambda's processor and Python. Their libraries are taken from this machine's Python, which
    must have the same version of each.

    Raises:
        PackageError: it has not, or the code is no zip.
    """
    if folder.is_dir():
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    made = Path(tempfile.mkdtemp(dir=folder.parent))
    try:
        try:
            with zipfile.ZipFile(io.BytesIO(code)) as archive:
                archive.extractall(made)
        except zipfile.BadZipFile as error:
            raise PackageError(f"the code is no zip: {error}") from None
        _replace_compiled(made)
        if not folder.is_dir():  # another thread was quicker
            made.rename(folder)
    finally:
        shutil.rmtree(made, ignore_errors=True)
    return folder


def runtime_libraries(folder: Path) -> Path:
    """Return a folder with links to the libraries of the runtime, and to nothing else of this Python."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in RUNTIME:
        _link(distribution(name), folder)
    return folder


def _replace_compiled(package: Path) -> None:
    """Put a library of this machine in place of each that has modules which cannot be loaded here."""
    for name, version, module in list(_foreign(package)):
        try:
            installed = distribution(name)
        except PackageNotFoundError:
            raise PackageError(_unloadable(name, version, module, "no such library")) from None
        if installed.version != version:
            raise PackageError(_unloadable(name, version, module, installed.version))
        _link(installed, package)


def _unloadable(name: str, version: str, module: str, found: str) -> str:
    return (
        f"{module} is compiled for another processor or Python; the stand-in takes {name} {version} from this "
        f"machine's Python instead, which has {found}"
    )


def _foreign(package: Path) -> Iterator[tuple[str, str, str]]:
    """Name and version of each library in a package with a module that this Python cannot load, and one such module."""
    own = importlib.machinery.EXTENSION_SUFFIXES[0]
    for record in package.glob("*.dist-info/RECORD"):
        files = [row[0] for row in csv.reader(record.read_text().splitlines()) if row]
        modules = [file for file in files if file.endswith(COMPILED) and not file.endswith(own)]
        if modules:
            name, _, version = record.parent.name.removesuffix(".dist-info").partition("-")
            yield name, version, modules[0]


def _link(library: Distribution, folder: Path) -> None:
    """Link what a library has at the top, in place of what is there."""
    for top in _tops(str(file) for file in library.files or ()):
        there = folder / top
        if there.is_dir() and not there.is_symlink():
            shutil.rmtree(there)
        there.unlink(missing_ok=True)
        there.symlink_to(Path(str(library.locate_file(top))).resolve())


def _tops(files: Iterable[str]) -> set[str]:
    """Return the first parts of files' names: folders and modules, no scripts and no metadata."""
    tops = {PurePosixPath(file).parts[0] for file in files}
    return {top for top in tops if top not in ("..", "__pycache__") and not top.endswith((".dist-info", ".pth"))}
