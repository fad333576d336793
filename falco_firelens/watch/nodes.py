"""Which nodes there should be: instances by the tags of EKS, container instances of ECS, elsewhere log streams."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from falco_firelens.contract import CLUSTER_TAG, SENSOR_SERVICE
from falco_firelens.watch.heartbeats import Clock
from falco_firelens.watch.judgement import Node

EKS_TAGS = ("aws:eks:cluster-name", "eks:cluster-name")
"""Tags whose value is an EKS cluster's name: the first on instances that join a cluster, the second on those of managed
node groups. Users cannot write tags that begin with `aws:`, which is all that AWS documents:
https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/Using_Tags.html#tag-restrictions. We infer that a forged Node can
add an instance by it (responder/actions/ec2.py has the source), which adds an alarm and hides no node."""

MOST_VALUES = 200
"""https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeInstances.html"""

MOST_DESCRIBED = 100
"""https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DescribeContainerInstances.html"""

REMEMBERED_HOURS = 24
"""How long a node outside AWS is missed."""

Instance = Mapping[str, Any]


def of_eks(ec2: Any, names: Sequence[str]) -> dict[str, list[Node]]:
    """Return the running Linux instances of EKS clusters, by the clusters' names in AWS, each instance once.

    The node is called as the instance's private DNS name, which EKS insists on, or in Auto Mode as its id.
    https://docs.aws.amazon.com/eks/latest/userguide/creating-access-entries.html
    """
    found: dict[str, dict[str, Node]] = {name: {} for name in names}
    for instance in _instances(ec2, names):
        if instance.get("Platform") != "windows":
            identity: str = instance["InstanceId"]
            known = {identity, instance.get("PrivateDnsName") or identity}
            for name in _clusters(instance) & found.keys():
                found[name][identity] = Node(frozenset(known), instance["LaunchTime"].timestamp())
    return {name: list(nodes.values()) for name, nodes in found.items()}


def _instances(ec2: Any, names: Sequence[str]) -> Iterator[Instance]:
    keys = [CLUSTER_TAG + name for name in names]
    filters = [("tag-key", keys), *((f"tag:{tag}", list(names)) for tag in EKS_TAGS)]
    running = {"Name": "instance-state-name", "Values": ["running"]}
    paginator = ec2.get_paginator("describe_instances")
    for name, values in filters:
        for some in _batches(values, MOST_VALUES):
            pages = paginator.paginate(Filters=[{"Name": name, "Values": some}, running])
            for page in pages:
                for reservation in page["Reservations"]:
                    yield from reservation["Instances"]


def _clusters(instance: Instance) -> set[str]:
    tags: Mapping[str, str] = {tag["Key"]: tag["Value"] for tag in instance.get("Tags", ())}
    named = {tags[key] for key in EKS_TAGS if key in tags}
    return named | {key.removeprefix(CLUSTER_TAG) for key in tags if key.startswith(CLUSTER_TAG)}


def of_ecs(ecs: Any, cluster: str, clock: Clock) -> list[Node]:
    """Return the active Linux container instances of an ECS cluster, whether or not their agents are connected."""
    pages = ecs.get_paginator("list_container_instances").paginate(cluster=cluster, status="ACTIVE")
    nodes: list[Node] = []
    for some in _batches((arn for page in pages for arn in page["containerInstanceArns"]), MOST_DESCRIBED):
        clock.check()
        answer = ecs.describe_container_instances(cluster=cluster, containerInstances=some)
        nodes += (
            Node(frozenset({one["ec2InstanceId"]}), one["registeredAt"].timestamp())
            for one in answer["containerInstances"]
            if not _is_windows(one.get("attributes", ()))
        )
    return nodes


def changed(ecs: Any, cluster: str, since: float) -> str:
    """Return what has happened to the sensor's service of an ECS cluster since a time; nothing where nothing has.

    Each change that reaches its tasks is a new deployment, whose time nobody can choose.
    """
    services: Sequence[Mapping[str, Any]] = ecs.describe_services(cluster=cluster, services=[SENSOR_SERVICE])[
        "services"
    ]
    if not services or services[0]["status"] != "ACTIVE":
        return f"the service {SENSOR_SERVICE} is gone"
    deployments: Sequence[Mapping[str, Any]] = services[0]["deployments"]
    times = [one["createdAt"].timestamp() for one in deployments if one["status"] == "PRIMARY"]
    return f"the service {SENSOR_SERVICE} has a new deployment" if max(times, default=0) >= since else ""


def _is_windows(attributes: Iterable[Mapping[str, str]]) -> bool:
    return any(one["name"] == "ecs.os-type" and one.get("value") == "windows" for one in attributes)


def seen_before(logs: Any, log_group: str, cluster: str, now: float, clock: Clock) -> list[Node]:
    """Return the nodes of a cluster that have written into the log group within the last day.

    CloudWatch keeps the time of a stream's newest event up to date within an hour or so, which does not matter here.
    """
    prefix = f"{cluster}/"
    pages = logs.get_paginator("describe_log_streams").paginate(logGroupName=log_group, logStreamNamePrefix=prefix)
    nodes: list[Node] = []
    for page in pages:
        clock.check()
        for stream in page["logStreams"]:
            last = min(stream.get("lastEventTimestamp", 0), stream.get("lastIngestionTime", 0)) / 1000
            if last >= now - REMEMBERED_HOURS * 3600:
                nodes.append(Node(frozenset({stream["logStreamName"].removeprefix(prefix)}), 0))
    return nodes


def _batches(values: Iterable[str], size: int) -> Iterator[list[str]]:
    rest = iter(values)
    while some := list(islice(rest, size)):
        yield some
