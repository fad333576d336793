"""Knows what the vendors publish of the programs, by the table in releases.yaml."""

import hashlib
import platform
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, model_validator

TABLE: Final = Path(__file__).with_suffix(".yaml")

ANY: Final = "any"
"""In place of a platform: the same file serves all."""

System = Literal["linux", "darwin"]
Platform = Literal["linux-amd64", "linux-arm64", "darwin-amd64", "darwin-arm64", "any"]
Checksum = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]

_MACHINES: Final = {"x86_64": "amd64", "amd64": "amd64", "aarch64": "arm64", "arm64": "arm64"}
"""How Go and the vendors call what `platform.machine()` returns."""


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class File(_Table):
    """A published file, and the programs in it. releases.yaml says what the keys mean."""

    url: Annotated[str, Field(pattern=r"^https://[^/]+/.")]
    programs: Annotated[Mapping[str, str], Field(min_length=1)]
    systems: tuple[System, ...] = ("linux", "darwin")
    sha256: Mapping[Platform, Checksum] = {}
    checksums: Annotated[str, Field(pattern=r"^(https://[^/]+/.+)?$")] = ""

    @model_validator(mode="after")
    def _verifiable(self) -> Self:
        if not self.sha256 and not self.checksums:
            raise ValueError(f"{self.url}: found no checksum, expected `sha256` or `checksums`")
        return self

    @property
    def name(self) -> str:
        """The last part of the address."""
        return self.url.rpartition("/")[2]

    def pin(self, system: str, machine: str) -> str:
        """Return the pinned checksum for a platform; empty where there is none."""
        pins = {str(key): checksum for key, checksum in self.sha256.items()}
        return pins.get(f"{system}-{machine}") or pins.get(ANY, "")


class Release(_Table):
    """One version of a vendor's programs."""

    version: str
    files: Annotated[tuple[File, ...], Field(min_length=1)]
    machines: Mapping[str, str] = {}

    def on(self, system: str, machine: str) -> "Release":
        """Return the release for one platform, with nothing left to fill in; without files where there are none."""
        words = {"version": self.version, "system": system, "machine": self.machines.get(machine, machine)}
        files = [
            file.model_copy(
                update={
                    "url": file.url.format_map(words),
                    "checksums": file.checksums.format_map(words),
                    "programs": {name: member.format_map(words) for name, member in file.programs.items()},
                    "sha256": {ANY: pin} if (pin := file.pin(system, machine)) else {},
                }
            )
            for file in self.files
            if system in file.systems
        ]
        return self.model_copy(update={"files": tuple(file for file in files if file.sha256 or file.checksums)})

    @property
    def programs(self) -> tuple[str, ...]:
        """The names of all that is in its files."""
        return tuple(name for file in self.files for name in file.programs)

    @cached_property
    def digest(self) -> str:
        """Return what tells it from another version, platform or pin."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()[:16]


def parse(text: str) -> dict[str, Release]:
    """Read a table. Raises pydantic.ValidationError where its form is wrong."""
    table: dict[str, Any] = yaml.safe_load(text)
    return {name: Release.model_validate(release) for name, release in table.items()}


def here() -> dict[str, Release]:
    """Return the releases for this machine, by name."""
    system, machine = platform.system().lower(), platform.machine().lower()
    known = {name: release.on(system, _MACHINES.get(machine, machine)) for name, release in RELEASES.items()}
    return {name: release for name, release in known.items() if release.files}


RELEASES: Final = parse(TABLE.read_text())
