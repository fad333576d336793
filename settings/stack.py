"""The whole of a stack file: everything under the project's namespace."""

from collections.abc import Iterator
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, ModelWrapValidatorHandler, model_validator
from pydantic_core import InitErrorDetails

from settings.alarms import Alarms, Notification
from settings.aws import AccountId, TagKey, TagValue
from settings.base import Model
from settings.clusters import Cluster
from settings.errors import at, mistake, with_mistakes
from settings.events import Events
from settings.falco import Falco
from settings.found import one_of
from settings.network import Network
from settings.policy import Policy
from settings.repeated import unique
from settings.tree import items_of, keys_of

MOST_CLUSTERS = 30
"""One alarm stands for all others of a stack, and AWS lets it name 100: three a cluster, and those of delivery."""

ANY = "any"
"""The account of whatever credentials the engine has. A word, because a key without a value reaches programs as ""."""


def _none_for_any(account: object) -> object:
    return None if account == ANY else account


class Settings(Model):
    """One stack: the clusters of one AWS account in one region, and where their events go."""

    account: Annotated[AccountId | None, BeforeValidator(_none_for_any)] = None
    """Id of the AWS account that the stack belongs to, in quotes: the stack refuses credentials of any other.
    Default: `any`."""

    clusters: Annotated[
        tuple[Annotated[Cluster, Field(discriminator="platform")], ...],
        Field(min_length=1, max_length=MOST_CLUSTERS),
        unique("name"),
    ]
    """The clusters whose every node gets a sensor; at least one, at most 30."""

    network: Network = Network()
    """The VPC of the clusters that the stack creates."""

    events: Events = Events()
    """The log group where every event arrives."""

    falco: Falco = Falco()
    """Falco's version and rules."""

    alarms: Alarms = Alarms()
    """When an alarm goes off."""

    notifications: Annotated[tuple[Notification, ...], unique("endpoint", within="protocol")] = ()
    """Who is told about alarms. An e-mail address has to be confirmed once, by the link in the mail that it gets."""

    policy: Policy = Policy()
    """How strict the policies are with the stack, and what of it may be lost."""

    tags: dict[TagKey, TagValue] = Field(default_factory=dict[str, str], max_length=40)
    """Tags of every AWS resource of the stack, at most 40: AWS takes 50, of which the stack keeps ten for its own."""

    @model_validator(mode="wrap")
    @classmethod
    def _consistent(cls, data: Any, handler: ModelWrapValidatorHandler["Settings"]) -> "Settings":
        return with_mistakes(
            handler, data, [*_same_cluster_twice(data), *_foreign_clusters(data), *_alarms_of_no_cluster(data)]
        )


def _existing(data: object) -> Iterator[tuple[int, str, object]]:
    """Index, platform and `existing` of each adopted cluster."""
    for index, cluster in enumerate(items_of(keys_of(data).get("clusters"))):
        keys = keys_of(cluster)
        if keys_of(keys.get("existing")):
            yield index, str(keys.get("platform")), keys["existing"]


def _same_cluster_twice(data: object) -> Iterator[InitErrorDetails]:
    first: dict[tuple[str, ...], int] = {}
    for index, platform, existing in _existing(data):
        cluster = (platform, *_identity(existing))
        if cluster in first:
            error = mistake("a cluster that is not in the stack already", found=f"the cluster of [{first[cluster]}]")
            yield at(("clusters", index, "existing"), existing, error)
        first.setdefault(cluster, index)


def _identity(existing: object) -> tuple[str, ...]:
    """What tells one adopted cluster of a platform from another."""
    keys = keys_of(existing)
    if "name" in keys:
        return (str(keys["name"]),)
    if "cluster" in keys:
        return (str(keys["cluster"]).rpartition("/")[2],)
    return tuple(str(keys.get(key)) for key in ("kubeconfigFile", "kubeconfig", "context"))


def _foreign_clusters(data: object) -> Iterator[InitErrorDetails]:
    """Adopted ECS clusters whose ARN names another account than the stack's."""
    account = keys_of(data).get("account", ANY)
    for index, _, existing in _existing(data):
        arn = keys_of(existing).get("cluster")
        if account != ANY and isinstance(arn, str) and arn.count(":") == 5 and arn.split(":")[4] != account:
            location = ("clusters", index, "existing", "cluster")
            yield at(location, arn, mistake(f"a cluster of this stack's account, {account}"))


def _alarms_of_no_cluster(data: object) -> Iterator[InitErrorDetails]:
    """Thresholds for clusters that the stack does not have."""
    tree = keys_of(data)
    given = (keys_of(cluster).get("name") for cluster in items_of(tree.get("clusters")))
    names = [name for name in given if isinstance(name, str) and name.isprintable()]
    thresholds = keys_of(keys_of(tree.get("alarms")).get("clusters"))
    for name, values in thresholds.items():
        if names and name not in names:
            error = mistake(one_of(name, names), found="a cluster that the stack does not have")
            yield at(("alarms", "clusters", name), values, error)
