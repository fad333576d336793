"""The whole of a stack file: everything under the project's namespace."""

from typing import Annotated

from pydantic import Field, WrapValidator

from settings.aws import AccountId, TagKey, TagValue
from settings.base import Model
from settings.clusters import Cluster
from settings.events import Events
from settings.falco import Falco
from settings.network import Network
from settings.unique import unique

OneCluster = Annotated[Cluster, Field(discriminator="platform")]


class Settings(Model):
    """One stack: the clusters of one AWS account in one region, and where their events go."""

    account: AccountId | None = None
    """Id of the AWS account that the stack belongs to, in quotes. With it, the stack refuses credentials of any other account."""

    clusters: Annotated[tuple[OneCluster, ...], WrapValidator(unique("name")), Field(min_length=1)]
    """The clusters whose every node gets a sensor."""

    network: Network = Network()
    """The VPC of the clusters that the stack creates."""

    events: Events = Events()
    """The log group where every event arrives."""

    falco: Falco = Falco()
    """Falco's version and rules."""

    tags: Annotated[dict[TagKey, TagValue], Field(max_length=40)] = {}
    """Tags for every AWS resource of the stack. AWS takes 50 on a resource, of which ten are left to the stack's own."""
