"""The whole of a stack file: everything under the project's namespace."""

import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, ModelWrapValidatorHandler, model_validator
from pydantic_core import InitErrorDetails

from falco_firelens.sensor import images
from falco_firelens.settings.alarms import Alarms, Notification
from falco_firelens.settings.clusters import Cluster
from falco_firelens.settings.elsewhere import elsewhere
from falco_firelens.settings.events import Events
from falco_firelens.settings.falco import Falco
from falco_firelens.settings.fluent_bit import FluentBit
from falco_firelens.settings.hub import Hub, Spoke
from falco_firelens.settings.images import Registry
from falco_firelens.settings.limits import reserved
from falco_firelens.settings.network import Network
from falco_firelens.settings.policy import Policy
from falco_firelens.settings.response import Response, response_mistakes
from falco_firelens.settings.types import AccountId, TagKey, TagValue
from falco_firelens.settings.validation.errors import at, mistake, with_mistakes
from falco_firelens.settings.validation.model import Model
from falco_firelens.settings.validation.raw import Encrypted, items_of, keys_of, revealed
from falco_firelens.settings.validation.unique import unique
from falco_firelens.settings.validation.wording import one_of

MOST_CLUSTERS = 30
"""What grows with the clusters fits into AWS's bounds for this many, which tests hold: the rule of the composite alarm
that stands for all, policies, widgets."""

ANY = "any"
"""The account of whatever credentials the engine has. A word, because a key without a value reaches programs as ""."""


def _none_for_any(account: object) -> object:
    return None if account == ANY else account


def _none_for_empty(section: object) -> object:
    """Return None for a section that Pulumi.yaml has to declare although the stack file lacks it."""
    return None if section == {} else section


class Settings(Model):
    """One stack: the clusters of one AWS account in one region, and where their events go."""

    account: Annotated[AccountId | None, BeforeValidator(_none_for_any)] = None
    """Id of the AWS account that the stack belongs to, in quotes: the stack refuses credentials of any other
    account, `pulumi destroy` and `pulumi refresh` with `aws:allowedAccountIds` beside it. Default: `any`."""

    clusters: Annotated[
        tuple[Annotated[Cluster, Field(discriminator="platform")], ...],
        Field(max_length=MOST_CLUSTERS),
        unique("name"),
    ]
    """The clusters whose nodes get a sensor, 1 to 30. Only a hub can have none."""

    network: Network = Network()
    """The VPC of the clusters that the stack creates."""

    events: Events = Events()
    """The log group where every event arrives."""

    image_registry: Registry = images.REGISTRY
    """Where every image is pulled from: `falcosecurity/falco` and `aws-observability/aws-for-fluent-bit` below it. A
    mirror, or a pull-through cache such as `111122223333.dkr.ecr.eu-west-1.amazonaws.com/ecr-public`, for nodes that do
    not reach the internet. Instances of a created ECS cluster may pull from ECR of the stack's own account and region.
    """

    falco: Falco = Falco()
    """Falco's version and rules."""

    fluent_bit: FluentBit = FluentBit()
    """Fluent Bit's version."""

    alarms: Alarms = Alarms()
    """When an alarm fires."""

    hub: Annotated[Hub | None, BeforeValidator(_none_for_empty)] = None
    """Receive the events of other accounts and regions. docs/hub.md says how."""

    spoke: Annotated[Spoke | None, BeforeValidator(_none_for_empty)] = None
    """Send the events to a hub."""

    notifications: Annotated[tuple[Notification, ...], unique("endpoint", within="protocol")] = ()
    """Who is notified about alarms. An e-mail address must be confirmed once, by the link that is mailed to it."""

    response: Annotated[Response | None, BeforeValidator(_none_for_empty)] = None
    """What happens automatically after an event. Default: nothing."""
    policy: Policy = Policy()
    """Which policies are mandatory for the stack, and which resources may be lost."""

    tags: dict[TagKey, TagValue] = Field(default_factory=dict[str, str], max_length=40)
    """Tags of every AWS resource of the stack, at most 40: AWS allows 50, and the stack adds up to ten of its own."""

    @model_validator(mode="wrap")
    @classmethod
    def _consistent(cls, data: Any, handler: ModelWrapValidatorHandler["Settings"]) -> "Settings":
        tree = keys_of(data)
        if keys_of(tree.get("hub")) and "clusters" not in tree:
            data = {**tree, "clusters": ()}
        mistakes = (
            _no_clusters,
            _same_cluster_twice,
            _reserved_names,
            _foreign_clusters,
            _elsewhere,
            _tags_twice,
            _alarms_of_no_cluster,
            _endpoints_that_nobody_reaches,
            _hub_and_spoke,
            response_mistakes,
        )
        return with_mistakes(handler, data, [found for check in mistakes for found in check(data)])


def _no_clusters(data: object) -> Iterator[InitErrorDetails]:
    tree = keys_of(data)
    if tree.get("clusters") != ():
        return
    if not keys_of(tree.get("hub")):
        yield at(("clusters",), (), mistake("at least 1"))
        return
    destinations = keys_of(keys_of(tree.get("events")).get("destinations"))
    for name in ("opensearch", "redshift"):
        if name in destinations:
            error = mistake("this destination only with clusters: what spokes send goes to the bucket")
            yield at(("events", "destinations", name), destinations[name], error)
    if keys_of(tree.get("response")):
        error = mistake("this key only with clusters: a response acts in clusters of its own stack")
        yield at(("response",), tree["response"], error)


def _hub_and_spoke(data: object) -> Iterator[InitErrorDetails]:
    """Yield mistakes where a hub or a spoke repeats what its archive already says."""
    tree = keys_of(data)
    hub, spoke, events = (keys_of(tree.get(key)) for key in ("hub", "spoke", "events"))
    s3 = keys_of(events.get("destinations")).get("s3")
    if hub and spoke:
        yield at(("spoke",), spoke, mistake("either hub or spoke", found="both"))
    if hub and "bucketArn" in keys_of(s3):
        error = mistake("no bucket of somebody else: a hub's archive is its own")
        yield at(("events", "destinations", "s3", "bucketArn"), keys_of(s3)["bucketArn"], error)
    if not spoke:
        return
    subscribes = spoke.get("delivery") == "subscription"
    if s3 is not None and not subscribes:
        error = mistake("no archive of its own: the spoke's stream delivers to the hub's bucket")
        yield at(("events", "destinations", "s3"), s3, error)
    if events.get("cloudwatch") is False and subscribes:
        error = mistake("true, because spoke.delivery is subscription, which reads the log group")
        yield at(("events", "cloudwatch"), False, error)


def _existing(data: object) -> Iterator[tuple[int, str, object]]:
    """Index, platform and `existing` of each adopted cluster."""
    for index, cluster in enumerate(items_of(keys_of(data).get("clusters"))):
        keys = keys_of(cluster)
        if keys_of(keys.get("existing")):
            yield index, str(keys.get("platform")), keys["existing"]


def _same_cluster_twice(data: object) -> Iterator[InitErrorDetails]:
    first: dict[tuple[object, ...], int] = {}
    for index, platform, existing in _existing(data):
        cluster = (platform, *_identity(existing))
        if any(isinstance(part, Encrypted) for part in cluster):
            continue
        if cluster in first:
            error = mistake("a cluster that is not in the stack already", found=f"the cluster of [{first[cluster]}]")
            yield at(("clusters", index, "existing"), existing, error)
        first.setdefault(cluster, index)


def _identity(existing: object) -> tuple[object, ...]:
    """Return what identifies an adopted cluster of a platform."""
    keys = keys_of(existing)
    if "name" in keys:
        return (str(keys["name"]),)
    if "cluster" in keys:
        return (str(keys["cluster"]).rpartition("/")[2],)
    given = [revealed(keys.get(key)) for key in ("kubeconfigFile", "kubeconfig", "context")]
    return tuple(each if isinstance(each, Encrypted) else str(each) for each in given)


def _reserved_names(data: object) -> Iterator[InitErrorDetails]:
    """Yield created ECS clusters whose name EC2 refuses for their security group, since it reserves the prefix of its
    ids.
    """
    for index, cluster in enumerate(items_of(keys_of(data).get("clusters"))):
        keys = keys_of(cluster)
        name = keys.get("name")
        created = keys.get("platform") == "ecs" and "existing" not in keys
        if created and isinstance(name, str) and re.match(reserved("security-group-name"), name):
            yield at(("clusters", index, "name"), name, mistake("a name that does not begin with sg-, as EC2's ids do"))


def _foreign_clusters(data: object) -> Iterator[InitErrorDetails]:
    """Adopted ECS clusters whose ARN names another account than the stack's."""
    account = keys_of(data).get("account", ANY)
    for index, _, existing in _existing(data):
        arn = keys_of(existing).get("cluster")
        if account != ANY and isinstance(arn, str) and arn.count(":") == 5 and arn.split(":")[4] != account:
            location = ("clusters", index, "ecs", "existing", "cluster")
            yield at(location, arn, mistake(f"a cluster of this stack's account, {account}"))


def _elsewhere(data: object) -> Iterator[InitErrorDetails]:
    """Yield values that belong to another account although the file names the stack's own."""
    account = keys_of(data).get("account", ANY)
    if isinstance(account, str) and account != ANY:
        for each in elsewhere(data, account):
            yield at(each.location, each.arn, mistake(each.expected))


def _tags_twice(data: object) -> Iterator[InitErrorDetails]:
    """To IAM the case of a tag's key means nothing, and CreateRole refuses the second.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/id_tags.html
    """
    first: dict[str, str] = {}
    tags = keys_of(keys_of(data).get("tags"))
    for key in tags:
        if key.lower() in first:
            error = mistake(f"a key that is not {first[key.lower()]} in other letters: IAM takes them for one")
            yield at(("tags", key), tags[key], error)
        first.setdefault(key.lower(), key)


def _endpoints_that_nobody_reaches(data: object) -> Iterator[InitErrorDetails]:
    """Private ones, by default, in a VPC that the same update makes; an explicit `private` says: there is a way in."""
    tree = keys_of(data)
    if keys_of(keys_of(tree.get("network")).get("existing")):
        return
    for index, cluster in enumerate(items_of(tree.get("clusters"))):
        keys = keys_of(cluster)
        if keys.get("platform") == "eks" and "existing" not in keys and not _says_from_where(keys):
            error = mistake(
                "publicAndPrivate, with your own address in publicAccessCidrs; or private, where pulumi runs in that "
                "VPC or reaches it by a VPN",
                found="nothing, which means private, in a VPC that the stack makes",
            )
            yield at(("clusters", index, "eks", "create", "endpointAccess"), cluster, error)


def _says_from_where(cluster: Mapping[str, Any]) -> bool:
    return "endpointAccess" in keys_of(cluster.get("create"))


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
