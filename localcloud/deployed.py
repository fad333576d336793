"""Reads back what has been deployed, by the same APIs that a person would use."""

import json
import subprocess
import tempfile
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from falco_firelens.contract import SENSOR_NAMESPACE
from falco_firelens.sensor.ecs import CONFIG_CONTAINER
from falco_firelens.sensor.kubernetes import FLUENT_BIT
from falco_firelens.sensor.model import FALCO_CONTAINER, SENSOR_DIR
from localcloud.accounts import client
from localcloud.environment import environment
from localcloud.errors import LocalCloudError
from localcloud.layout import Layout
from localcloud.stacks import LOCAL, LocalStack
from testbed import Endpoint

CREDENTIALS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")


class Deployed:
    """What the local AWS, in a stack's account and region, and the local control planes have."""

    def __init__(self, layout: Layout, stack: LocalStack = LOCAL) -> None:
        self._layout = layout
        self._environment = environment(layout, stack)

    @property
    def endpoint(self) -> Endpoint:
        """Where Fluent Bit ships to, and with whose credentials.

        Raises:
            LocalCloudError: the cloud has not been started.
        """
        ports = self._layout.ports()
        if ports is None:
            raise LocalCloudError("the local cloud is not running: start it with `make up`")
        credentials = {name: self._environment[name] for name in CREDENTIALS if name in self._environment}
        return Endpoint("127.0.0.1", ports.moto_tls, self._layout.certificate, credentials)

    def fluent_bit_files(self, cluster: str, output: Mapping[str, Any]) -> dict[str, str]:
        """Fluent Bit's configuration in a cluster; `output` is the cluster's part of the stack's outputs."""
        if output["platform"] == "ecs":
            return self._task_files(output["sensor"]["taskDefinition"])
        return self._config_map(cluster, FLUENT_BIT)

    def falco_files(self, cluster: str, output: Mapping[str, Any]) -> dict[str, str]:
        """Falco's configuration and rules in a cluster; `output` is the cluster's part of the stack's outputs."""
        if output["platform"] == "ecs":
            files = self._task_files(output["sensor"]["taskDefinition"])
            return {name: text for name, text in files.items() if name.endswith(".yaml")}
        return self._config_map(cluster, FALCO_CONTAINER)

    def daemons(self, cluster: str, output: Mapping[str, Any]) -> str:
        """How many of the sensor's pods or tasks are wanted and run, in words."""
        if output["platform"] == "ecs":
            services = self.client("ecs").describe_services(cluster=output["name"], services=["falco"])["services"]
            return ", ".join(f"daemon service {service['serviceName']}: {service['status']}" for service in services)
        sets = self._kubectl(cluster, "get", "daemonsets")["items"]
        return ", ".join(
            f"{item['metadata']['name']} {item['status']['numberReady']}/{item['status']['desiredNumberScheduled']}"
            for item in sets
        )

    def events(self, log_group: str, stream: str) -> list[dict[str, Any]]:
        """All events of a log stream, oldest first."""
        pages = self.client("logs").get_paginator("filter_log_events")
        found = pages.paginate(logGroupName=log_group, logStreamNames=[stream])
        return [json.loads(event["message"]) for page in found for event in page["events"]]

    def archived(self, bucket: str, prefix: str) -> list[dict[str, Any]]:
        """All events in the objects below a prefix, one a line as moto's Firehose leaves them."""
        s3 = self.client("s3")
        pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
        keys = [found["Key"] for page in pages for found in page.get("Contents", ())]
        texts = [s3.get_object(Bucket=bucket, Key=key)["Body"].read().decode() for key in keys]
        # Not splitlines(): a string of an event may hold a line separator.
        return [json.loads(line) for text in texts for line in text.strip().split("\n")]

    def watched(self, function: str) -> Mapping[str, Mapping[str, int]]:
        """Return what the watch function finds now, by cluster and metric.

        Raises:
            LocalCloudError: it failed.
        """
        event = {"time": datetime.now(UTC).isoformat()}
        answer = self.client("lambda").invoke(FunctionName=function, Payload=json.dumps(event))
        found = json.loads(answer["Payload"].read())
        if "FunctionError" in answer:
            raise LocalCloudError(f"{function} failed: {found.get('errorMessage', found)}")
        return found

    def client(self, service: str) -> Any:
        """Return a boto3 client of the local AWS."""
        return client(service, self._environment)

    def _config_map(self, cluster: str, name: str) -> dict[str, str]:
        return self._kubectl(cluster, "get", "configmap", name)["data"]

    def _task_files(self, task_definition: str) -> dict[str, str]:
        """Return what the task's first container writes, by running its own script on its own environment here."""
        task = self.client("ecs").describe_task_definition(taskDefinition=task_definition)["taskDefinition"]
        writer = next(one for one in task["containerDefinitions"] if one["name"] == CONFIG_CONTAINER)
        variables = {variable["name"]: variable["value"] for variable in writer["environment"]}
        with tempfile.TemporaryDirectory() as folder:
            script = [word.replace(f"{SENSOR_DIR}/", f"{folder}/") for word in writer["command"]]
            subprocess.run([*writer["entryPoint"], *script], env=variables, check=True)
            return {file.name: file.read_text() for file in Path(folder).iterdir()}

    def _kubectl(self, cluster: str, *arguments: str) -> dict[str, Any]:
        command = [self._layout.bin / "kubectl", f"--kubeconfig={self._layout.kubeconfig(cluster)}"]
        command += [f"--namespace={SENSOR_NAMESPACE}", *arguments, "--output=json"]
        done = subprocess.run(command, env=self._environment, capture_output=True, text=True, check=False)
        if done.returncode:
            raise LocalCloudError(f"{cluster}: kubectl {' '.join(arguments)} failed: {done.stderr.strip()}")
        return json.loads(done.stdout)
