"""The stacks that `make up` deploys, in their order: a hub, then the spokes that read its outputs."""

from dataclasses import dataclass

import yaml

from localcloud.accounts import ACCOUNT
from localcloud.layout import CHECKOUT


@dataclass(frozen=True)
class LocalStack:
    """A stack, and where it is deployed."""

    name: str
    account: str = ACCOUNT
    region: str = "eu-west-1"


def shipped(name: str) -> LocalStack:
    """Return a stack by its stack file in the project's folder."""
    config: dict[str, str] = yaml.safe_load((CHECKOUT / f"Pulumi.{name}.yaml").read_text())["config"]
    return LocalStack(name, config["falco-firelens:account"], config["aws:region"])


LOCAL = shipped("local")
"""A cluster of each platform, and the hub of the others."""

STACKS = (LOCAL, shipped("local-spoke"), shipped("local-spoke-us"))
