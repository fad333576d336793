"""A hub and two spokes in three accounts and two regions, by the real engine: who gets in, and what arrives where."""

import json
import time
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from components.hub.centralization import SERVICES
from localcloud.check import archive_in, check
from localcloud.cloud import LocalCloud
from localcloud.deployed import Deployed
from localcloud.environment import environment
from localcloud.stacks import LocalStack
from standin.aws.services.s3 import empty
from testbed import missing, sample_events
from tests.local.stack import PulumiError, Stack

pytestmark = pytest.mark.local

HUB, SHOP, BANK, STRANGER = "123456789012", "111111111111", "222222222222", "999999999999"
HUB_REGION, BANK_REGION = "eu-west-1", "us-east-1"
BUCKET = f"falco-events-{HUB}-{HUB_REGION}"
ACL = "s3:PutObjectAcl"
Client = Callable[..., Any]


@pytest.fixture(scope="module")
def client(local_cloud: LocalCloud) -> Client:
    """A client of a service in an account and a region."""

    def make(service: str, account: str, region: str = HUB_REGION) -> Any:
        return Deployed(local_cloud.layout, LocalStack("", account, region)).client(service)

    return make


def cluster(name: str) -> dict[str, object]:
    return {"name": name, "platform": "ecs"}


STACKS: Mapping[str, tuple[str, str, dict[str, object]]] = {
    "hub": (
        HUB,
        HUB_REGION,
        {
            "hub": {
                "spokes": [
                    {"account": SHOP, "regions": [HUB_REGION]},
                    {"account": BANK, "regions": [BANK_REGION], "delivery": "subscription"},
                ],
                "organizationId": "o-abcdefghij",
            },
            "events": {"destinations": {"s3": {"format": "json"}}},
        },
    ),
    "shop": (
        SHOP,
        HUB_REGION,
        {"clusters": [cluster("shop")], "spoke": {"hub": "organization/falco-firelens/hub"}},
    ),
    "bank": (
        BANK,
        BANK_REGION,
        {
            "clusters": [cluster("bank")],
            "spoke": {"hub": "organization/falco-firelens/hub", "delivery": "subscription"},
        },
    ),
}


@pytest.fixture(scope="module")
def stacks(
    local_cloud: LocalCloud, client: Client, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, Stack]]:
    """The three stacks, deployed one after the other, since spokes read the hub's outputs."""
    made: dict[str, Stack] = {}
    with ExitStack() as undo:
        for service in SERVICES:
            role = client("iam", HUB).create_service_linked_role(AWSServiceName=service)["Role"]["RoleName"]
            undo.callback(client("iam", HUB).delete_role, RoleName=role)
        for name, (account, region, values) in STACKS.items():
            env = environment(local_cloud.layout, LocalStack(name, account, region))
            stack = made[name] = Stack(name, env, tmp_path_factory.mktemp(name))
            stack.configure({"account": account, **values}, region)
            stack.init()
            undo.callback(stack.remove)
            undo.callback(stack.destroy)
            if name == "hub":
                undo.callback(lambda: empty(client("s3", HUB), BUCKET))
            stack.up()
        yield made


@pytest.fixture
def archive(local_cloud: LocalCloud) -> Deployed:
    """The hub's account, which alone reads the bucket."""
    return Deployed(local_cloud.layout, LocalStack("hub", HUB, HUB_REGION))


def refused(call: Callable[[], object]) -> str:
    """Return the error's code. botocore names an answer without a body by its status."""
    with pytest.raises(ClientError) as caught:
        call()
    return str(caught.value.response["Error"]["Code"]).replace("403", "AccessDenied")


def test_a_spokes_stream_delivers_into_its_own_folder_of_the_hubs_bucket(
    stacks: dict[str, Stack], client: Client, archive: Deployed
) -> None:
    sent = sample_events("by-firehose")
    stream = stacks["shop"].outputs()["destinations"]["s3"]["stream"]
    records = [{"Data": f"{event}\n".encode()} for event in sent]
    client("firehose", SHOP).put_record_batch(DeliveryStreamName=stream, Records=records)

    found = archive.archived(BUCKET, f"events/account={SHOP}/region={HUB_REGION}/day=")
    assert [event for event in found if event["hostname"] == "by-firehose"] == [json.loads(event) for event in sent]


@pytest.mark.parametrize("whose", ["the role's", "the bucket's"])
def test_nothing_is_delivered_where_a_policy_does_not_allow_the_acl(
    stacks: dict[str, Stack], client: Client, archive: Deployed, whose: str
) -> None:
    stream = stacks["shop"].outputs()["destinations"]["s3"]["stream"]
    firehose, logs = client("firehose", SHOP), client("logs", SHOP)
    group = f"/aws/kinesisfirehose/{stream}"
    with role_without_acl(client, firehose, stream) if whose == "the role's" else bucket_without_acl(client):
        firehose.put_record(DeliveryStreamName=stream, Record={"Data": b'{"hostname": "no-acl"}\n'})

    assert "no-acl" not in {event.get("hostname") for event in archive.archived(BUCKET, "events/")}
    entries = logs.get_log_events(logGroupName=group, logStreamName="delivery")["events"]
    assert json.loads(entries[-1]["message"])["errorCode"] == "S3.AccessDenied"


@contextmanager
def role_without_acl(client: Client, firehose: Any, stream: str) -> Generator[None]:
    """The policy of a stream's role with the action taken out."""
    iam = client("iam", SHOP)
    (found,) = firehose.describe_delivery_stream(DeliveryStreamName=stream)["DeliveryStreamDescription"]["Destinations"]
    role = found["ExtendedS3DestinationDescription"]["RoleARN"].rpartition("/")[2]
    (name,) = iam.list_role_policies(RoleName=role)["PolicyNames"]
    before = json.dumps(iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"])
    iam.put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=taken_out(before))
    yield
    iam.put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=before)


@contextmanager
def bucket_without_acl(client: Client) -> Generator[None]:
    """The bucket's policy with the action taken out."""
    s3 = client("s3", HUB)
    before = s3.get_bucket_policy(Bucket=BUCKET)["Policy"]
    s3.put_bucket_policy(Bucket=BUCKET, Policy=taken_out(before))
    yield
    s3.put_bucket_policy(Bucket=BUCKET, Policy=before)


def taken_out(policy: str) -> str:
    assert ACL in policy
    return policy.replace(f'"{ACL}"', '"s3:GetObject"')


def test_a_spokes_log_group_sends_events_as_they_are_from_another_region(
    stacks: dict[str, Stack], client: Client, archive: Deployed
) -> None:
    sent = sample_events("by-subscription")
    group = stacks["bank"].outputs()["logGroup"]["name"]
    logs = client("logs", BANK, BANK_REGION)
    logs.create_log_stream(logGroupName=group, logStreamName="bank/n-1")
    now = int(time.time() * 1000)
    events = [{"timestamp": now + number, "message": event} for number, event in enumerate(sent)]
    logs.put_log_events(logGroupName=group, logStreamName="bank/n-1", logEvents=events)

    found = archive.archived(BUCKET, f"events/account={BANK}/region={BANK_REGION}/day=")
    assert [event for event in found if event["hostname"] == "by-subscription"] == [json.loads(event) for event in sent]


@pytest.mark.pipeline
@pytest.mark.skipif(bool(missing()), reason=missing() or "Fluent Bit is there")
@pytest.mark.parametrize(("name", "account", "region"), [("shop", SHOP, HUB_REGION), ("bank", BANK, BANK_REGION)])
def test_events_come_through_fluent_bit_to_the_spokes_log_group_and_the_hub(
    stacks: dict[str, Stack], local_cloud: LocalCloud, archive: Deployed, name: str, account: str, region: str
) -> None:
    spoke = LocalStack(name, account, region)
    hub = archive_in(archive, stacks["hub"].outputs(), spoke)
    ((_, _, words),) = check(Deployed(local_cloud.layout, spoke), stacks[name].outputs(), hub)
    assert words == "log group 6 of 6, the hub's s3 6 of 6"


def test_nobody_else_writes_into_the_bucket_nor_a_spoke_into_anothers_folder(
    stacks: dict[str, Stack], client: Client
) -> None:
    def put(account: str, folder: str) -> Callable[[], object]:
        return lambda: client("s3", account).put_object(Bucket=BUCKET, Key=f"{folder}/x", Body=b"{}")

    own = f"events/account={SHOP}/region={HUB_REGION}/day=2026-01-01"
    assert refused(put(SHOP, own)) == "AccessDenied", "which is its stream's alone"
    assert refused(put(SHOP, own.replace(SHOP, BANK))) == "AccessDenied"
    assert refused(put(SHOP, "elsewhere")) == "AccessDenied"
    assert refused(put(STRANGER, own)) == "AccessDenied"
    assert refused(put(STRANGER, own.replace(SHOP, STRANGER))) == "AccessDenied"
    assert refused(lambda: client("s3", STRANGER).list_objects_v2(Bucket=BUCKET)) == "AccessDenied"
    assert refused(lambda: client("s3", SHOP).list_objects_v2(Bucket=BUCKET)) == "AccessDenied"


def test_a_strangers_stream_delivers_nothing_and_says_so_in_its_log(
    stacks: dict[str, Stack], client: Client, archive: Deployed
) -> None:
    firehose, logs, iam = (client(service, STRANGER) for service in ("firehose", "logs", "iam"))
    anything = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
    iam.create_role(RoleName="intruder", AssumeRolePolicyDocument=json.dumps(anything))
    iam.put_role_policy(RoleName="intruder", PolicyName="anything", PolicyDocument=json.dumps(anything))
    logs.create_log_group(logGroupName="errors")
    logs.create_log_stream(logGroupName="errors", logStreamName="delivery")
    firehose.create_delivery_stream(
        DeliveryStreamName="intruder",
        ExtendedS3DestinationConfiguration={
            "RoleARN": f"arn:aws:iam::{STRANGER}:role/intruder",
            "BucketARN": f"arn:aws:s3:::{BUCKET}",
            "Prefix": f"events/account={SHOP}/region={HUB_REGION}/day=!{{timestamp:yyyy-MM-dd}}/",
            "ErrorOutputPrefix": "errors/",
            "CloudWatchLoggingOptions": {
                "Enabled": True,
                "LogGroupName": "errors",
                "LogStreamName": "delivery",
            },
        },
    )
    firehose.put_record(DeliveryStreamName="intruder", Record={"Data": b'{"hostname": "intruder"}\n'})

    assert "intruder" not in {event.get("hostname") for event in archive.archived(BUCKET, "events/")}
    (entry,) = logs.get_log_events(logGroupName="errors", logStreamName="delivery")["events"]
    assert json.loads(entry["message"])["errorCode"] == "S3.AccessDenied"


def test_a_strangers_log_group_cannot_subscribe(stacks: dict[str, Stack], client: Client) -> None:
    destination = stacks["hub"].outputs()["hub"]["logDestinationArns"][BANK][BANK_REGION]
    logs = client("logs", STRANGER, BANK_REGION)
    logs.create_log_group(logGroupName="events")

    def subscribe() -> object:
        return logs.put_subscription_filter(
            logGroupName="events", filterName="hub", filterPattern="", destinationArn=destination
        )

    assert refused(subscribe) == "InvalidParameterException"


def test_each_spokes_log_group_answers_queries(stacks: dict[str, Stack], client: Client) -> None:
    for account, region in ((SHOP, HUB_REGION), (BANK, BANK_REGION)):
        logs = client("logs", account, region)
        query = logs.start_query(
            logGroupName="/falco/events", startTime=0, endTime=2_000_000_000, queryString="fields @message"
        )
        assert logs.get_query_results(queryId=query["queryId"])["status"] == "Complete"


def test_a_spoke_that_its_hub_does_not_know_is_told_so(
    stacks: dict[str, Stack], local_cloud: LocalCloud, tmp_path: Path
) -> None:
    stack = Stack("stranger", environment(local_cloud.layout, LocalStack("stranger", STRANGER)), tmp_path)
    stack.configure({"clusters": [cluster("c1")], "spoke": {"hub": "organization/falco-firelens/hub"}})
    stack.init()
    try:
        with pytest.raises(PulumiError, match=f"with account {STRANGER} and region {HUB_REGION} in its hub.spokes"):
            stack.preview()
        stack.configure({"clusters": [cluster("c1")], "spoke": {"hub": "organization/falco-firelens/nowhere"}})
        with pytest.raises(PulumiError, match=r"spoke\.hub: found no stack organization/falco-firelens/nowhere"):
            stack.preview()
    finally:
        stack.remove()
