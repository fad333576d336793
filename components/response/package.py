"""Builds the zip of the response function: its code, the stack's playbooks, and its libraries for Lambda's processor.

The same pins give the same bytes on any machine, so that a preview shows a new function only where one was made: wheels
are taken as they were published, names sorted, times fixed, and nothing is compiled here.
"""

import hashlib
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Mapping
from pathlib import Path

import falco_firelens
from falco_firelens.contract import cache
from falco_firelens.errors import StackError
from falco_firelens.responder.configuration import FILE, Configuration

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


class PackageError(StackError):
    """The package cannot be built; says why and what to do."""


def build(configuration: Configuration, folder: Path | None = None) -> Path:
    """Build the zip, or take the one that was built for the same code, pins and playbooks.

    `folder` is where packages and wheels are kept. Raises PackageError.
    """
    folder = folder or cache() / "response"
    parts = {**_code(), _name(FILE): configuration.to_json().encode()}
    pins = REQUIREMENTS.read_bytes()
    digest = hashlib.sha256(RUNTIME.encode() + pins)
    for name in sorted(parts):
        digest.update(f"{name}\0{len(parts[name])}\0".encode() + parts[name])
    package = folder / f"response-{digest.hexdigest()[:24]}.zip"
    if not package.exists():
        try:
            _write(package, {**_libraries(_wheels(folder, pins)), **parts})
        except OSError as error:
            raise PackageError(
                f"The package of the response function could not be written: {error}\n"
                f"It is kept in {folder}: make that writable, or name another folder with XDG_CACHE_HOME."
            ) from None
    return package


def _code() -> dict[str, bytes]:
    files = (file for pattern in _CODE for file in PRODUCT.glob(pattern) if _SKIPPED not in file.parents)
    return {_name(file): file.read_bytes() for file in files}


def _name(file: Path) -> str:
    """Return a file's name in the zip."""
    return file.relative_to(PRODUCT.parent).as_posix()


def _wheels(folder: Path, pins: bytes) -> Path:
    """The wheels of these pins, fetched once."""
    wheels = folder / f"wheels-{hashlib.sha256(RUNTIME.encode() + pins).hexdigest()[:16]}"
    if wheels.is_dir():
        return wheels
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder) as made:
        _download(Path(made))
        try:
            Path(made).rename(wheels)
        except OSError:
            if not wheels.is_dir():  # another run was quicker
                raise
        else:
            Path(made).mkdir()  # what the context removes
    return wheels


def _download(folder: Path) -> None:
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
    command += ["--require-hashes", "--only-binary=:all:", f"--dest={folder}", f"--requirement={REQUIREMENTS}"]
    command += [f"--platform={PLATFORM}", "--implementation=cp", f"--python-version={RUNTIME.removeprefix('python')}"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        reason = done.stderr.strip().splitlines()[-1:] or ["pip printed no error"]
        raise PackageError(
            f"The libraries of the response function could not be fetched: {reason[0]}\n"
            f"pip needs a package registry with the wheels of {REQUIREMENTS.name} for {PLATFORM}; "
            f"`{' '.join(command[1:])}` shows more."
        )


def _libraries(wheels: Path) -> dict[str, bytes]:
    """What the wheels hold, without what nothing imports: a wheel's own record, scripts and headers."""
    found: dict[str, bytes] = {}
    for wheel in sorted(wheels.glob("*.whl")):
        with zipfile.ZipFile(wheel) as archive:
            for name in archive.namelist():
                top = name.partition("/")[0]
                if not name.endswith("/") and not top.endswith(".data"):
                    found[name] = archive.read(name)
    return found


def _write(package: Path, parts: Mapping[str, bytes]) -> None:
    with tempfile.NamedTemporaryFile(dir=package.parent, delete=False) as made:
        with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
            for name in sorted(parts):
                entry = zipfile.ZipInfo(name, _EPOCH)
                entry.compress_type = zipfile.ZIP_DEFLATED
                entry.create_system = 3  # Unix, wherever this runs
                entry.external_attr = 0o644 << 16
                archive.writestr(entry, parts[name])
        made.close()
        shutil.move(made.name, package)
