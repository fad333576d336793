"""Which code runs. A function is a process of the person who started the local cloud, so not any zip may be one."""

import hashlib
from pathlib import Path

from falco_firelens.contract import cache
from localcloud.aws.functions.package import PackageError

BUILT = ("response", "watch")
"""The functions of this project, after which folders and packages are called."""


class TrustedCode:
    """The functions that this machine has built, and what `folder` names: empty files, called by SHA-256."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._built: dict[Path, str] = {}

    def check(self, digest: str) -> None:
        """Take code by the SHA-256 of its zip, in hexadecimal digits.

        Raises:
            PackageError: nobody here has built it.
        """
        if not (self._folder / digest).is_file() and digest not in self._digests():
            raise PackageError(
                f"found code with the SHA-256 {digest}, expected a zip that this project has built: the stand-in runs "
                f"no other as a process of yours. To run it anyway: touch {self._folder / digest}"
            )

    def _digests(self) -> set[str]:
        for package in (package for name in BUILT for package in (cache() / name).glob(f"{name}-*.zip")):
            if package not in self._built:
                self._built[package] = hashlib.sha256(package.read_bytes()).hexdigest()
        return set(self._built.values())
