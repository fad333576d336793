"""The architecture of an instance type is read off its name; EC2's own data says whether rightly."""

import gzip
import json
from pathlib import Path

import moto

from falco_firelens.settings.capacity import DEFAULT_INSTANCE_TYPE
from falco_firelens.settings.types import architecture_of

RESOURCES = Path(moto.__file__).parent / "ec2" / "resources"


def test_the_architecture_of_every_instance_type_of_ec2() -> None:
    types = json.loads(gzip.decompress((RESOURCES / "instance_types.json.gz").read_bytes()))
    assert len(types) > 500
    wrong = {
        name: about["ProcessorInfo"]["SupportedArchitectures"]
        for name, about in types.items()
        if not name.startswith("mac") and architecture_of(name) not in about["ProcessorInfo"]["SupportedArchitectures"]
    }
    assert wrong == {}


def test_the_default_instance_types_are_offered_in_most_regions() -> None:
    offered = [
        {offer["InstanceType"] for offer in json.loads(gzip.decompress(file.read_bytes()))}
        for file in sorted((RESOURCES / "instance_type_offerings" / "region").glob("*.json.gz"))
    ]
    for default in DEFAULT_INSTANCE_TYPE.values():
        assert sum(default in region for region in offered) > len(offered) * 0.8
