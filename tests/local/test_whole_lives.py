"""Each kind of stack for its whole life: made, used, left as it is by a second `up`, and gone, except what docs name.

In accounts of their own, so that what is left can be seen.
"""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from localcloud.accounts import CLUSTER, container_instance
from localcloud.aws.eks_addons import RELEASES
from localcloud.cloud import LocalCloud
from standin.aws.services.s3 import empty
from tests.local.conftest import post, with_state
from tests.local.left import Account
from tests.local.stack import PulumiError, Stack
from tests.waiting import wait_for

pytestmark = pytest.mark.local

DAY = 25 * 60 * 60
SOC = [{"protocol": "email", "endpoint": "soc@example.com"}]
TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": {"Service": "eks.amazonaws.com"}, "Action": "sts:AssumeRole"}],
    }
)


@dataclass(frozen=True)
class Kind:
    """`settings` makes what the stack finds, `use` does what people and services do with it, `after` looks at what was
    there before; a bucket whose name begins so has something in it by then, and Pulumi empties none."""

    settings: Callable[[Account, LocalCloud], dict[str, Any]]
    use: Callable[[Account, Stack], None]
    after: Callable[[Account], None] = field(default=lambda account: None)
    bucket: str = ""


def scale_nodes(account: Account) -> None:
    """As an autoscaler does."""
    eks = account.client("eks")
    (group,) = eks.list_nodegroups(clusterName="pods")["nodegroups"]
    eks.update_nodegroup_config(clusterName="pods", nodegroupName=group, scalingConfig={"desiredSize": 2})


def release(account: Account, versions: dict[str, str]) -> None:
    """As AWS does every month."""
    post(account.env, RELEASES, json.dumps(versions))
    newest = account.client("eks").describe_addon_versions(addonName="vpc-cni")["addons"][0]["addonVersions"][0]
    assert newest["addonVersion"] == versions["vpc-cni"]


def confirm(account: Account) -> None:
    """As somebody does who follows the link in each mail."""
    sns = account.client("sns")
    for one in sns.list_subscriptions()["Subscriptions"]:
        sns.confirm_subscription(TopicArn=one["TopicArn"], Token=one["SubscriptionArn"].rpartition(":")[2])


def write(account: Account, group: str, stream: str, event: str = "{}") -> None:
    """As Fluent Bit does."""
    logs, now = account.client("logs"), int(time.time() * 1000)
    logs.create_log_stream(logGroupName=group, logStreamName=stream)
    events = [{"timestamp": now, "message": event}]
    logs.put_log_events(logGroupName=group, logStreamName=stream, logEvents=events)


def adopted(account: Account, cloud: LocalCloud) -> dict[str, Any]:
    """A cluster of each platform that is somebody else's."""
    iam, ec2, ecs = (account.client(service) for service in ("iam", "ec2", "ecs"))
    for name in ("theirs", "their-nodes"):
        iam.create_role(RoleName=name, AssumeRolePolicyDocument=TRUST)
    subnets = [one["SubnetId"] for one in ec2.describe_subnets()["Subnets"]][:2]
    account.client("eks").create_cluster(
        name="theirs",
        roleArn=f"arn:aws:iam::{account.number}:role/theirs",
        resourcesVpcConfig={"subnetIds": subnets},
        accessConfig={"authenticationMode": "API"},
    )
    ecs.create_cluster(clusterName=CLUSTER)
    container_instance(ec2, ecs, CLUSTER)
    eks, own = (str(cloud.layout.kubeconfig(name)) for name in ("eks", "selfmanaged"))
    return {
        "clusters": [
            {"name": "pods", "platform": "eks", "existing": {"name": "theirs", "kubeconfigFile": eks}},
            {"name": "own", "platform": "kubernetes", "existing": {"kubeconfigFile": own}, "nodeRole": "their-nodes"},
            {"name": "shop", "platform": "ecs", "existing": {"cluster": CLUSTER}},
        ]
    }


def use_adopted(account: Account, stack: Stack) -> None:
    for cluster in ("pods", "own", "shop"):
        write(account, "/falco/events", f"{cluster}/node-1")


def adopted_is_as_before(account: Account) -> None:
    iam, eks, ecs = (account.client(service) for service in ("iam", "eks", "ecs"))
    assert iam.list_role_policies(RoleName="their-nodes")["PolicyNames"] == []
    assert iam.list_attached_role_policies(RoleName="their-nodes")["AttachedPolicies"] == []
    assert eks.list_clusters()["clusters"] == ["theirs"]
    assert eks.list_addons(clusterName="theirs")["addons"] == []
    assert ecs.describe_clusters(clusters=[CLUSTER])["clusters"][0]["status"] == "ACTIVE"
    (service,) = ecs.describe_services(cluster=CLUSTER, services=["falco"])["services"]
    assert service["status"] == "INACTIVE", "ECS keeps a deleted service for a while"


def created_ecs(account: Account, cloud: LocalCloud) -> dict[str, Any]:
    ec2 = account.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    subnets = [
        ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.9.{number}.0/24", AvailabilityZone=f"eu-west-1{zone}")
        for number, zone in enumerate("abc")
    ]
    warehouse = {"vpcId": vpc, "publicSubnetIds": [one["Subnet"]["SubnetId"] for one in subnets]}
    return {
        "clusters": [{"name": "shop", "platform": "ecs"}],
        "notifications": SOC,
        "events": {
            "destinations": {
                "s3": {"format": "json"},
                "opensearch": {"create": {"instances": 1}},
                "redshift": {"create": warehouse},
            }
        },
    }


def use_created_ecs(account: Account, stack: Stack) -> None:
    """Nobody confirms the mail."""
    write(account, "/falco/events", "shop/i-1")
    put_record(account, stack)
    ask(account)
    scale_instances(account)


def put_record(account: Account, stack: Stack) -> None:
    """As Fluent Bit does, with Firehose."""
    stream = stack.outputs()["destinations"]["s3"]["stream"]
    account.client("firehose").put_record(DeliveryStreamName=stream, Record={"Data": b'{"rule": "x"}\n'})


def ask(account: Account) -> None:
    """As an analyst does."""
    athena = account.client("athena")
    (group,) = (one["Name"] for one in athena.list_work_groups()["WorkGroups"] if one["Name"] != "primary")
    athena.start_query_execution(QueryString="SELECT 1", WorkGroup=group)


def scale_instances(account: Account) -> None:
    """As ECS does for tasks that find no room; the agents of the new instances register themselves."""
    scaling, ecs = account.client("autoscaling"), account.client("ecs")
    (group,) = (one["AutoScalingGroupName"] for one in scaling.describe_auto_scaling_groups()["AutoScalingGroups"])
    scaling.set_desired_capacity(AutoScalingGroupName=group, DesiredCapacity=2)
    (found,) = scaling.describe_auto_scaling_groups()["AutoScalingGroups"]
    assert len(found["Instances"]) == 2
    for one in found["Instances"]:
        document = json.dumps({"instanceId": one["InstanceId"]})
        ecs.register_container_instance(cluster="shop", instanceIdentityDocument=document)


def response(account: Account, cloud: LocalCloud) -> dict[str, Any]:
    """The function is in the VPC of the cluster, whose API answers there alone."""
    actions = {"evidence": {}, "isolate": {}, "notify": {}}
    playbook = {"name": "contain", "match": {"minimumPriority": "Critical"}, "actions": actions}
    cluster = {"name": "pods", "platform": "eks", "create": {"endpointAccess": "private"}}
    return {"clusters": [cluster], "response": {"playbooks": [playbook]}, "notifications": SOC}


def use_response(account: Account, stack: Stack) -> None:
    confirm(account)
    scale_nodes(account)
    release(account, {"vpc-cni": "v1.99.0-eksbuild.1", "kube-proxy": "v1.99.0-eksbuild.2"})
    (bucket,) = (one["Name"] for one in account.client("s3").list_buckets()["Buckets"])
    account.client("s3").put_object(Bucket=bucket, Key="evidence/pods/pod.json", Body=b"{}")
    event = {"rule": "x", "priority": "Critical", "cluster": {"name": "pods"}, "output_fields": {}}
    write(account, "/falco/events", "pods/node-1", json.dumps(event))
    group = "/aws/lambda/falco-test-response"
    wait_for(lambda: account.client("logs").describe_log_streams(logGroupName=group)["logStreams"], "the function")


KINDS = {
    "adopted": Kind(adopted, use_adopted, adopted_is_as_before),
    "created ECS with destinations": Kind(created_ecs, use_created_ecs, bucket="falco-events"),
    "created EKS with a response": Kind(response, use_response, bucket="falco-test-response"),
}


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_a_stack_lives_its_whole_life(
    kind: Kind,
    lone_stack: Stack,
    account_env: dict[str, str],
    local_cloud: LocalCloud,
    clock: Callable[[float], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", account_env["AWS_ENDPOINT_URL"])
    account = Account(account_env)
    lone_stack.configure({"account": account.number, **kind.settings(account, local_cloud)})
    before = account.things()
    lone_stack.up()
    kind.use(account, lone_stack)

    clock(DAY)
    stays_as_it_is(lone_stack)
    ends(lone_stack, account, before, kind.bucket)
    kind.after(account)


def test_a_hub_lives_its_whole_life_with_both_kinds_of_spokes(
    another_account: Callable[..., dict[str, str]],
    tmp_path: Path,
    clock: Callable[[float], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The spokes end first: nothing is linked to the hub any more."""
    regions = {"hub": "eu-west-1", "shop": "eu-west-1", "bank": "us-east-1"}
    accounts = {name: Account(another_account(region)) for name, region in regions.items()}
    monkeypatch.setenv("AWS_ENDPOINT_URL", accounts["hub"].env["AWS_ENDPOINT_URL"])
    hub = {
        "hub": {
            "spokes": [
                {"account": accounts["shop"].number, "regions": ["eu-west-1"]},
                {"account": accounts["bank"].number, "regions": ["us-east-1"], "delivery": "subscription"},
            ]
        },
        "events": {"destinations": {"s3": {"format": "json"}}},
        "notifications": SOC,
    }
    settings = {"hub": hub, "shop": spoke("shop"), "bank": spoke("bank", delivery="subscription")}
    state = with_state({}, tmp_path)
    stacks: dict[str, Stack] = {}
    before = {name: account.things() for name, account in accounts.items()}
    for name, account in accounts.items():
        (tmp_path / name).mkdir()
        stacks[name] = stack = Stack(name, {**account.env, **state}, tmp_path / name)
        stack.init()
        stack.configure({"account": account.number, **settings[name]}, regions[name])
        stack.up()

    put_record(accounts["shop"], stacks["shop"])
    write(accounts["bank"], "/falco/events", "bank/i-1")
    confirm(accounts["hub"])
    ask(accounts["hub"])
    clock(DAY)

    for stack in stacks.values():
        stays_as_it_is(stack)
    for name in ("shop", "bank"):
        ends(stacks[name], accounts[name], before[name])
    ends(stacks["hub"], accounts["hub"], before["hub"], "falco-events")


def spoke(name: str, **values: str) -> dict[str, Any]:
    return {
        "clusters": [{"name": name, "platform": "ecs"}],
        "spoke": {"hub": "organization/falco-firelens/hub", **values},
    }


def stays_as_it_is(stack: Stack) -> None:
    """Neither its use nor the day that has passed is a change."""
    stack.expect_no_drift()
    stack.up("--expect-no-changes")


def ends(stack: Stack, account: Account, before: set[str], bucket: str = "") -> None:
    """Destroys a stack, and looks for what is left of it."""
    made = stack.exported()
    if bucket:
        with pytest.raises(PulumiError, match="BucketNotEmpty"):
            stack.destroy()
        for one in account.client("s3").list_buckets()["Buckets"]:
            if one["Name"].startswith(bucket):
                empty(account.client("s3"), one["Name"])
    stack.destroy()
    assert stack.resources() == []
    assert account.still_there(made) == []
    assert account.things() - before == set()
    assert account.keys_in_use() == []
