"""What AWS refuses and moto takes, and what AWS takes and moto refuses, where no API model has the rule."""

from typing import Any

from moto.autoscaling.models import AutoScalingBackend
from moto.ec2.models import EC2Backend
from moto.eks.exceptions import InvalidParameterException, ResourceNotFoundException
from moto.eks.models import CLUSTER_NOT_FOUND_MSG, EKSBackend


def install() -> None:
    """Make moto answer as AWS does, in this process."""
    _node_group_sizes()
    _node_groups_of_no_cluster()
    _deleted_nat_gateways()
    _terminated_instances()
    _instances_of_deleted_groups()


def _instances_of_deleted_groups() -> None:
    """Terminate all instances of a group that is deleted by force; moto leaves the protected ones.

    https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-instance-protection.html
    """
    backends: Any = AutoScalingBackend
    delete = backends.delete_auto_scaling_group

    def deleted(self: Any, group_name: str) -> None:
        for state in getattr(self.autoscaling_groups.get(group_name), "instance_states", ()):
            state.protected_from_scale_in = False
        delete(self, group_name)

    backends.delete_auto_scaling_group = deleted


def _terminated_instances() -> None:
    """Delete a terminated instance's network interface, which moto keeps.

    https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/using-eni.html
    """
    backends: Any = EC2Backend
    terminate = backends.terminate_instances

    def terminated(self: Any, instance_ids: list[str]) -> Any:
        done = terminate(self, instance_ids)
        for instance, _ in done:
            for interface in instance.nics.values():
                self.enis.pop(interface.id, None)
        return done

    backends.terminate_instances = terminated


def _deleted_nat_gateways() -> None:
    """Release the address and the network interface of a deleted NAT gateway, so that another one can use the address.

    https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DeleteNatGateway.html
    """
    backends: Any = EC2Backend
    delete = backends.delete_nat_gateway

    def deleted(self: Any, nat_gateway_id: str) -> Any:
        gateway = delete(self, nat_gateway_id)
        for address in gateway.address_set:
            if address.get("associationId"):
                self.disassociate_address(association_id=address["associationId"])
            self.enis.pop(address.get("networkInterfaceId"), None)
        return gateway

    backends.delete_nat_gateway = deleted


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
