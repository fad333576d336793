"""Checks that a response can act in the account, before an action fails when it is needed."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from pulumi_aws import ec2

from falco_firelens.errors import MisfitError, Mistake
from falco_firelens.responder.configuration import Configuration
from falco_firelens.responder.permissions import Need, needs
from falco_firelens.settings import EksCluster, Response, Settings, everyone

from ..aws.lookup import looked_up
from ..response.admission_policy import policy_wanted, too_old
from .response_configuration import response_configuration

NO_ACCESS_ENTRIES = "CONFIG_MAP"
"""Also the mode of a cluster from before there were any, which says none.

https://docs.aws.amazon.com/eks/latest/userguide/grant-k8s-access.html#set-cam
"""


@dataclass(frozen=True)
class EksAccess:
    """How an existing EKS cluster can be reached. `mode` is its authentication mode, `version` that of Kubernetes."""

    vpc_id: str
    public: bool
    public_cidrs: Sequence[str]
    mode: str
    version: str


def needs_in(configuration: Configuration, cluster: str) -> frozenset[Need]:
    """Return what the function needs in a Kubernetes cluster; nothing where it does not call it."""
    return needs(configuration.actions_in(cluster), labels=configuration.uses_labels, protects=configuration.protects)


def quarantine_groups(settings: Settings) -> tuple[Mapping[str, str], Sequence[Mistake]]:
    """Return the security groups that nodes are moved to, with the VPC of each, and a mistake for each missing one."""
    found, missing = dict[str, str](), list[Mistake]()
    for index, playbook in enumerate(settings.response.playbooks if settings.response else ()):
        if playbook.actions.quarantine:
            group = playbook.actions.quarantine.security_group_id
            try:
                found[group] = looked_up(_group_path(index), "a security group that is there", partial(_vpc_of, group))
            except MisfitError as misfit:
                missing.append(misfit.mistake)
    return found, missing


def misfits(settings: Settings, adopted: Mapping[str, EksAccess], groups: Mapping[str, str]) -> Iterator[Mistake]:
    """Yield what does not suit the response.

    `adopted` are the existing EKS clusters that were found, by name, and `groups` what `quarantine_groups` has found.
    """
    response = settings.response
    if response is None:
        return
    configuration = response_configuration(settings, response)
    for index, cluster in enumerate(settings.clusters):
        if not needs_in(configuration, cluster.name):
            continue
        if cluster.name in adopted:
            yield from _reached(f"clusters[{index}].existing.name", settings, adopted[cluster.name])
        if isinstance(cluster, EksCluster) and cluster.name not in response.without_admission_policy:
            if cluster.create:
                yield from _old(f"clusters[{index}].create.version", cluster.name, cluster.create.version)
            elif cluster.name in adopted:
                yield from _old(f"clusters[{index}].existing.name", cluster.name, adopted[cluster.name].version)
    vpcs = {name: one.vpc_id for name, one in adopted.items()}
    if settings.network.existing:
        made = [one.name for one in settings.clusters if isinstance(one, EksCluster) and not one.existing]
        vpcs |= dict.fromkeys(made, settings.network.existing.vpc_id)
    yield from _groups(response, configuration, vpcs, groups)


def _old(path: str, cluster: str, version: str) -> Iterator[Mistake]:
    if too_old(version):
        yield Mistake(path, f"Kubernetes {version}", policy_wanted(cluster))


def _reached(path: str, settings: Settings, access: EksAccess) -> Iterator[Mistake]:
    """Yield why the function cannot reach a cluster: it needs an access entry, and a place in the VPC of a private
    endpoint.
    """
    if access.mode == NO_ACCESS_ENTRIES:
        expected = "authentication mode API or API_AND_CONFIG_MAP, because response acts there by an access entry"
        yield Mistake(path, f"a cluster with authentication mode {access.mode}", expected)
    if settings.network.existing or (access.public and everyone(access.public_cidrs)):
        return
    expected = f"network.existing with vpcId {access.vpc_id}, from which the response's function reaches it"
    only = f"an endpoint for {', '.join(access.public_cidrs)} only" if access.public else "a private endpoint"
    yield Mistake(path, f"a cluster with {only}", expected)


def _groups(
    response: Response, configuration: Configuration, vpcs: Mapping[str, str], groups: Mapping[str, str]
) -> Iterator[Mistake]:
    """Check that security groups are in the clusters' VPCs: EC2 refuses to move a node to one of another VPC."""
    for index, (playbook, configured) in enumerate(zip(response.playbooks, configuration.playbooks, strict=True)):
        found = playbook.actions.quarantine and groups.get(playbook.actions.quarantine.security_group_id)
        for cluster, vpc in vpcs.items():
            if found and vpc != found and configured.match.has_cluster(cluster):
                expected = f"one of {vpc}, where cluster {cluster} is, or match.clusters without {cluster}"
                yield Mistake(_group_path(index), f"a security group of {found}", expected)


def _group_path(playbook: int) -> str:
    return f"response.playbooks[{playbook}].actions.quarantine.securityGroupId"


def _vpc_of(group: str) -> str:
    return ec2.get_security_group(id=group).vpc_id
