"""Verification against moto and a kubectl of our own: what is run, with how little, and what is waited for.

Whether a real Falco fires is seen where there is one: tests/pipeline. Here something else writes the event.
"""

import json
import os
import stat
import time
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.awsrequest import AWSResponse
from moto import mock_aws

from falco_firelens.fleet import Cancellation, EngineFailed, FromEnvironment, SensorSilent, Stack, Status
from falco_firelens.fleet.credentials import clients_of
from falco_firelens.fleet.verify import VerifyTask, verification
from falco_firelens.fleet.verify.triggers import VerifiedCluster, command, on_ecs, on_kubernetes, task

OUTPUTS = {
    "logGroup": {"name": "/falco/events"},
    "clusters": {"shop": {"platform": "ecs", "name": "shop", "sensor": {"taskDefinition": "shop-falco"}}},
}
STACK = Stack.of("prod", "eu-west-1", {})


@pytest.fixture(autouse=True)
def aws(monkeypatch: pytest.MonkeyPatch):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    for name in ("AWS_ENDPOINT_URL", "AWS_PROFILE", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    with mock_aws():
        yield


def deploy_ecs() -> Any:
    ecs, ec2 = boto3.client("ecs", "eu-west-1"), boto3.client("ec2", "eu-west-1")
    ecs.create_cluster(clusterName="shop")
    containers = [
        {"name": "log-router", "image": "router", "memory": 1},
        {"name": "falco", "image": "falco:1", "memory": 1},
    ]
    ecs.register_task_definition(family="shop-falco", containerDefinitions=containers)
    image = ec2.describe_images(Owners=["amazon"])["Images"][0]["ImageId"]
    instance = ec2.run_instances(ImageId=image, MinCount=1, MaxCount=1)["Instances"][0]["InstanceId"]
    document = json.dumps({"instanceId": instance})
    ecs.register_container_instance(cluster="shop", instanceIdentityDocument=document)
    return ecs


def cluster(**output: Any) -> VerifiedCluster:
    return VerifiedCluster(
        "shop", {**OUTPUTS["clusters"]["shop"], **output}, None, clients_of(os.environ, "eu-west-1"), os.environ
    )


def verify(
    monkeypatch: pytest.MonkeyPatch, trigger: Any, outputs: dict[str, Any] = OUTPUTS, seconds: float = 0.5
) -> Any:
    monkeypatch.setattr(VerifyTask, "_outputs", lambda *_: outputs)
    monkeypatch.setattr(verification, "PAUSE", 0.05)
    run = VerifyTask(
        STACK, None, FromEnvironment(), lambda _: None, Cancellation(), seconds=seconds, triggers={"ecs": trigger}
    )
    return run.result()


def write_event(name: str, token: str) -> None:
    logs = boto3.client("logs", "eu-west-1")
    event = {"timestamp": int(time.time() * 1000), "message": json.dumps({"output": f"file=/tmp/{token}/x"})}
    logs.create_log_group(logGroupName="/falco/events")
    logs.create_log_stream(logGroupName="/falco/events", logStreamName=name)
    logs.put_log_events(logGroupName="/falco/events", logStreamName=name, logEvents=[event])


def test_a_stack_whose_event_arrives_works(monkeypatch: pytest.MonkeyPatch) -> None:
    result = verify(monkeypatch, lambda cluster, token: write_event("shop/node-1", token))

    assert result.status is Status.SUCCEEDED
    assert result.notes[0].startswith("shop: Falco fired, and the event was in /falco/events")


def test_an_event_of_another_cluster_s_stream_does_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    result = verify(monkeypatch, lambda cluster, token: write_event("other/node-1", token))

    assert isinstance(result.error, SensorSilent)
    assert "shop: Falco was made to fire, and no event was in /falco/events" in str(result.error)


def test_an_older_self_test_s_event_does_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    result = verify(monkeypatch, lambda cluster, token: write_event("shop/node-1", "verify-older"))

    assert isinstance(result.error, SensorSilent)


def test_a_cluster_that_cannot_be_reached_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(cluster: VerifiedCluster, token: str) -> None:
        raise SensorSilent("shop: no")

    write_event("shop/x", "y")
    assert str(verify(monkeypatch, refuse).error) == "shop: no"


def test_a_stack_without_a_log_group_cannot_be_verified_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    result = verify(monkeypatch, write_event, {"logGroup": {}, "clusters": {}})

    assert "keeps no log group" in str(result.error)


def test_the_ecs_task_has_no_role_no_capability_no_network_and_goes_again() -> None:
    ecs = deploy_ecs()

    on_ecs(cluster(), "verify-1")

    (arn,) = ecs.list_tasks(cluster="shop")["taskArns"]
    ran = ecs.describe_tasks(cluster="shop", tasks=[arn])["tasks"][0]["taskDefinitionArn"]
    definition = ecs.describe_task_definition(taskDefinition=ran)["taskDefinition"]
    container = definition["containerDefinitions"][0]
    assert definition["status"] == "INACTIVE"
    assert "taskRoleArn" not in definition and "executionRoleArn" not in definition and not definition.get("volumes")
    assert container["image"] == "falco:1"
    assert container["linuxParameters"]["capabilities"] == {"drop": ["ALL"]}
    assert task("i", "t")["networkMode"] == "none"


def test_ecs_that_has_no_room_is_told_and_the_definition_goes_all_the_same() -> None:
    ecs = deploy_ecs()
    clients = clients_of(os.environ, "eu-west-1")

    def full(service: str) -> Any:
        client = clients(service)
        client.meta.events.register(
            "before-call.ecs.RunTask",
            lambda **_: (AWSResponse("", 200, {}, None), {"tasks": [], "failures": [{"reason": "RESOURCE:MEMORY"}]}),
        )
        return client

    with pytest.raises(SensorSilent, match="shop: ECS could not place the self-test: RESOURCE:MEMORY"):
        on_ecs(VerifiedCluster("shop", OUTPUTS["clusters"]["shop"], None, full, os.environ), "verify-1")
    assert ecs.list_task_definitions(familyPrefix="falco-firelens-self-test")["taskDefinitionArns"] == []


def test_the_command_s_file_is_the_one_that_the_rule_asks_for(tmp_path: Path) -> None:
    rule = (Path(__file__).parents[3] / "falco_firelens/sensor/rules/self_test.yaml").read_text()
    assert "fd.filename=falco-firelens-self-test" in rule

    assert os.system(command(str(tmp_path), "verify-1")) == 0
    assert list(tmp_path.iterdir()) == [], "it leaves nothing behind"
    assert command("/tmp", "verify-1").split(" && ")[1] == "touch /tmp/verify-1/falco-firelens-self-test"


def test_kubernetes_is_reached_by_kubectl_with_a_kubeconfig_that_only_we_can_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kubectl = tmp_path / "kubectl"
    kubectl.write_text(
        "#!/bin/sh\n"
        'file="${1#--kubeconfig=}"\n'
        f'stat -c %a "$file" > {tmp_path}/mode\ncat "$file" > {tmp_path}/seen\necho "$@" > {tmp_path}/words\n'
    )
    kubectl.chmod(kubectl.stat().st_mode | stat.S_IEXEC)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    output = {"platform": "eks", "sensor": {"namespace": "falco"}}

    on_kubernetes(VerifiedCluster("apps", output, "the kubeconfig", None, dict(os.environ)), "verify-1")

    assert (tmp_path / "mode").read_text() == "600\n"
    assert (tmp_path / "seen").read_text() == "the kubeconfig"
    words = (tmp_path / "words").read_text()
    assert "--namespace=falco exec daemonset/falco --container=falco -- sh -c mkdir /root/.falco/verify-1" in words


def test_kubectl_s_refusal_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kubectl = tmp_path / "kubectl"
    kubectl.write_text("#!/bin/sh\necho forbidden >&2\nexit 1\n")
    kubectl.chmod(0o755)
    output = {"platform": "eks", "sensor": {"namespace": "falco"}}
    environment = {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"}
    monkeypatch.setenv("PATH", environment["PATH"])

    with pytest.raises(SensorSilent, match="apps: kubectl exec: forbidden"):
        on_kubernetes(VerifiedCluster("apps", output, "k", None, environment), "verify-1")


def test_an_error_of_the_engine_is_a_result(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any) -> None:
        raise EngineFailed("no backend")

    monkeypatch.setattr(VerifyTask, "_outputs", fail)
    run = VerifyTask(STACK, None, FromEnvironment(), lambda _: None, Cancellation())

    assert run.result().status is Status.FAILED
