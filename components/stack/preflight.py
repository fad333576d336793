"""Checks that a response can act in the account, before an action fails when it is needed."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from pulumi_aws import ec2

from falco_firelens.errors import MisfitError, Mistake
from falco_firelens.responder.configuration import Configuration
from falco_firelens.responder.permissions import Need, needs
from falco_firelens.settings import EksCluster, Response, Settings, everyone

from ..aws.lookup import looked_up
from .response_configuration import response_configuration

NO_ACCESS_ENTRIES = "CONFIG_MAP"
"""Also the mode of a cluster from before there were any, which says none.

https://docs.aws.amazon.com/eks/latest/userguide/grant-k8s-access.html#set-cam
"""


@dataclass(frozen=True)
class EksAccess:
    """How an existing EKS cluster can be reached. `mode` is its authentication mode."""

    vpc_id: str
    public: bool
    public_cidrs: Sequence[str]
    mode: str


def needs_in(configuration: Configuration, cluster: str) -> frozenset[Need]:
    """Return what the function needs in a Kubernetes cluster; nothing where it does not call it."""
    return needs(configuration.actions_in(cluster), labels=configuration.uses_labels)


def misfits(settings: Settings, adopted: Mapping[str, EksAccess]) -> Iterator[Mistake]:
    """Yield what does not suit the response; `adopted` are the existing EKS clusters that were found, by name."""
    response = settings.response
    if response is None:
        return
    configuration = response_configuration(settings, response)
    for index, cluster in enumerate(settings.clusters):
        if cluster.name in adopted and needs_in(configuration, cluster.name):
            yield from _reached(f"clusters[{index}].existing.name", settings, adopted[cluster.name])
    vpcs = {name: one.vpc_id for name, one in adopted.items()}
    if settings.network.existing:
        made = [one.name for one in settings.clusters if isinstance(one, EksCluster) and not one.existing]
        vpcs |= dict.fromkeys(made, settings.network.existing.vpc_id)
    yield from _groups(response, configuration, vpcs)


def _reached(path: str, settings: Settings, access: EksAccess) -> Iterator[Mistake]:
    """The function is let in by an access entry, and comes to a private endpoint from within a VPC."""
    if access.mode == NO_ACCESS_ENTRIES:
        expected = "authentication mode API or API_AND_CONFIG_MAP, because response acts there by an access entry"
        yield Mistake(path, f"a cluster with authentication mode {access.mode}", expected)
    if settings.network.existing or (access.public and everyone(access.public_cidrs)):
        return
    expected = f"network.existing with vpcId {access.vpc_id}, from which the response's function reaches it"
    only = f"an endpoint for {', '.join(access.public_cidrs)} only" if access.public else "a private endpoint"
    yield Mistake(path, f"a cluster with {only}", expected)


def _groups(response: Response, configuration: Configuration, vpcs: Mapping[str, str]) -> Iterator[Mistake]:
    """Check the security groups that nodes are moved to; `vpcs` are those of clusters, by name."""
    for index, (playbook, configured) in enumerate(zip(response.playbooks, configuration.playbooks, strict=True)):
        if playbook.actions.quarantine:
            path = f"response.playbooks[{index}].actions.quarantine.securityGroupId"
            meant = {name: vpc for name, vpc in vpcs.items() if configured.match.has_cluster(name)}
            yield from _group(path, playbook.actions.quarantine.security_group_id, meant)


def _group(path: str, group: str, vpcs: Mapping[str, str]) -> Iterator[Mistake]:
    """Check that a security group is in the clusters' VPCs: EC2 refuses to move a node to one of another VPC."""
    try:
        found = looked_up(path, "a security group that is there", lambda: ec2.get_security_group(id=group).vpc_id)
    except MisfitError as misfit:
        yield misfit.mistake
        return
    for cluster, vpc in vpcs.items():
        if vpc != found:
            expected = f"one of {vpc}, where cluster {cluster} is, or match.clusters without {cluster}"
            yield Mistake(path, f"a security group of {found}", expected)
