"""Knows the images that run on nodes, by the table in images.yaml."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from falco_firelens.sensor.own_yaml import read_yaml

REGISTRY: Final = "public.ecr.aws"
"""Where every image comes from that no mirror holds."""

DIGEST: Final = r"sha256:[0-9a-f]{64}"
"""Of a manifest: https://github.com/opencontainers/image-spec/blob/main/descriptor.md#digests"""

TABLE: Final = Path(__file__).with_suffix(".yaml")

INDEPENDENT: Final = 2
"""How many sources a digest needs."""


@dataclass(frozen=True)
class Image:
    """An image as a node pulls it: `name` in `registry`, by its digest where there is one."""

    registry: str
    name: str
    version: str
    digest: str = ""

    @property
    def tag(self) -> str:
        """The version, with the digest, which is what counts for a container runtime."""
        return f"{self.version}@{self.digest}" if self.digest else self.version

    @property
    def reference(self) -> str:
        """How Kubernetes names it."""
        return f"{self.registry}/{self.name}:{self.tag}"

    @property
    def tag_or_digest(self) -> str:
        """How ECS names it, whose documents know one or the other.

        https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDefinition.html
        """
        return f"{self.registry}/{self.name}" + (f"@{self.digest}" if self.digest else f":{self.version}")


class Release(BaseModel):
    """A version of an image. `sources` say where its digest was seen: files' addresses, or images in registries."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    version: Annotated[str, Field(pattern=r"^[0-9]+\.[0-9]+\.[0-9]+$")]
    digest: Annotated[str, Field(pattern=rf"^({DIGEST})?$")]
    sources: tuple[str, ...]

    @model_validator(mode="after")
    def _confirmed(self) -> Self:
        owners = {owner(source) for source in self.sources}
        if self.digest and len(owners) < INDEPENDENT:
            raise ValueError(
                f"version {self.version}: found a digest with {len(owners)} independent sources, expected {INDEPENDENT}"
            )
        if self.sources and not self.digest:
            raise ValueError(f"version {self.version}: found sources without a digest, expected the digest they have")
        return self


class Known(BaseModel):
    """What the table says about one image."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    path: str
    """In `REGISTRY`, and in a mirror of it."""
    signer: str
    """The workflow whose signature a digest must have, with {version} in it; empty where the image is not signed."""
    registries: tuple[str, ...]
    """Where its publisher publishes it."""
    releases: Annotated[tuple[Release, ...], Field(min_length=1)]

    @field_validator("registries")
    @classmethod
    def _independent(cls, registries: tuple[str, ...]) -> tuple[str, ...]:
        if len({owner(name) for name in registries}) < INDEPENDENT:
            raise ValueError(f"found {', '.join(registries)}, expected registries of {INDEPENDENT} hosts")
        return registries

    @field_validator("releases")
    @classmethod
    def _once(cls, releases: tuple[Release, ...]) -> tuple[Release, ...]:
        versions = [release.version for release in releases]
        if len(set(versions)) < len(versions):
            raise ValueError(f"found a version twice in {', '.join(versions)}")
        return releases

    @property
    def name(self) -> str:
        """The last part of the path."""
        return self.path.rpartition("/")[2]

    @property
    def folder(self) -> str:
        """The path without the name."""
        return self.path.rpartition("/")[0]

    @property
    def version(self) -> str:
        """The version that runs where nobody says otherwise."""
        return self.releases[0].version

    def digest(self, version: str) -> str:
        """Return the confirmed digest of a version; empty where there is none."""
        return next((release.digest for release in self.releases if release.version == version), "")

    def image(self, *, registry: str | None = None, version: str | None = None, digest: str | None = None) -> Image:
        """Return the image; what is left out is the table's. An empty digest means: by its tag."""
        version = version or self.version
        digest = self.digest(version) if digest is None else digest
        return Image(registry or f"{REGISTRY}/{self.folder}", self.name, version, digest)


def owner(source: str) -> str:
    """Who answers for a source: a registry, or on a site that many share, the owner of the repository."""
    host, _, rest = source.removeprefix("https://").partition("/")
    return f"{host}/{rest.partition('/')[0]}".lower() if host in ("github.com", "gitlab.com") else host.lower()


def parse(text: str) -> dict[str, Known]:
    """Read a table. Raises pydantic.ValidationError where its form is wrong."""
    table: dict[str, Any] = read_yaml(text)
    return {name: Known.model_validate(known) for name, known in table.items()}


KNOWN: Final = parse(TABLE.read_text())
FALCO: Final = KNOWN["falco"]
FLUENT_BIT: Final = KNOWN["fluent-bit"]
