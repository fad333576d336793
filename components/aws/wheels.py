"""The function's libraries: wheels that are fetched once, and compared with the lock each time they are used."""

import hashlib
import io
import re
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from falco_firelens.errors import StackError


class PackageError(StackError):
    """The package cannot be built; says why and what to do."""


@dataclass(frozen=True)
class Wheels:
    """The wheels that a lock names, for a runtime and a platform."""

    lock: Path
    runtime: str
    platform: str

    def read(self, folder: Path) -> dict[str, bytes]:
        """Return what the wheels hold, without what nothing imports: scripts and headers.

        `folder` is where wheels are kept. Raises PackageError, and OSError where the folder cannot be used.
        """
        found: dict[str, bytes] = {}
        for content in self._verified(self._fetched(folder)):
            with zipfile.ZipFile(io.BytesIO(content)) as archive:
                for name in archive.namelist():
                    top = name.partition("/")[0]
                    if not name.endswith("/") and not top.endswith(".data"):
                        found[name] = archive.read(name)
        return found

    def _verified(self, folder: Path) -> list[bytes]:
        """Return the content of each wheel, exactly one for each library of the lock."""
        owners = _owners(self.lock.read_text())
        found: dict[str, bytes] = {}
        for wheel in sorted(folder.glob("*.whl")):
            content = wheel.read_bytes()
            owner = owners.get(hashlib.sha256(content).hexdigest())
            if owner is None or owner in found:
                raise PackageError(
                    f"{wheel} is not what {self.lock.name} names: found another SHA-256\n"
                    f"Somebody may have put it there. Remove {folder}, and the wheels are fetched again."
                )
            found[owner] = content
        if missing := sorted(set(owners.values()) - found.keys()):
            raise PackageError(
                f"{folder} has no wheel of {', '.join(missing)}\nRemove that folder, and the wheels are fetched again."
            )
        return [found[owner] for owner in sorted(found)]

    def _fetched(self, folder: Path) -> Path:
        digest = hashlib.sha256(self.runtime.encode() + self.lock.read_bytes()).hexdigest()
        wheels = folder / f"wheels-{digest[:16]}"
        if wheels.is_dir():
            return wheels
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder) as made:
            self._download(Path(made))
            try:
                Path(made).rename(wheels)
            except OSError:
                if not wheels.is_dir():  # another run was quicker
                    raise
            else:
                Path(made).mkdir()  # what the context removes
        return wheels

    def _download(self, folder: Path) -> None:
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
        command += ["--require-hashes", "--only-binary=:all:", f"--dest={folder}", f"--requirement={self.lock}"]
        command += [f"--platform={self.platform}", "--implementation=cp"]
        command += [f"--python-version={self.runtime.removeprefix('python')}"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            reason = done.stderr.strip().splitlines()[-1:] or ["pip printed no error"]
            raise PackageError(
                f"The libraries of the response function could not be fetched: {reason[0]}\n"
                f"pip needs a package registry with the wheels of {self.lock.name} for {self.platform}; "
                f"`{' '.join(command[1:])}` shows more."
            )


def _owners(lock: str) -> Mapping[str, str]:
    """Return the library of each SHA-256 that a lock names."""
    owners: dict[str, str] = {}
    library = ""
    for line in lock.splitlines():
        if named := re.match(r"([A-Za-z0-9][\w.-]*)==", line):
            library = named[1]
        owners |= dict.fromkeys(re.findall(r"--hash=sha256:([0-9a-f]{64})", line), library)
    return owners
