"""What AWS refuses and moto takes, about things whose rules no API model has."""

from typing import Any

from moto.eks.exceptions import InvalidParameterException, ResourceNotFoundException
from moto.eks.models import CLUSTER_NOT_FOUND_MSG, EKSBackend


def install() -> None:
    """Make moto refuse it, in this process."""
    _node_group_sizes()
    _node_groups_of_no_cluster()


def _node_groups_of_no_cluster() -> None:
    """Where there is no such cluster moto fails with a KeyError, which a client sees as an error of the service's."""
    backends: Any = EKSBackend
    listed = backends.list_nodegroups

    def of_a_cluster(self: Any, cluster_name: str, *rest: Any, **named: Any) -> Any:
        if cluster_name not in self.clusters:
            raise ResourceNotFoundException(message=CLUSTER_NOT_FOUND_MSG.format(clusterName=cluster_name))
        return listed(self, cluster_name, *rest, **named)

    backends.list_nodegroups = of_a_cluster


def _node_group_sizes() -> None:
    """https://github.com/terraform-aws-modules/terraform-aws-eks/issues/3306 has the words for an update."""
    backends: Any = EKSBackend
    create, update = backends.create_nodegroup, backends.update_nodegroup_config

    def created(self: Any, *rest: Any, **named: Any) -> Any:
        _check(named.get("scaling_config") or {}, "minSize {} can't be greater than desiredSize {}", "desiredSize")
        return create(self, *rest, **named)

    def updated(self: Any, cluster_name: str, nodegroup_name: str, *rest: Any, **named: Any) -> Any:
        wanted = named.get("scaling_config")
        if wanted:
            now = self.describe_nodegroup(cluster_name, nodegroup_name).scaling_config
            _check({**now, **wanted}, "Minimum capacity {} can't be greater than desired size {}", "Desired capacity")
        return update(self, cluster_name, nodegroup_name, *rest, **named)

    backends.create_nodegroup, backends.update_nodegroup_config = created, updated


def _check(sizes: dict[str, int], too_few: str, desired_name: str) -> None:
    least, desired, most = (sizes.get(f"{name}Size") for name in ("min", "desired", "max"))
    if least is not None and desired is not None and least > desired:
        raise InvalidParameterException(message=too_few.format(least, desired))
    if most is not None and desired is not None and desired > most:
        raise InvalidParameterException(message=f"{desired_name} {desired} can't be greater than max size {most}")
