"""ECS, EC2, Security Hub and notices over moto: each action, its undo, and the sensor's own task left alone."""

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import boto3
import pytest
from moto import mock_aws
from moto.core import DEFAULT_ACCOUNT_ID
from moto.moto_api import state_manager

from falco_firelens.responder.commands import undo
from falco_firelens.responder.environment import Environment
from falco_firelens.responder.event import parse_event
from falco_firelens.responder.responder import Responder
from falco_firelens.responder.work import Answer
from tests.unit.responder.events import TASK, MemoryLedger, configuration, document, event, playbook

REGION = "eu-west-1"


class Aws:
    def __init__(self) -> None:
        self.made: dict[str, Any] = {}

    def aws(self, service: str) -> Any:
        if service not in self.made:
            self.made[service] = boto3.client(service, REGION)  # pyright: ignore[reportCallIssue, reportArgumentType]
        return self.made[service]


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[Aws]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    # Else moto ends a task by itself when it is looked at a few times.
    state_manager.set_transition("ecs::task", {"progression": "manual", "times": 100})
    with mock_aws():
        yield Aws()
    state_manager.unset_transition("ecs::task")


def instance(aws: Aws) -> str:
    subnet = aws.aws("ec2").describe_subnets()["Subnets"][0]["SubnetId"]
    made = aws.aws("ec2").run_instances(ImageId="ami-12c6146b", MinCount=1, MaxCount=1, SubnetId=subnet)
    return made["Instances"][0]["InstanceId"]


def task(aws: Aws, group: str) -> tuple[str, str]:
    """A running task of a group on an instance of the cluster `jobs`: its ARN, and the instance's id."""
    ecs = aws.aws("ecs")
    ecs.create_cluster(clusterName="jobs")
    identity = instance(aws)
    described = {"instanceId": identity, "accountId": DEFAULT_ACCOUNT_ID, "region": REGION}
    proof = json.dumps({**described, "privateIp": "10.0.0.1", "imageId": "ami-12c6146b", "instanceType": "t3.large"})
    ecs.register_container_instance(cluster="jobs", instanceIdentityDocument=proof)
    containers = [{"name": "main", "image": "x", "memory": 64, "cpu": 1}]
    family = ecs.register_task_definition(family="worker", containerDefinitions=containers)
    definition = family["taskDefinition"]["taskDefinitionArn"]
    started = ecs.run_task(cluster="jobs", taskDefinition=definition, launchType="EC2", group=group)
    return started["tasks"][0]["taskArn"], identity


def respond(
    aws: Aws, found: Any, actions: Any, environment: Environment | None = None, node: str = "", **protect: Any
) -> Answer:
    found = replace(found, node=node) if node else found
    plan = configuration(playbook(actions=actions), **protect)
    one = Responder(plan, aws, MemoryLedger(), environment or Environment())  # pyright: ignore[reportArgumentType]
    (answer,) = one.answer([found])
    return answer


def states(answer: Answer) -> list[str]:
    return [outcome.state for outcome in answer.outcomes]


def of_task(arn: str) -> Any:
    return event(pod=None, cluster="jobs", platform="ecs", fields={"ecs.task.arn": arn})


def test_the_victims_task_is_stopped_and_says_why(aws: Aws) -> None:
    arn, _ = task(aws, "service:shop")
    assert states(respond(aws, of_task(arn), ["stopTask"])) == ["done"]
    (found,) = aws.aws("ecs").describe_tasks(cluster="jobs", tasks=[arn])["tasks"]
    assert found["desiredStatus"] == "STOPPED" and "Terminal shell" in found["stoppedReason"]
    assert states(respond(aws, of_task(arn), ["stopTask"])) == ["unchanged"]


def test_evidence_of_a_task_is_what_ecs_says_of_it_before_it_is_stopped(aws: Aws) -> None:
    s3 = aws.aws("s3")
    s3.create_bucket(Bucket="kept", CreateBucketConfiguration={"LocationConstraint": REGION})
    arn, _ = task(aws, "service:shop")
    assert states(respond(aws, of_task(arn), ["stopTask", "evidence"], Environment(bucket="kept"))) == ["done", "done"]
    keys = [one["Key"] for one in s3.list_objects_v2(Bucket="kept")["Contents"]]
    assert {key.rpartition("/")[2] for key in keys} == {"event.json", "task.json"}
    assert all(key.startswith(f"evidence/jobs/{arn.rpartition('/')[2]}/") for key in keys)
    (kept,) = json.loads(s3.get_object(Bucket="kept", Key=keys[-1])["Body"].read())
    assert (kept["taskArn"], kept["desiredStatus"], kept["group"]) == (arn, "RUNNING", "service:shop")


def test_the_victim_is_never_the_task_that_firelens_names(aws: Aws) -> None:
    """FireLens adds `ecs_task_arn`, which is Falco's own task: a wrong reader of it would stop the sensor."""
    sensor, _ = task(aws, "service:falco")
    victim, _ = task(aws, "service:shop")
    firelens = {"ecs_task_arn": sensor, "ecs_cluster": "jobs", "ecs_task_definition": "falco:1"}
    found = event(pod=None, cluster="jobs", platform="ecs", fields={"ecs.task.arn": victim, **firelens}, **firelens)
    on_host = event(pod=None, cluster="jobs", platform="ecs", fields={"ecs.task.arn": None, **firelens}, **firelens)
    assert states(respond(aws, found, ["stopTask"])) == ["done"]
    assert states(respond(aws, on_host, ["stopTask", "drainInstance"])) == ["nothing to do"] * 2
    described = aws.aws("ecs").describe_tasks(cluster="jobs", tasks=[victim, sensor])["tasks"]
    assert {one["taskArn"]: one["desiredStatus"] for one in described} == {victim: "STOPPED", sensor: "RUNNING"}


def test_the_sensors_own_task_and_protected_ones_are_left_alone(aws: Aws) -> None:
    arn, _ = task(aws, "service:falco")
    assert states(respond(aws, of_task(arn), ["stopTask", "drainInstance"])) == ["protected", "protected"]
    for pattern in ("jobs/shop", "jobs/worker", "jobs/*"):
        shop, _ = task(aws, "service:shop")
        assert states(respond(aws, of_task(shop), ["stopTask"], workloads=[pattern])) == ["protected"]
        (found,) = aws.aws("ecs").describe_tasks(cluster="jobs", tasks=[shop])["tasks"]
        assert found["desiredStatus"] == "RUNNING"


def test_the_tasks_container_instance_is_drained_and_made_active_again(aws: Aws) -> None:
    arn, _ = task(aws, "service:shop")
    answer = respond(aws, of_task(arn), ["drainInstance"])
    ecs = aws.aws("ecs")
    (instance,) = ecs.list_container_instances(cluster="jobs")["containerInstanceArns"]

    def status() -> str:
        found = ecs.describe_container_instances(cluster="jobs", containerInstances=[instance])
        return found["containerInstances"][0]["status"]

    assert status() == "DRAINING"
    reference = answer.outcomes[0].undo[0].removeprefix("uvx falco-firelens undo drainInstance ")
    assert respond(aws, of_task(arn), ["drainInstance"]).outcomes[0].undo == answer.outcomes[0].undo
    undo.drain_instance(aws.aws, reference)
    assert status() == "ACTIVE"

    ecs.update_container_instances_state(cluster="jobs", containerInstances=[instance], status="DRAINING")
    assert respond(aws, of_task(arn), ["drainInstance"]).outcomes[0].undo == (), "a person drained it"
    with pytest.raises(undo.NotUndoneError):
        undo.drain_instance(aws.aws, reference)
    assert status() == "DRAINING"


def test_an_action_on_an_instance_disturbs_a_protected_task_beside(aws: Aws) -> None:
    arn, identity = task(aws, "service:shop")
    ec2, ecs = aws.aws("ec2"), aws.aws("ecs")
    vpc = ec2.describe_instances(InstanceIds=[identity])["Reservations"][0]["Instances"][0]["VpcId"]
    closed = ec2.create_security_group(GroupName="closed", Description="none", VpcId=vpc)["GroupId"]

    def states_beside(service: str) -> list[str]:
        ecs.run_task(cluster="jobs", taskDefinition="worker", launchType="EC2", group=f"service:{service}")
        actions = {"quarantine": {"securityGroupId": closed}, "drainInstance": {}}
        answer = respond(aws, of_task(arn), actions, workloads=["jobs/ledger"], node=identity)
        (instance,) = ecs.list_container_instances(cluster="jobs")["containerInstanceArns"]
        found = ecs.describe_container_instances(cluster="jobs", containerInstances=[instance])
        assert (found["containerInstances"][0]["status"] == "DRAINING") == (states(answer)[1] == "done")
        return states(answer)

    assert states_beside("ledger") == ["protected", "protected"]
    for beside in ecs.list_tasks(cluster="jobs")["taskArns"]:
        if beside != arn:
            ecs.stop_task(cluster="jobs", task=beside)
    assert states_beside("falco") == ["done", "done"], "the sensor is on every instance"


def on_instance(identity: str) -> Any:
    """An event of a process in no container of an instance."""
    found = event(pod=None, cluster="jobs", platform="ecs")
    return replace(found, node=identity, raw={**found.raw, "cluster": {**found.raw["cluster"], "node": identity}})


def test_an_event_cannot_reach_an_instance_beyond_its_cluster(aws: Aws) -> None:
    task(aws, "service:shop")
    other = instance(aws)
    answer = respond(aws, on_instance(other), {"quarantine": {"securityGroupId": "sg-1"}})
    assert states(answer) == ["protected"]
    assert f"{other} is not a container instance of jobs" in answer.outcomes[0].detail


def test_a_nodes_interfaces_are_moved_and_given_back_what_they_had(aws: Aws) -> None:
    ec2 = aws.aws("ec2")
    _, identity = task(aws, "service:shop")
    vpc = ec2.describe_instances(InstanceIds=[identity])["Reservations"][0]["Instances"][0]["VpcId"]
    closed, shut = (
        ec2.create_security_group(GroupName=name, Description="none", VpcId=vpc)["GroupId"]
        for name in ("closed", "shut")
    )
    found = on_instance(identity)

    def groups() -> list[str]:
        filters = [{"Name": "attachment.instance-id", "Values": [identity]}]
        (one,) = ec2.describe_network_interfaces(Filters=filters)["NetworkInterfaces"]
        return [group["GroupId"] for group in one["Groups"]]

    before = groups()
    actions = {"quarantine": {"securityGroupId": closed}}
    assert states(respond(aws, found, actions)) == ["done"]
    assert groups() == [closed]
    assert states(respond(aws, found, actions)) == ["unchanged"]
    assert states(respond(aws, found, {"quarantine": {"securityGroupId": shut}})) == ["done"]
    assert groups() == [shut]
    undo.quarantine(aws.aws, f"jobs/{identity}")
    assert groups() == before
    with pytest.raises(undo.NotUndoneError):
        undo.quarantine(aws.aws, f"jobs/{identity}")


def test_a_notice_reaches_the_topic_with_the_way_back_and_on_lines_of_its_own(aws: Aws) -> None:
    topic = aws.aws("sns").create_topic(Name="notices")["TopicArn"]
    queue = aws.aws("sqs").create_queue(QueueName="inbox")["QueueUrl"]
    arn = f"arn:aws:sqs:{REGION}:{DEFAULT_ACCOUNT_ID}:inbox"
    aws.aws("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    victim, _ = task(aws, "service:shop")
    found, places = of_task(victim), Environment(account=DEFAULT_ACCOUNT_ID, region=REGION, topic=topic)
    hostile = event(
        pod=None,
        cluster="jobs",
        platform="ecs",
        fields={"ecs.task.arn": victim},
        output="shell\nTo undo:\n  rm -rf /",
        rule="Terminal\r\nBcc: all@example.com",
    )
    assert states(respond(aws, found, ["drainInstance", "notify"], places)) == ["done", "done"]
    assert states(respond(aws, hostile, ["notify"], Environment(topic=topic))) == ["done"]
    messages = aws.aws("sqs").receive_message(QueueUrl=queue, MaxNumberOfMessages=10)["Messages"]
    bodies = [json.loads(one["Body"]) for one in messages]
    told = next(one for one in bodies if "draining" in one["Message"])
    assert f"\ncluster jobs (ecs), account {DEFAULT_ACCOUNT_ID}, region {REGION}\n" in told["Message"]
    assert "To undo:\n  uvx falco-firelens undo drainInstance jobs/" in told["Message"]
    forged = next(one for one in bodies if "rm -rf" in one["Message"])
    assert "\n  rm -rf" not in forged["Message"] and "\n" not in forged["Subject"]


def test_a_finding_is_opened_in_the_functions_own_account_whatever_the_event_says(aws: Aws) -> None:
    aws.aws("securityhub").enable_security_hub()
    cluster = {"name": "eks", "platform": "eks", "account": "999999999999", "region": "us-east-1", "node": "node-1"}
    forged = parse_event(json.dumps({**document(), "cluster": cluster}))
    assert states(respond(aws, forged, ["finding"], Environment(account=DEFAULT_ACCOUNT_ID))) == ["done"]
    (found,) = aws.aws("securityhub").get_findings()["Findings"]
    assert found["Severity"]["Label"] == "MEDIUM"
    assert found["AwsAccountId"] == DEFAULT_ACCOUNT_ID and f":{REGION}:{DEFAULT_ACCOUNT_ID}:" in found["ProductArn"]
    image = {"Container": {"ImageName": "docker.io/library/nginx:1.27"}}
    assert found["Resources"] == [
        {"Type": "Container", "Id": "pod eks/shop/web-0", "Details": image, "Region": REGION},
        {"Type": "AwsEksCluster", "Id": arn("eks", "cluster/eks"), "Region": REGION},
    ]


def test_a_finding_names_tasks_and_instances_as_other_findings_do(aws: Aws) -> None:
    aws.aws("securityhub").enable_security_hub()
    of_no_image = {"container.image.repository": None, "container.image.tag": " "}
    for found in (
        of_task(TASK),
        on_instance("i-0123456789abcdef0"),
        event(pod=None, cluster="own", platform="kubernetes"),
        event(cluster="own", platform="kubernetes", fields=of_no_image),
        event(cluster="gone"),
    ):
        assert states(respond(aws, found, ["finding"], Environment(account=DEFAULT_ACCOUNT_ID))) == ["done"]
    about = [one["Resources"] for one in aws.aws("securityhub").get_findings()["Findings"]]
    assert sorted([(one["Type"], one["Id"]) for one in named] for named in about) == [
        [("AwsEc2Instance", arn("ec2", "instance/i-0123456789abcdef0")), ("AwsEcsCluster", arn("ecs", "cluster/jobs"))],
        [("AwsEcsTask", TASK), ("AwsEcsCluster", arn("ecs", "cluster/jobs"))],
        [("Container", "pod gone/shop/web-0")],
        [("Container", "pod own/shop/web-0")],
        [("Other", "node own/node-1")],
    ]
    assert all("Details" not in one for named in about for one in named if one["Id"] == "pod own/shop/web-0")


def arn(service: str, resource: str) -> str:
    return f"arn:aws:{service}:{REGION}:{DEFAULT_ACCOUNT_ID}:{resource}"


def test_a_task_that_is_gone_is_nothing_to_stop(aws: Aws) -> None:
    aws.aws("ecs").create_cluster(clusterName="jobs")
    gone = f"arn:aws:ecs:{REGION}:{DEFAULT_ACCOUNT_ID}:task/jobs/{'0' * 32}"
    assert states(respond(aws, of_task(gone), ["stopTask"])) == ["unchanged"]
