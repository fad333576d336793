"""Makes moto's ECS refuse to delete what is in use, as the real one does.

https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeleteCluster.html
https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeleteCapacityProvider.html
"""

from collections.abc import Iterator, Sequence
from typing import Any

from moto.ec2.models import ec2_backends
from moto.ecs.exceptions import ECSException
from moto.ecs.models import EC2ContainerServiceBackend

DELETE_FAILED = "DELETE_FAILED"
"""What happens to the deletion of a capacity provider that a cluster has; the call itself does not fail."""


def install() -> None:
    """Make moto do so, in this process."""
    backends: Any = EC2ContainerServiceBackend
    delete_cluster, delete_provider = backends.delete_cluster, backends.delete_capacity_provider
    put_providers = backends.put_cluster_capacity_providers

    def cluster_deleted(self: Any, cluster_str: str) -> Any:
        _check_empty(self, self._get_cluster(cluster_str))
        return delete_cluster(self, cluster_str)

    def provider_deleted(self: Any, name_or_arn: str) -> Any:
        provider = self._get_provider(name_or_arn)
        if not any(_has(cluster, provider) for cluster in self.clusters.values() if cluster.status == "ACTIVE"):
            return delete_provider(self, name_or_arn)
        provider.update_status = DELETE_FAILED
        return provider

    def providers_put(self: Any, cluster_name: str, capacity_providers: Sequence[str] | None, strategy: Any) -> Any:
        """https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_PutClusterCapacityProviders.html"""
        cluster = self._get_cluster(cluster_name)
        gone = set(cluster.capacity_providers or ()) - set(capacity_providers or ())
        if gone and any(task.capacity_provider_name in gone for task in _tasks(self, cluster)):
            message = "The specified capacity provider is in use and cannot be removed."
            raise ECSException("ResourceInUseException", message)
        return put_providers(self, cluster_name, capacity_providers, strategy)

    backends.delete_cluster, backends.delete_capacity_provider = cluster_deleted, provider_deleted
    backends.put_cluster_capacity_providers = providers_put


def _has(cluster: Any, provider: Any) -> bool:
    return not {provider.name, provider.capacity_provider_arn}.isdisjoint(cluster.capacity_providers or ())


def _check_empty(ecs: Any, cluster: Any) -> None:
    services = [one for one in ecs.services.values() if one.cluster_arn == cluster.arn and one.status == "ACTIVE"]
    for kind, name, found in (
        ("Services", "Services are active", services),
        ("Tasks", "Tasks are active", list(_tasks(ecs, cluster))),
        ("ContainerInstances", "Container Instances are active or draining", list(_instances(ecs, cluster))),
    ):
        if found:
            raise ECSException(f"ClusterContains{kind}Exception", f"The Cluster cannot be deleted while {name}.")


def _tasks(ecs: Any, cluster: Any) -> Iterator[Any]:
    """Those that run, on instances that are there."""
    instances = set(_instances(ecs, cluster))
    for task in ecs.tasks.get(cluster.name, {}).values():
        if task.desired_status != "STOPPED" and task.container_instance_arn in instances:
            yield task


def _instances(ecs: Any, cluster: Any) -> Iterator[str]:
    """Yield the ARNs of registered instances; the agent of a terminated one deregisters it.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deregister_container_instance.html
    """
    ec2: Any = ec2_backends[ecs.account_id][ecs.region_name]
    there = {one.id for held in ec2.reservations.values() for one in held.instances if one.state != "terminated"}
    for instance in ecs.container_instances.get(cluster.name, {}).values():
        if instance.ec2_instance_id in there:
            yield instance.container_instance_arn
