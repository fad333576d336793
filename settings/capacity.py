"""EC2 instances that a created cluster runs on: types, architecture, how many, disk."""

from typing import Annotated, Any

from pydantic import Field, field_validator

from settings.aws import Architecture, InstanceType, architecture_of, matching
from settings.base import Model
from settings.errors import mistake

DEFAULT_INSTANCE_TYPE = {"x86_64": "m6i.large", "arm64": "m6g.large"}
"""Two processors and 8 GiB, offered in every region and zone; the sensor itself asks for a tenth of a processor and 0.6 GiB."""


def _default_types(data: dict[str, Any]) -> tuple[str, ...]:
    return (DEFAULT_INSTANCE_TYPE[data.get("architecture", "x86_64")],)


class Capacity(Model):
    """A group of equal EC2 instances."""

    architecture: Architecture = "x86_64"
    """Processor architecture of the instances and of the image they start from."""

    instance_types: Annotated[tuple[InstanceType, ...], Field(min_length=1, default_factory=_default_types)]
    """Instance types of that architecture, the preferred first. Default: m6i.large, on arm64 m6g.large."""

    max_size: Annotated[int, Field(ge=1, le=1000)] = 3
    """The most instances there may be."""

    min_size: Annotated[int, Field(ge=0, le=1000)] = 1
    """The fewest instances there may be."""

    disk_gib: Annotated[int, Field(ge=30, le=16384)] = 50
    """Size of each instance's encrypted disk, in GiB. 30 is the size of the ECS image's own snapshot."""

    @field_validator("instance_types")
    @classmethod
    def _types_of_the_architecture(cls, types: tuple[str, ...], info: Any) -> tuple[str, ...]:
        wanted = info.data.get("architecture")
        other = [name for name in types if wanted and architecture_of(name) != wanted]
        if other:
            found = f"{', '.join(other)}, of {architecture_of(other[0])}"
            raise mistake(f"instance types of architecture {wanted}", found=found)
        return types

    @field_validator("min_size")
    @classmethod
    def _at_most_max(cls, size: int, info: Any) -> int:
        most = info.data.get("max_size")
        if most is not None and size > most:
            raise mistake(f"at most maxSize ({most})", found=str(size))
        return size


class NodeGroup(Capacity):
    """One managed node group of an EKS cluster."""

    name: str = "default"
    """Name of the node group, unique in its cluster."""

    desired_size: Annotated[int, Field(ge=0)] | None = None
    """How many nodes to begin with; afterwards an autoscaler may change it. Default: minSize."""

    @field_validator("name")
    @classmethod
    def _a_name(cls, name: str) -> str:
        check = matching(r"[a-z0-9][a-z0-9-]{0,30}", "1 to 31 lower-case letters, digits and hyphens")
        return check(name)

    @field_validator("desired_size")
    @classmethod
    def _between_min_and_max(cls, size: int | None, info: Any) -> int | None:
        least, most = info.data.get("min_size"), info.data.get("max_size")
        if size is None or least is None or most is None or least <= size <= most:
            return size
        raise mistake(f"between minSize ({least}) and maxSize ({most})", found=str(size))
