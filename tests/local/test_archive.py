"""The S3 archive on the local cloud: deployed by the real engine, filled by the real Fluent Bit, left as it was."""

import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
import pytest

from localcloud.cloud import LocalCloud
from localcloud.deployed import Deployed
from localcloud.pipeline import INSTALL_HINT, Endpoint, executable, run_ecs, sample_events
from localcloud.providers.aws.services.s3 import empty
from storage.athena import QUERIES
from tests.local.stack import Stack

pytestmark = pytest.mark.local

ACCOUNT = "123456789012"
BUCKET = f"falco-events-{ACCOUNT}-eu-west-1"
FOLDER = f"account={ACCOUNT}/region=eu-west-1"


def archived(**s3: object) -> dict[str, object]:
    return {"clusters": [{"name": "shop", "platform": "ecs"}], "events": {"destinations": {"s3": s3}}}


def client(env: dict[str, str], service: str) -> Any:
    return boto3.client(  # pyright: ignore[reportCallIssue, reportUnknownVariableType]
        service,  # pyright: ignore[reportArgumentType]
        region_name="eu-west-1",
        endpoint_url=env["AWS_ENDPOINT_URL"],
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )


def test_the_archive_is_deployed_as_described_and_a_second_up_changes_nothing(
    stack: Stack, local_env: dict[str, str]
) -> None:
    stack.configure(archived())
    stack.up()

    assert stack.preview("--expect-no-changes") == []
    s3 = client(local_env, "s3")
    (rule,) = s3.get_bucket_encryption(Bucket=BUCKET)["ServerSideEncryptionConfiguration"]["Rules"]
    assert rule["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"] == "aws:kms"
    assert all(s3.get_public_access_block(Bucket=BUCKET)["PublicAccessBlockConfiguration"].values())
    table = client(local_env, "glue").get_table(DatabaseName="falco_events", Name="events")["Table"]
    assert table["Parameters"]["projection.account.values"] == ACCOUNT
    assert {column["Name"] for column in table["StorageDescriptor"]["Columns"]} >= {"output_fields", "cluster"}
    athena = client(local_env, "athena")
    ids = athena.list_named_queries(WorkGroup="falco-events")["NamedQueryIds"]
    names = {athena.get_named_query(NamedQueryId=one)["NamedQuery"]["Name"] for one in ids}
    assert names == {query.name for query in QUERIES}
    stream = client(local_env, "firehose").describe_delivery_stream(DeliveryStreamName="falco-events-s3")
    (destination,) = stream["DeliveryStreamDescription"]["Destinations"]
    conversion = destination["ExtendedS3DestinationDescription"]["DataFormatConversionConfiguration"]
    assert conversion["SchemaConfiguration"]["TableName"] == "events"


def test_a_changed_buffer_changes_the_stream_in_place(stack: Stack) -> None:
    stack.configure(archived())
    stack.up()
    stack.configure(archived(bufferSeconds=60))

    steps = {step.resource: step.op for step in stack.preview()}
    assert steps.pop("FirehoseDeliveryStream archive") == "update"
    assert set(steps) <= {"Dashboard insights"}
    stack.up()
    assert stack.preview("--expect-no-changes") == []


@pytest.mark.pipeline
@pytest.mark.skipif(executable() is None, reason=f"no fluent-bit on PATH: {INSTALL_HINT}")
def test_events_reach_the_bucket_and_the_log_group_through_fluent_bit(
    stack: Stack, local_cloud: LocalCloud, local_env: dict[str, str]
) -> None:
    stack.configure(archived(format="json", bufferMib=1))
    stack.up()
    outputs, deployed = stack.outputs(), Deployed(local_cloud.layout)
    ports = local_cloud.layout.ports()
    assert ports is not None
    sent = sample_events("archive-check")

    files = deployed.fluent_bit_files("shop", outputs["clusters"]["shop"])
    node = run_ecs(files, Endpoint("127.0.0.1", ports.moto_tls, local_cloud.layout.certificate), sent)

    s3 = client(local_env, "s3")
    try:
        keys = [found["Key"] for found in s3.list_objects_v2(Bucket=BUCKET)["Contents"]]
        texts = [s3.get_object(Bucket=BUCKET, Key=key)["Body"].read().decode() for key in keys]
        arrived = [json.loads(line) for text in texts for line in text.strip().split("\n")]
    finally:
        empty(s3, BUCKET)
    days = {re.fullmatch(rf"events/{FOLDER}/day=(\d{{4}}-\d\d-\d\d)/falco-events-s3-[^/]+", key) for key in keys}
    assert {day[1] for day in days if day} == {f"{datetime.now(UTC):%Y-%m-%d}"} and None not in days
    assert _sorted(event | {"cluster": None} for event in arrived) == _sorted(
        json.loads(line) | {"cluster": None} for line in sent
    )
    assert {event["cluster"]["node"] for event in arrived} == {node}
    assert len(deployed.events(outputs["logGroup"]["name"], f"shop/{node}")) == len(sent)


def test_a_bucket_with_events_is_not_deleted(stack: Stack, local_env: dict[str, str], tmp_path: Path) -> None:
    from tests.local.stack import PulumiError

    stack.configure(archived())
    stack.up()
    s3 = client(local_env, "s3")
    s3.put_object(Bucket=BUCKET, Key=f"events/{FOLDER}/day=2026-11-24/x", Body=b"{}")

    with pytest.raises(PulumiError, match="BucketNotEmpty"):
        stack.destroy()

    assert s3.list_objects_v2(Bucket=BUCKET)["KeyCount"] == 1
    empty(s3, BUCKET)


def _sorted(events: Any) -> list[str]:
    return sorted(json.dumps(event, sort_keys=True) for event in events)
