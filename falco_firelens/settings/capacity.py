"""EC2 instances that a created cluster runs on: types, architecture, how many, disk."""

from typing import Annotated, Any

from pydantic import Field, ValidationInfo, field_validator

from falco_firelens.settings.types import Architecture, InstanceType, architecture_of
from falco_firelens.settings.validation.errors import mistake
from falco_firelens.settings.validation.matching import Matching
from falco_firelens.settings.validation.model import Model

DEFAULT_INSTANCE_TYPE = {"x86_64": "m6i.large", "arm64": "m6g.large"}
"""Two processors and 8 GiB; the sensor itself asks for a tenth of a processor and some 600 MiB."""


def _default_types(data: dict[str, Any]) -> tuple[str, ...]:
    return (DEFAULT_INSTANCE_TYPE[data["architecture"]],) if "architecture" in data else ("m6i.large",)


class Capacity(Model):
    """A group of equal EC2 instances."""

    architecture: Architecture = "x86_64"
    """Processor architecture of the instances and of the image they start from."""

    instance_types: tuple[InstanceType, ...] = Field(default_factory=_default_types, min_length=1)
    """Instance types of that architecture, the preferred one first. Default: `m6i.large`, with arm64 `m6g.large`."""

    max_size: Annotated[int, Field(ge=1, le=1000)] = 3
    """The largest number of instances."""

    min_size: Annotated[int, Field(ge=0, le=1000)] = 1
    """The smallest number of instances; at most `maxSize`."""

    disk_gib: Annotated[int, Field(ge=30, le=16384)] = 50
    """Size of each instance's encrypted root disk, in GiB. The ECS image itself takes 30; gp3 allows 16384:
    https://docs.aws.amazon.com/ebs/latest/userguide/general-purpose.html"""

    @field_validator("instance_types")
    @classmethod
    def _of_the_architecture(cls, types: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        wanted = info.data.get("architecture")
        other = [name for name in types if wanted and architecture_of(name) != wanted]
        if other:
            raise mistake(f"instance types of {wanted}", found=f"{', '.join(other)}, of {architecture_of(other[0])}")
        return types

    @field_validator("min_size")
    @classmethod
    def _at_most_max_size(cls, size: int, info: ValidationInfo) -> int:
        most = info.data.get("max_size")
        if most is not None and size > most:
            raise mistake(f"at most maxSize ({most})", found=str(size))
        return size


NodeGroupName = Annotated[str, Matching(r"[a-z0-9][a-z0-9-]{0,30}", "1 to 31 lower-case letters, digits and hyphens")]


DEFAULT_NODE_GROUP = "default"


class NodeGroup(Capacity):
    """One managed node group of an EKS cluster."""

    name: NodeGroupName = DEFAULT_NODE_GROUP
    """Name of the node group, unique in its cluster."""

    desired_size: Annotated[int, Field(ge=0)] | None = None
    """How many nodes there are. Default: `minSize` to begin with, and then whatever an autoscaler makes of it: an
    update that changes the sizes keeps as many nodes as there are, within the new sizes. Who previews or deploys needs
    `eks:ListNodegroups` and `eks:DescribeNodegroup`. Sizes that were changed by hand count as changed by the file."""

    @field_validator("desired_size")
    @classmethod
    def _between_min_and_max(cls, size: int | None, info: ValidationInfo) -> int | None:
        least, most = info.data.get("min_size"), info.data.get("max_size")
        if size is None or least is None or most is None or least <= size <= most:
            return size
        raise mistake(f"between minSize ({least}) and maxSize ({most})", found=str(size))
