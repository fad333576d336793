"""How many nodes the node groups of a created EKS cluster have now, which an autoscaler may have changed."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pulumi_aws import eks

from falco_firelens.errors import MisfitError

from ..aws.lookup import is_not_there, looked_up

_SUFFIX = re.compile(r"-[0-9a-f]{26}")
"""What the provider puts behind a node group's name: a time and a counter."""


@dataclass(frozen=True)
class LiveNodeGroup:
    """A node group that exists already."""

    min_size: int
    max_size: int
    desired_size: int
    instance_types: Sequence[str]
    ami_type: str


def live_node_groups(cluster: str, autoscaled: Sequence[str], path: str) -> Mapping[str, LiveNodeGroup]:
    """Find the groups of a cluster whose number of nodes is an autoscaler's, by name; only those that are there.

    Raises:
        MisfitError: EKS does not answer.
    """
    if not autoscaled:
        return {}
    expected = "an answer of eks:ListNodegroups and eks:DescribeNodegroup, to keep as many nodes as there are"
    try:
        names = looked_up(path, expected, lambda: eks.get_node_groups(cluster_name=cluster).names)
    except MisfitError as misfit:
        if is_not_there(misfit):
            return {}
        raise
    found = {group: [name for name in names if _SUFFIX.fullmatch(name.removeprefix(group))] for group in autoscaled}
    # Of two, one is what a replacement that failed has left: names end with the time.
    newest = {group: max(candidates) for group, candidates in found.items() if candidates}
    return {group: looked_up(path, expected, lambda name=name: _live(cluster, name)) for group, name in newest.items()}


def _live(cluster: str, name: str) -> LiveNodeGroup:
    found = eks.get_node_group(cluster_name=cluster, node_group_name=name)
    sizes = found.scaling_configs[0]
    return LiveNodeGroup(sizes.min_size, sizes.max_size, sizes.desired_size, found.instance_types, found.ami_type)
