"""What the demonstration of the response acts with: pods, a task, Falco's events, notices, evidence."""

import json
import secrets
import shlex
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from typing import Any

from lightkube import ApiError, Client, KubeConfig
from lightkube.resources.core_v1 import Pod
from lightkube.resources.networking_v1 import NetworkPolicy

from falco_firelens.sensor import falco
from localcloud.accounts import container_instance
from localcloud.deployed import Deployed
from localcloud.environment import environment
from localcloud.errors import LocalCloudError
from localcloud.layout import CHECKOUT, Layout
from testbed import sample_events

PATIENCE = 60.0
"""Seconds for what takes two on an idle machine."""

NODE = "node-1"
NOT_SAID = (falco.POD_UID, falco.TASK_ARN)
"""Fields that the sensor adds to an event and not to its text."""

TASK_IMAGE = "docker.io/library/httpd"


class Pods:
    """A cluster with pods of the demonstration."""

    def __init__(self, layout: Layout, cluster: str) -> None:
        self.cluster = cluster
        self.kubeconfig = layout.kubeconfig(cluster)
        self._kubectl = layout.bin / "kubectl"
        self._client: Any = Client(config=KubeConfig.from_file(self.kubeconfig), trust_env=False)

    def run(self, name: str, *namespaces: str) -> None:
        """Run a pod of this name in each namespace, and wait until it is ready."""
        spaces = [{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": space}} for space in namespaces]
        pods = [
            {
                "apiVersion": "v1",
                "kind": "Pod",
                "metadata": {"name": name, "namespace": space, "labels": {"app": "web"}},
                "spec": {"nodeName": NODE, "containers": [{"name": "web", "image": "nginx:1.27"}]},
            }
            for space in namespaces
        ]
        listing = {"apiVersion": "v1", "kind": "List", "items": [*spaces, *pods]}
        self.kubectl("apply", "--filename=-", stdin=json.dumps(listing))
        for space in namespaces:
            self.kubectl("wait", f"--namespace={space}", "--for=condition=Ready", f"pod/{name}", "--timeout=60s")

    def remove(self, *namespaces: str) -> None:
        """Delete the namespaces with whatever is in them, and wait until they are gone."""
        self.kubectl("delete", "namespace", "--ignore-not-found", f"--timeout={PATIENCE:.0f}s", *namespaces)

    def labels(self, namespace: str, name: str) -> Mapping[str, str]:
        """Return a pod's labels."""
        return self._metadata(namespace, name).labels or {}

    def in_pod(self, namespace: str, name: str) -> dict[str, str]:
        """Return the output fields by which Falco names a pod."""
        uid = self._metadata(namespace, name).uid
        return {"k8s.ns.name": namespace, "k8s.pod.name": name, falco.POD_UID: uid}

    def _metadata(self, namespace: str, name: str) -> Any:
        return self._client.get(Pod, name, namespace=namespace).metadata

    def policies(self, namespace: str) -> list[str]:
        """Return the names of a namespace's NetworkPolicies."""
        try:
            return [one.metadata.name for one in self._client.list(NetworkPolicy, namespace=namespace)]
        except ApiError as error:
            raise LocalCloudError(f"{self.cluster}: {error}") from None

    def kubectl(self, *arguments: str, stdin: str | None = None) -> str:
        """Return what kubectl prints. Raises LocalCloudError."""
        command = [self._kubectl, f"--kubeconfig={self.kubeconfig}", *arguments]
        done = subprocess.run(command, input=stdin, capture_output=True, text=True, check=False)
        if done.returncode:
            raise LocalCloudError(f"{self.cluster}: kubectl {' '.join(arguments)} failed: {done.stderr.strip()}")
        return (done.stdout or done.stderr).strip()


class Task:
    """A task on an EC2 instance of an ECS cluster, neither of which is more here than an entry in moto's tables."""

    def __init__(self, deployed: Deployed, cluster: str) -> None:
        self._ecs, self._ec2, self._cluster = deployed.client("ecs"), deployed.client("ec2"), cluster
        self.node, self._instance = container_instance(self._ec2, self._ecs, cluster)
        container = {"name": "web", "image": f"{TASK_IMAGE}:2.4", "memory": 64}
        self._ecs.register_task_definition(family="demo", containerDefinitions=[container])
        tasks = self._ecs.run_task(cluster=cluster, taskDefinition="demo", launchType="EC2")["tasks"]
        self.arn: str = tasks[0]["taskArn"]
        self.identity = self.arn.rpartition("/")[2]

    def described(self) -> Mapping[str, str]:
        """Whether it runs, and why it does not."""
        task = self._ecs.describe_tasks(cluster=self._cluster, tasks=[self.arn])["tasks"][0]
        return {key: task[key] for key in ("taskArn", "group", "lastStatus", "stoppedReason") if task.get(key)}

    def remove(self) -> None:
        """Take the instance from the cluster, which could not be deleted with it, and end it."""
        self._ecs.deregister_container_instance(cluster=self._cluster, containerInstance=self._instance, force=True)
        self._ec2.terminate_instances(InstanceIds=[self.node])


class Response:
    """A deployed response; `outputs` are the stack's.

    Raises:
        LocalCloudError: the stack has none.
    """

    def __init__(self, layout: Layout, deployed: Deployed, outputs: Mapping[str, Any]) -> None:
        if not outputs.get("response"):
            raise LocalCloudError("the local stack has no response: `make up` deploys the one of Pulumi.local.yaml")
        self._layout, self._deployed, self._outputs = layout, deployed, outputs
        self.bucket: str = outputs["response"]["bucket"]
        self.playbooks: Mapping[str, str] = outputs["response"]["playbooks"]
        self._function: str = outputs["response"]["function"]
        self._topic: str = outputs["response"]["topic"]
        self._queue, self._subscription = self._listen()

    def close(self) -> None:
        """Listen to notices no more."""
        self._deployed.client("sns").unsubscribe(SubscriptionArn=self._subscription)
        self._deployed.client("sqs").delete_queue(QueueUrl=self._queue)

    def write_event(self, cluster: str, node: str, fields: Mapping[str, str]) -> float:
        """Write an event with these output fields into the log group, where Fluent Bit would; returns when."""
        began, logs = time.time(), self._deployed.client("logs")
        group, stream = self._outputs["logGroup"]["name"], f"{cluster}/{node}"
        if not logs.describe_log_streams(logGroupName=group, logStreamNamePrefix=stream)["logStreams"]:
            logs.create_log_stream(logGroupName=group, logStreamName=stream)
        event = falco_event(self._outputs, cluster, node, fields)
        events = [{"timestamp": int(began * 1000), "message": json.dumps(event)}]
        logs.put_log_events(logGroupName=group, logStreamName=stream, logEvents=events)
        return began

    def notice(self, reference: str) -> str:
        """Return the text of the next notice about CLUSTER/NAMESPACE/POD or CLUSTER/TASK."""

        def received() -> str | None:
            found = self._deployed.client("sqs").receive_message(QueueUrl=self._queue, WaitTimeSeconds=1)
            texts = [json.loads(message["Body"])["Message"] for message in found.get("Messages", ())]
            return next((text for text in texts if reference in text), None)

        return self.wait(f"a notice about {reference}", received)

    def evidence(self, reference: str) -> dict[str, int]:
        """Return what is kept about CLUSTER/NAMESPACE/POD or CLUSTER/TASK: bytes by key."""
        pages = self._deployed.client("s3").get_paginator("list_objects_v2")
        found = pages.paginate(Bucket=self.bucket, Prefix=f"evidence/{reference}/")
        return {one["Key"]: one["Size"] for page in found for one in page.get("Contents", ())}

    def undo(self, command: str) -> str:
        """Run the command of a notice as a person does in the shell of `make env`; what it prints."""
        words, env = shlex.split(command), environment(self._layout)
        done = subprocess.run(
            [sys.executable, "-m", "falco_firelens", *words[words.index("falco-firelens") + 1 :]],
            cwd=CHECKOUT,
            env=env,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise LocalCloudError(f"`{command}` failed: {done.stderr.strip()}")
        return done.stdout.strip()

    def wait(self, what: str, look: Callable[[], Any]) -> Any:
        """Wait until something is there. Raises LocalCloudError, with the end of the function's log."""
        end = time.monotonic() + PATIENCE
        while not (found := look()):
            if time.monotonic() > end:
                raise LocalCloudError(f"{what} did not come within {PATIENCE:.0f} s; {self._last_words()}")
            time.sleep(0.1)
        return found

    def _last_words(self) -> str:
        logs, group = self._deployed.client("logs"), f"/aws/lambda/{self._function}"
        events = logs.filter_log_events(logGroupName=group)["events"][-15:]
        said = "\n".join(f"    {event['message']}" for event in events)
        return f"the end of the function's log:\n{said}" if said else "the function was not called"

    def _listen(self) -> tuple[str, str]:
        """Return a queue of its own that gets every notice, and its subscription."""
        sqs, name = self._deployed.client("sqs"), f"demo-{secrets.token_hex(4)}"
        url = sqs.create_queue(QueueName=name)["QueueUrl"]
        arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        subscribed = self._deployed.client("sns").subscribe(TopicArn=self._topic, Protocol="sqs", Endpoint=arn)
        return url, subscribed["SubscriptionArn"]


def in_task(arn: str) -> dict[str, str]:
    """Return the output fields by which Falco names an ECS task and its image."""
    return {falco.TASK_ARN: arn, "container.image.repository": TASK_IMAGE, "container.image.tag": "2.4"}


def falco_event(outputs: Mapping[str, Any], cluster: str, node: str, fields: Mapping[str, str]) -> dict[str, Any]:
    """Falco's event of a shell in a container, as a sensor of the cluster ships it; its time is now."""
    event: dict[str, Any] = json.loads(sample_events(node)[0])
    account, region = outputs["logGroup"]["arn"].split(":")[4:2:-1]
    about = {"name": cluster, "platform": outputs["clusters"][cluster]["platform"], "account": account}
    bare = {name: value for name, value in event["output_fields"].items() if not name.startswith("k8s.")}
    said = event["output"].partition(" container_name=")[0]
    words = " ".join(f"{name.replace('.', '_')}={value}" for name, value in fields.items() if name not in NOT_SAID)
    return {
        **event,
        "output": f"{said} {words}",
        "output_fields": {**bare, **fields},
        "cluster": {**about, "region": region, "node": node},
    }
