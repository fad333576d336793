"""Makes Falco fire its self-test rule on a cluster: a process in a container there opens a file for writing.

The rule (sensor/rules/self_test.yaml) asks for the file's name alone, so the folder carries a token by which the
event is known for ours.
"""

import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from falco_firelens.fleet.errors import SensorSilent
from falco_firelens.sensor.falco import SCRATCH
from falco_firelens.sensor.model import FALCO_CONTAINER

FILE = "falco-firelens-self-test"
KUBECTL_SECONDS = 60


@dataclass(frozen=True)
class VerifiedCluster:
    """A deployed cluster as the stack's outputs have it. `clients` makes boto3 clients with the stack's credentials."""

    name: str
    output: Mapping[str, Any]
    kubeconfig: str | None
    clients: Any
    environment: Mapping[str, str]


class Trigger(Protocol):
    """Makes Falco fire on some node of a cluster."""

    def __call__(self, cluster: VerifiedCluster, token: str) -> None:
        """Open a file that `command` opens.

        Raises:
            SensorSilent: it could not be done; says why.
        """
        ...


def command(folder: str, token: str) -> str:
    """Return what a shell does so that the rule fires; it leaves nothing behind."""
    return f"mkdir {folder}/{token} && touch {folder}/{token}/{FILE} && rm -r {folder}/{token}"


def on_kubernetes(cluster: VerifiedCluster, token: str) -> None:
    """Run it in a pod of the DaemonSet `falco`, with kubectl.

    This needs `get` on the DaemonSet, `list` on pods and `create` on `pods/exec`, in the namespace `falco` alone.
    """
    if not cluster.kubeconfig:
        raise SensorSilent(f"{cluster.name}: the stack has no kubeconfig of it among its outputs")
    namespace = str(cluster.output["sensor"]["namespace"])
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "kubeconfig"
        file.touch(mode=0o600)
        file.write_text(cluster.kubeconfig)
        words = ["kubectl", f"--kubeconfig={file}", f"--namespace={namespace}", "exec", "daemonset/falco"]
        words += [f"--container={FALCO_CONTAINER}", "--", "sh", "-c", command(SCRATCH[0], token)]
        try:
            done = subprocess.run(
                words,
                env=dict(cluster.environment),
                capture_output=True,
                text=True,
                timeout=KUBECTL_SECONDS,
                check=False,
            )
        except FileNotFoundError:
            raise SensorSilent(f"{cluster.name}: kubectl is not on PATH") from None
        except subprocess.TimeoutExpired:
            raise SensorSilent(f"{cluster.name}: the cluster did not answer within {KUBECTL_SECONDS} s") from None
    if done.returncode:
        raise SensorSilent(f"{cluster.name}: kubectl exec: {done.stderr.strip()}")


def on_ecs(cluster: VerifiedCluster, token: str) -> None:
    """Run it in a task of its own, from Falco's image, which every node has.

    The task has no role, no capability, no network and no mount, and its definition is taken away again. ECS Exec would
    need a way into every sensor, open at all times. This needs `ecs:RunTask` and `ecs:DescribeTaskDefinition`, and
    `ecs:RegisterTaskDefinition` and `ecs:DeregisterTaskDefinition`; no `iam:PassRole`.
    """
    from botocore.exceptions import BotoCoreError, ClientError

    ecs = cluster.clients("ecs")
    try:
        deployed = ecs.describe_task_definition(taskDefinition=cluster.output["sensor"]["taskDefinition"])
        image = _image(deployed["taskDefinition"])
        registered = ecs.register_task_definition(**task(image, token))["taskDefinition"]["taskDefinitionArn"]
        try:
            ran = ecs.run_task(cluster=cluster.output["name"], taskDefinition=registered, launchType="EC2")
        finally:
            ecs.deregister_task_definition(taskDefinition=registered)
    except (BotoCoreError, ClientError) as error:
        raise SensorSilent(f"{cluster.name}: {error}") from None
    if ran["failures"]:
        raise SensorSilent(f"{cluster.name}: ECS could not place the self-test: {ran['failures'][0].get('reason')}")


def task(image: str, token: str) -> dict[str, Any]:
    """Return the definition of the self-test's task: as little as a task can be."""
    return {
        "family": FILE,
        "networkMode": "none",
        "requiresCompatibilities": ["EC2"],
        "containerDefinitions": [
            {
                "name": "self-test",
                "image": image,
                "memory": 32,
                "cpu": 10,
                "essential": True,
                "entryPoint": ["sh", "-c"],
                "command": [command("/tmp", token)],
                "readonlyRootFilesystem": True,
                "linuxParameters": {
                    "capabilities": {"drop": ["ALL"]},
                    "tmpfs": [{"containerPath": "/tmp", "size": 1}],
                },
            }
        ],
    }


def _image(definition: Mapping[str, Any]) -> str:
    containers = definition["containerDefinitions"]
    return next(str(one["image"]) for one in containers if one["name"] == FALCO_CONTAINER)


TRIGGERS: Mapping[str, Trigger] = {"eks": on_kubernetes, "kubernetes": on_kubernetes, "ecs": on_ecs}
"""By platform."""
