"""Which program is used: the one on PATH where it is new enough, else its vendor's, else one that is built here."""

import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal, get_args

from localcloud.console import say
from localcloud.errors import LocalCloudError
from localcloud.toolchain.build import build, built
from localcloud.toolchain.download import UnavailableError, Vendors, taken
from localcloud.toolchain.modules import LANGUAGES, MODULES
from localcloud.toolchain.releases import Release, here

Version = tuple[int, ...]

CHOICE: Final = "LOCALCLOUD_PROGRAMS"
"""Names one of `Choice`."""

Choice = Literal["auto", "download", "build"]
"""Where programs come from that are not on PATH: from their vendors where that works, from there alone, or built."""

_LINKS = ".local-cloud-links"
"""Marks the folder of `Programs.link`, which is no place to find programs in although it may be on PATH."""


@dataclass(frozen=True)
class Programs:
    """Paths of all programs that the local cloud runs, and of the files they need beside them, by name."""

    paths: Mapping[str, Path]
    origins: Mapping[str, str] = field(default_factory=dict[str, str])
    """Where each comes from, for a person to read."""

    def __getitem__(self, name: str) -> Path:
        return self.paths[name]

    def link(self, folder: Path) -> None:
        """Fill the folder with a link for each, so that one entry of PATH holds them all."""
        folder.mkdir(parents=True, exist_ok=True)
        (folder / _LINKS).touch()
        for link in folder.iterdir():
            if link.is_symlink() and link.name not in self.paths:
                link.unlink()
        for name, target in self.paths.items():
            link = folder / name
            link.unlink(missing_ok=True)
            link.symlink_to(target)


@dataclass(frozen=True)
class _Wanted:
    """Programs that are used from PATH all together or not at all."""

    names: tuple[str, ...]
    version_arguments: tuple[str, ...] = ("--version",)
    minimum: Version | None = None
    """None: whatever version is there."""


_FROM_PATH = (
    # As new as the Python SDK, whose Automation API and policy packs need it.
    _Wanted(("pulumi", "pulumi-language-python", "pulumi-language-python-exec"), ("version",), (3, 272, 0)),
    _Wanted(("pulumi-resource-kubernetes",)),
    _Wanted(("kube-apiserver", "kube-controller-manager", "kube-scheduler"), minimum=(1, 32, 0)),
    _Wanted(("kubectl",), ("version", "--client"), (1, 33, 0)),
    _Wanted(("etcd",), minimum=(3, 5, 0)),
)
"""kwok is never taken from PATH, since the stage files have to be those of its version."""


def provide() -> Programs:
    """Find every program, taking from its vendor or building what is missing.

    Raises:
        LocalCloudError: a file of a vendor is not the published one; or Go is absent or too old, or a build failed; or
            what may only be downloaded cannot be.
    """
    choice = _choice()
    paths = dict[str, Path]()
    for wanted in _FROM_PATH:
        paths |= _on_path(wanted)
    origins = {name: f"on PATH: {path}" for name, path in paths.items()}
    vendors = Vendors()
    for name, release in here().items() if choice != "build" else ():
        if set(release.programs) - set(paths) and (folder := _from_vendor(vendors, name, release, choice)):
            paths |= {program: folder / program for program in release.programs}
            origins |= {
                program: f"{release.version} from {file.url}" for file in release.files for program in file.programs
            }
    for module in MODULES:
        missing = tuple(name for name in module.packages if name not in paths)
        if missing and choice == "download":
            raise LocalCloudError(
                f"{CHOICE}=download: nobody publishes {', '.join(missing)} for this machine. {CHOICE}=auto builds them."
            )
        if missing:
            folder = build(module, missing)
            names = (*missing, *(module.extras if module.extras_of in missing else ()))
            paths |= {name: folder / name for name in names}
            origins |= dict.fromkeys(names, "built from source")
    return Programs(paths, origins)


def provide_languages() -> Programs:
    """Find the programs for other languages than Python; build them where they are not on PATH.

    Raises:
        LocalCloudError: Go is absent or too old, or a build failed.
    """
    paths = dict[str, Path]()
    for module in LANGUAGES:
        names = tuple(module.packages)
        paths |= _on_path(_Wanted(names)) or {name: build(module, names) / name for name in names}
    return Programs(paths)


def _choice() -> Choice:
    said = os.environ.get(CHOICE) or "auto"
    for choice in get_args(Choice):
        if said == choice:
            return choice
    raise LocalCloudError(f"{CHOICE}: found {said}, expected one of {', '.join(get_args(Choice))}")


def _from_vendor(vendors: Vendors, name: str, release: Release, choice: Choice) -> Path | None:
    """Return the folder of a release, None where its programs have to be built, or have been."""
    folder = taken(name, release)
    if folder or (choice == "auto" and all(map(built, _packages(release)))):
        return folder
    try:
        return vendors.take(name, release)
    except UnavailableError as error:
        if choice == "download":
            raise LocalCloudError(f"{CHOICE}=download: {error}. {CHOICE}=auto builds what is not available.") from None
        say(f"building {', '.join(_packages(release))} instead: {error}")
        return None


def _packages(release: Release) -> list[str]:
    """Return the programs of a release that are built otherwise, without the files beside them."""
    return [name for name in release.programs if any(name in module.packages for module in MODULES)]


def _on_path(wanted: _Wanted) -> dict[str, Path]:
    found = {name: _which(name) for name in wanted.names}
    paths = {name: path for name, path in found.items() if path}
    if len(paths) < len(found):
        return {}
    if wanted.minimum:
        version = _version(paths[wanted.names[0]], wanted.version_arguments)
        if version is None or version < wanted.minimum:
            return {}
    return paths


def _which(name: str) -> Path | None:
    entries = [entry for entry in os.get_exec_path() if not Path(entry, _LINKS).exists()]
    found = shutil.which(name, path=os.pathsep.join(entries))
    return Path(found).absolute() if found else None


def _version(program: Path, arguments: tuple[str, ...]) -> Version | None:
    try:
        answer = subprocess.run(
            [program, *arguments], capture_output=True, text=True, timeout=30, check=True, stdin=subprocess.DEVNULL
        )
    except (OSError, subprocess.SubprocessError):
        return None
    found = re.search(r"(\d+)\.(\d+)\.(\d+)", answer.stdout)
    return tuple(map(int, found.groups())) if found else None
