"""Looks up what a stack finds in its account, and whether it is what the stack file says, before anything is made."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import pulumi
import pulumi_aws as aws
from pulumi_aws import ec2, ecs, eks, iam, opensearch

from falco_firelens.errors import MisfitError, Mistake
from falco_firelens.settings import (
    EcsCluster,
    EksCluster,
    RedshiftCreate,
    Settings,
    SettingsError,
    elsewhere,
    has_flat_objects,
    path_of,
)

from ..aws.location import AwsLocation
from ..aws.lookup import looked_up
from ..clusters.live_node_groups import LiveNodeGroup, live_node_groups
from ..clusters.pod_identity_agent import warn_without_agent
from ..delivery.event_warehouse import FIREHOSE
from ..hub.centralization import missing_roles
from .kubeconfig import eks_kubeconfig
from .permission import permission_of
from .preflight import NO_ACCESS_ENTRIES, EksAccess, misfits, quarantine_groups
from .spoke import HubReference, hub_of

EKS_UNSUPPORTED_ZONES = ("use1-az3", "usw1-az2", "cac1-az3")
"""Where EKS places no control plane: https://docs.aws.amazon.com/eks/latest/userguide/network-reqs.html."""


@dataclass(frozen=True)
class FoundEks:
    """An EKS cluster that exists already. `oidc_provider_arn` is empty unless it was asked for."""

    name: str
    arn: str
    kubeconfig: str
    oidc_issuer: str
    oidc_provider_arn: str
    access: EksAccess


@dataclass(frozen=True)
class FoundEcs:
    """An ECS cluster that exists already, and how many container instances it has now."""

    name: str
    arn: str
    instances: int


@dataclass(frozen=True)
class Found:
    """What the account has of the things that a stack adopts; clusters by their name in the stack file."""

    location: AwsLocation
    zones: Sequence[str] = ()
    eks: dict[str, FoundEks] = field(default_factory=dict[str, FoundEks])
    ecs: dict[str, FoundEcs] = field(default_factory=dict[str, FoundEcs])
    node_groups: dict[str, Mapping[str, LiveNodeGroup]] = field(default_factory=dict[str, Mapping[str, LiveNodeGroup]])
    """The node groups, by name, of the clusters that the stack has created."""
    hub: HubReference | None = None
    """The hub of a spoke."""
    quarantine_groups: Mapping[str, str] = field(default_factory=dict[str, str])
    """The security groups that the response moves nodes to, with the VPC of each."""


def discover(settings: Settings, file: str) -> Found:
    """Look everything up.

    Raises:
        SettingsError: every part of the stack file that does not fit the account, one line each.
    """
    try:
        location = looked_up("account", "AWS credentials in the environment, and a region at aws:region", location_of)
    except MisfitError as misfit:
        raise SettingsError(file, [misfit.mistake]) from None
    if settings.account not in (None, location["account"]):
        expected = f"credentials of account {settings.account}"
        raise SettingsError(file, [Mistake("account", f"credentials of account {location['account']}", expected)])
    mistakes = [*_hub_itself(settings, location), *_central(settings), *_elsewhere(settings, location)]
    hub = None
    if settings.spoke:
        try:
            hub = hub_of(settings.spoke, location)
        except MisfitError as misfit:
            mistakes.append(misfit.mistake)
    groups, missing = quarantine_groups(settings)
    found = Found(location, _zones(settings, mistakes), hub=hub, quarantine_groups=groups)
    for index, cluster in enumerate(settings.clusters):
        path = f"clusters[{index}].existing"
        try:
            if isinstance(cluster, EksCluster) and cluster.create:
                autoscaled = [group.name for group in cluster.create.node_groups if group.desired_size is None]
                found.node_groups[cluster.name] = live_node_groups(
                    cluster.name, autoscaled, f"clusters[{index}].create"
                )
            elif isinstance(cluster, EksCluster) and cluster.existing:
                found.eks[cluster.name] = _eks(cluster, location["region"], path)
            elif isinstance(cluster, EcsCluster) and cluster.existing:
                found.ecs[cluster.name] = _ecs(cluster.existing.cluster, f"{path}.cluster")
        except MisfitError as misfit:
            mistakes.append(misfit.mistake)
    mistakes += missing
    mistakes.extend(misfits(settings, {name: one.access for name, one in found.eks.items()}, groups))
    if settings.network.existing and (creates(settings) or settings.response):
        network = settings.network.existing
        mistakes.extend(_network("network.existing", "privateSubnetIds", network.vpc_id, network.private_subnet_ids))
    domain = settings.events.destinations.opensearch
    if domain and domain.existing and not mistakes:
        mistakes.extend(_domain(domain.existing.domain_arn))
    redshift = settings.events.destinations.redshift
    if redshift and redshift.create:
        mistakes.extend(_warehouse(redshift.create, location["region"]))
    if mistakes:
        raise SettingsError(file, mistakes)
    return found


def _hub_itself(settings: Settings, location: AwsLocation) -> list[Mistake]:
    """Return the hub as one of its own spokes: another region of its account can be one."""
    here = f"account {location['account']}, region {location['region']}"
    return [
        Mistake(f"hub.spokes[{index}]", f"the hub itself: {here}", "another account, or other regions of this one")
        for index, spoke in enumerate(settings.hub.spokes if settings.hub else ())
        if spoke.account == location["account"] and location["region"] in spoke.regions
    ]


def _central(settings: Settings) -> Iterable[Mistake]:
    return missing_roles() if settings.hub and settings.hub.organization_id else ()


def _elsewhere(settings: Settings, location: AwsLocation) -> list[Mistake]:
    tree = settings.model_dump(by_alias=True, exclude_none=True)
    found = elsewhere(tree, location["account"], location["region"])
    return [Mistake(path_of(each.location), each.found, each.expected) for each in found]


def creates(settings: Settings) -> bool:
    """Whether the stack creates any cluster, which needs a network."""
    return any(getattr(cluster, "create", None) is not None for cluster in settings.clusters)


def location_of(opts: pulumi.InvokeOptions | None = None) -> AwsLocation:
    """Ask AWS where the credentials of a provider lead to, or those of the program's own configuration."""
    partition = aws.get_partition(opts=opts)
    return {
        "account": aws.get_caller_identity(opts=opts).account_id,
        "region": aws.get_region(opts=opts).region,
        "partition": partition.partition,
        "dns_suffix": partition.dns_suffix,
    }


def _zones(settings: Settings, mistakes: list[Mistake]) -> Sequence[str]:
    if settings.network.existing or not creates(settings):
        return ()
    ordinary = aws.GetAvailabilityZonesFilterArgs(name="opt-in-status", values=["opt-in-not-required"])
    try:
        zones = looked_up(
            "network.availabilityZones",
            "an answer of ec2:DescribeAvailabilityZones, or network.existing",
            lambda: (
                aws.get_availability_zones(
                    state="available", filters=[ordinary], exclude_zone_ids=list(EKS_UNSUPPORTED_ZONES)
                ).names
            ),
        )
    except MisfitError as misfit:
        mistakes.append(misfit.mistake)
        return ()
    return sorted(zones)[: settings.network.availability_zones]


def _eks(cluster: EksCluster, region: str, path: str) -> FoundEks:
    existing = cluster.existing
    assert existing is not None
    found = looked_up(
        f"{path}.name",
        f"an EKS cluster in {region}",
        lambda: eks.get_cluster(name=existing.name),
    )
    issuer = found.identities[0].oidcs[0].issuer if found.identities else ""
    provider, permission = "", permission_of(cluster)
    if permission.oidc_provider:
        provider = looked_up(
            f"{path}.name",
            f"a cluster with an IAM OIDC provider, because permission is {permission.name}",
            lambda: iam.get_open_id_connect_provider(url=issuer).arn,
        )
    if permission.pod_identity:
        warn_without_agent(existing.name, f"{path}.name")
    given = existing.kubeconfig.get_secret_value() if existing.kubeconfig else None
    authority = found.certificate_authorities[0].data
    return FoundEks(
        name=existing.name,
        arn=found.arn,
        kubeconfig=given or eks_kubeconfig(existing.name, found.endpoint, authority, region),
        oidc_issuer=issuer,
        oidc_provider_arn=provider,
        access=EksAccess(
            found.vpc_config.vpc_id,
            found.vpc_config.endpoint_public_access,
            found.vpc_config.public_access_cidrs,
            found.access_configs[0].authentication_mode if found.access_configs else NO_ACCESS_ENTRIES,
            found.version,
        ),
    )


def _ecs(name_or_arn: str, path: str) -> FoundEcs:
    name = name_or_arn.rpartition("/")[2]
    expected = "an ECS cluster with EC2 container instances: Falco needs its host's kernel, which Fargate does not give"
    found = looked_up(path, expected, lambda: ecs.get_cluster(cluster_name=name))
    if name_or_arn not in (name, found.arn):
        raise MisfitError(path, name_or_arn, f"a cluster of this account and region, such as {found.arn}")
    if not found.registered_container_instances_count:
        raise MisfitError(path, f"{name}, which has no container instance", expected)
    return FoundEcs(name, found.arn, found.registered_container_instances_count)


def _network(path: str, key: str, vpc_id: str, subnet_ids: Sequence[str]) -> Sequence[Mistake]:
    vpc = ec2.GetSubnetsFilterArgs(name="vpc-id", values=[vpc_id])
    try:
        known = looked_up(f"{path}.vpcId", "a VPC", lambda: ec2.get_subnets(filters=[vpc]).ids)
    except MisfitError as misfit:
        return [misfit.mistake]
    return [
        Mistake(f"{path}.{key}[{index}]", subnet, f"a subnet of {vpc_id}")
        for index, subnet in enumerate(subnet_ids)
        if subnet not in known
    ]


def _domain(domain_arn: str) -> Sequence[Mistake]:
    """Return mistakes of an adopted domain, with a warning if it would not index events as the template says."""
    name = domain_arn.rpartition("/")[2]
    path = "events.destinations.opensearch.existing.domainArn"
    try:
        version = looked_up(path, "a domain", lambda: opensearch.get_domain(domain_name=name).engine_version)
    except MisfitError as misfit:
        return [misfit.mistake]
    if not has_flat_objects(version):
        pulumi.log.warn(
            f"{path}: the domain {name} is {version}, whose flat objects are missing or refuse nulls, so that it"
            " refuses the index template or events; upgrade it to OpenSearch_2.17 or newer"
        )
    return []


def _warehouse(create: RedshiftCreate, region: str) -> Sequence[Mistake]:
    path = "events.destinations.redshift.create"
    if region not in FIREHOSE:
        expected = f"an existing warehouse, or a region of which Firehose's addresses are known: {', '.join(FIREHOSE)}"
        return [Mistake(path, f"region {region}", expected)]
    return _network(path, "publicSubnetIds", create.vpc_id, create.public_subnet_ids)
