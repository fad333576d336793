"""Whether a response could act in the account: found out now, and not by an action that fails when it is needed."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from pulumi_aws import ec2

from falco_firelens.responder.permissions import Need, needs
from falco_firelens.settings import EksCluster, Mistake, Response, Settings, everyone

from ..aws.lookup import MisfitError, looked_up

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


def needs_in(response: Response, cluster: str) -> frozenset[Need]:
    """What the function has to be allowed in a Kubernetes cluster; nothing where it is not asked."""
    return needs(response.actions_on(cluster), labels=response.asks_for_labels)


def misfits(settings: Settings, adopted: Mapping[str, EksAccess]) -> Iterator[Mistake]:
    """What does not suit the response; `adopted` are the existing EKS clusters that were found, by name."""
    response = settings.response
    if response is None:
        return
    for index, cluster in enumerate(settings.clusters):
        if cluster.name in adopted and needs_in(response, cluster.name):
            yield from _reached(f"clusters[{index}].existing.name", settings, adopted[cluster.name])
    vpcs = {name: one.vpc_id for name, one in adopted.items()}
    if settings.network.existing:
        made = [one.name for one in settings.clusters if isinstance(one, EksCluster) and not one.existing]
        vpcs |= dict.fromkeys(made, settings.network.existing.vpc_id)
    yield from _groups(response, vpcs)


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


def _groups(response: Response, vpcs: Mapping[str, str]) -> Iterator[Mistake]:
    """The security groups that nodes are moved to; `vpcs` are those of clusters, by name."""
    for index, playbook in enumerate(response.playbooks):
        if playbook.actions.quarantine:
            path = f"response.playbooks[{index}].actions.quarantine.securityGroupId"
            meant = {name: vpc for name, vpc in vpcs.items() if playbook.can_answer(name)}
            yield from _group(path, playbook.actions.quarantine.security_group_id, meant)


def _group(path: str, group: str, vpcs: Mapping[str, str]) -> Iterator[Mistake]:
    """A security group of another VPC is refused by EC2 when a node is to be moved to it."""
    try:
        found = looked_up(path, "a security group that is there", lambda: ec2.get_security_group(id=group).vpc_id)
    except MisfitError as misfit:
        yield misfit.mistake
        return
    for cluster, vpc in vpcs.items():
        if vpc != found:
            expected = f"one of {vpc}, where cluster {cluster} is, or match.clusters without {cluster}"
            yield Mistake(path, f"a security group of {found}", expected)
