"""An account on moto with nodes and heartbeats, at a time of the test's own."""

import json
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
from moto import mock_aws

from falco_firelens.contract import METRICS_NAMESPACE
from falco_firelens.insight.metrics import HEARTBEAT_RULE
from falco_firelens.watch.configuration import Cluster, Configuration, Response
from falco_firelens.watch.watch import Finding, Watch
from localcloud.accounts import IMAGE, container_instance
from localcloud.aws import log_search
from tests.unit.insight.watched import SAMPLES

REGION = "eu-west-1"
LOG_GROUP = "/falco/events"
MINUTE = 60.0
CLOCKS = ("moto.logs.models", "moto.ec2.models.instances", "moto.ecs.models")

SUMS = {"falco.sha256_config_file.falco_yaml": "c" * 64, "falco.sha256_rules_file.self_test_yaml": "5" * 64}
"""Of the files that were deployed."""

DEFAULT_RULES = {"falco.sha256_rules_file.falco_rules_yaml": "d" * 64}

CLUSTERS: Mapping[str, Cluster] = {
    "prod": Cluster("eks", "prod-in-aws", SUMS),
    "dev": Cluster("eks", "dev", SUMS),
    "shop": Cluster("ecs", "shop", SUMS),
    "own": Cluster("kubernetes", "own", SUMS),
}


class World:
    """`now` is the time, in seconds, by which everything happens."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 28, 12, tzinfo=UTC).timestamp()
        self.clusters = dict(CLUSTERS)
        self.response: Response | None = None
        self._clients: dict[str, Any] = {}

    def create(self) -> None:
        """Make what the stack has, an hour ago: the log group, and the sensor's service of the ECS cluster."""
        self.client("logs").create_log_group(logGroupName=LOG_GROUP)
        ecs = self.client("ecs")
        ecs.create_cluster(clusterName="shop")
        container = {"name": "falco", "image": "falco", "memory": 64}
        ecs.register_task_definition(family="falco", containerDefinitions=[container])
        ecs.create_service(cluster="shop", serviceName="falco", taskDefinition="falco", schedulingStrategy="DAEMON")
        self.passes(60)

    def client(self, service: str) -> Any:
        if service not in self._clients:
            clients: Any = boto3
            self._clients[service] = clients.client(
                service, REGION, aws_access_key_id="test", aws_secret_access_key="test"
            )
        return self._clients[service]

    def utcnow(self) -> datetime:
        """As moto's own, without a time zone."""
        return datetime(1970, 1, 1) + timedelta(seconds=self.now)

    def passes(self, minutes: float) -> None:
        self.now += minutes * MINUTE

    def instance(self, *tags: tuple[str, str], **keys: Any) -> tuple[str, str]:
        """Start an instance with tags, also with those that AWS alone can give: its id and its private DNS name."""
        ec2 = self.client("ec2")
        made = ec2.run_instances(ImageId=IMAGE, MinCount=1, MaxCount=1, **keys)["Instances"][0]
        _backend("ec2").tags[made["InstanceId"]].update(dict(tags))
        return made["InstanceId"], made["PrivateDnsName"]

    def container_instance(self, cluster: str = "shop") -> str:
        return container_instance(self.client("ec2"), self.client("ecs"), cluster)[0]

    def heartbeat(
        self, stream: str, *, at: float | None = None, place: Mapping[str, str] | None = None, **fields: Any
    ) -> None:
        """Write a heartbeat into a stream as Fluent Bit does.

        `at` is the time that the event is given, and `place` what it says of its cluster.
        """
        given = {**SUMS, **DEFAULT_RULES, "falco.outputs_queue_num_drops": 0, "falco.duration_sec": 86_400, **fields}
        sample = SAMPLES[HEARTBEAT_RULE]
        place = place or {"name": stream.partition("/")[0], "node": stream.partition("/")[2]}
        self.write(stream, {"cluster": place, **sample, "output_fields": {**sample["output_fields"], **given}}, at=at)

    def write(self, stream: str, event: object, *, at: float | None = None) -> None:
        logs = self.client("logs")
        if stream not in _backend("logs").groups[LOG_GROUP].streams:
            logs.create_log_stream(logGroupName=LOG_GROUP, logStreamName=stream)
        message = event if isinstance(event, str) else json.dumps(event)
        events = [{"timestamp": int((self.now if at is None else at) * 1000), "message": message}]
        logs.put_log_events(logGroupName=LOG_GROUP, logStreamName=stream, logEvents=events)

    def look(self, seconds: float = 60) -> dict[str, Finding]:
        """Run the watch."""
        configuration = Configuration(LOG_GROUP, HEARTBEAT_RULE, self.clusters, self.response)
        return Watch(configuration, self.client, self.now).run(seconds)

    def metrics(self) -> dict[tuple[str, str], float]:
        """Every metric's newest value, by its name and its cluster."""
        found: dict[tuple[str, str], float] = {}
        for one in _backend("cloudwatch").metric_data:
            if one.namespace == "AWS/Lambda":
                continue
            assert one.namespace == METRICS_NAMESPACE
            cluster = next((dimension.value for dimension in one.dimensions), "")
            found[one.name, cluster] = one.value
        return found


def _backend(service: str) -> Any:
    import moto.backends

    return moto.backends.get_backend(service)["123456789012"][REGION]  # pyright: ignore[reportArgumentType, reportCallIssue]


@contextmanager
def a_world() -> Generator[World]:
    """A world whose time is moto's."""
    log_search.install()
    with mock_aws(), pytest.MonkeyPatch.context() as patch:
        world = World()
        for module in CLOCKS:
            patch.setattr(f"{module}.utcnow", world.utcnow)
        world.create()
        yield world
