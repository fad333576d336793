"""Which program is used: the one on PATH where it is new enough, else one built into the cache."""

import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from localcloud.toolchain.build import build
from localcloud.toolchain.modules import MODULES

Version = tuple[int, ...]

_LINKS = ".local-cloud-links"
"""Marks the folder of `Programs.link`, which is no place to find programs in although it may be on PATH."""


@dataclass(frozen=True)
class Programs:
    """Paths of all programs that the local cloud runs, and of the files they need beside them, by name."""

    paths: Mapping[str, Path]

    def __getitem__(self, name: str) -> Path:
        return self.paths[name]

    def link(self, folder: Path) -> None:
        """Fill the folder with a link for each, so that one entry of PATH holds them all."""
        folder.mkdir(parents=True, exist_ok=True)
        (folder / _LINKS).touch()
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
"""kwok is always built, since the stage files have to be those of its version."""


def provide() -> Programs:
    """Find every program, building what is missing.

    Raises:
        LocalCloudError: Go is absent or too old, or a build failed.
    """
    paths = dict[str, Path]()
    for wanted in _FROM_PATH:
        paths |= _on_path(wanted)
    for module in MODULES:
        missing = {name: package for name, package in module.packages.items() if name not in paths}
        if missing:
            folder = build(module, tuple(missing))
            paths |= {name: folder / name for name in (*missing, *module.extras)}
    return Programs(paths)


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
