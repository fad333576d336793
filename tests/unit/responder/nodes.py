"""EC2 instances on moto that are nodes of a cluster, and an API server that knows the Node of one, made up."""

from collections.abc import Callable, Mapping
from typing import Any

import httpx2
from lightkube import ApiError
from lightkube.models.core_v1 import NodeSpec
from lightkube.models.meta_v1 import ObjectMeta
from lightkube.resources.core_v1 import Node

ZONE = "eu-west-1a"


class NodeApi:
    """Answers for one Node as lightkube does; everything else is not there. It has no admission and no permissions."""

    def __init__(self, name: str, instance: str, labels: Mapping[str, str] | None = None) -> None:
        self.name = name
        self._node = Node(
            metadata=ObjectMeta(name=name, labels=dict(labels or {})),
            spec=NodeSpec(providerID=f"aws:///{ZONE}/{instance}"),
        )

    def get(self, kind: Any, name: str, **_: Any) -> Any:
        if (kind, name) == (Node, self.name):
            return self._node
        status = {"kind": "Status", "status": "Failure", "reason": "NotFound", "code": 404}
        request = httpx2.Request("GET", "https://made.up")
        raise ApiError(request=request, response=httpx2.Response(404, json=status, request=request))


def run_instance(aws: Callable[[str], Any], vpc: str, tags: Mapping[str, str]) -> dict[str, Any]:
    """An instance in a VPC, as EC2 describes it."""
    ec2 = aws("ec2")
    subnets = ec2.describe_subnets(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["Subnets"]
    listed = [{"Key": key, "Value": value} for key, value in tags.items()]
    made = ec2.run_instances(
        ImageId="ami-12c6146b",
        MinCount=1,
        MaxCount=1,
        SubnetId=subnets[0]["SubnetId"],
        TagSpecifications=[{"ResourceType": "instance", "Tags": listed}] if listed else [],
    )
    return made["Instances"][0]


def node_instance(aws: Callable[[str], Any], cluster: str, vpc: str) -> tuple[str, NodeApi]:
    """An instance of an EKS cluster's managed node group, and an API server that knows its Node."""
    tags = {"eks:cluster-name": cluster, "eks:nodegroup-name": "default", f"kubernetes.io/cluster/{cluster}": "owned"}
    made = run_instance(aws, vpc, tags)
    return made["InstanceId"], NodeApi(made["PrivateDnsName"], made["InstanceId"])
