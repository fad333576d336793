"""The S3 archive on the local cloud: deployed by the real engine, filled by the real Fluent Bit, left as it was.

One deployment for all tests, in their order.
"""

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from falco_firelens.schemas.athena import QUERIES
from localcloud.cloud import LocalCloud
from localcloud.deployed import Deployed
from standin.aws.services.s3 import empty
from testbed import missing, run_ecs, sample_events
from tests.local.conftest import new_stack
from tests.local.stack import Stack, Step

pytestmark = pytest.mark.local

ACCOUNT = "123456789012"
BUCKET = f"falco-events-{ACCOUNT}-eu-west-1"
FOLDER = f"account={ACCOUNT}/region=eu-west-1"


def archived(**s3: object) -> dict[str, object]:
    return {"clusters": [{"name": "shop", "platform": "ecs"}], "events": {"destinations": {"s3": s3}}}


@pytest.fixture(scope="module")
def archive(local_env: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with new_stack(local_env, tmp_path_factory.mktemp("archive")) as stack:
        stack.configure(archived())
        stack.up()
        yield stack


@pytest.fixture
def deployed(local_cloud: LocalCloud) -> Deployed:
    return Deployed(local_cloud.layout)


@pytest.fixture
def s3(archive: Stack, deployed: Deployed) -> Iterator[Any]:
    """A client; what a test has put into the bucket is gone after it."""
    client = deployed.client("s3")
    yield client
    empty(client, BUCKET)


def test_the_archive_is_deployed_as_described_and_a_second_up_changes_nothing(
    archive: Stack, deployed: Deployed, s3: Any
) -> None:
    assert archive.preview("--expect-no-changes") == []
    (rule,) = s3.get_bucket_encryption(Bucket=BUCKET)["ServerSideEncryptionConfiguration"]["Rules"]
    assert rule["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"] == "aws:kms"
    assert all(s3.get_public_access_block(Bucket=BUCKET)["PublicAccessBlockConfiguration"].values())
    table = deployed.client("glue").get_table(DatabaseName="falco_events", Name="events")["Table"]
    assert table["Parameters"]["projection.account.values"] == ACCOUNT
    assert {column["Name"] for column in table["StorageDescriptor"]["Columns"]} >= {"output_fields", "cluster"}
    athena = deployed.client("athena")
    ids = athena.list_named_queries(WorkGroup="falco-events")["NamedQueryIds"]
    names = {athena.get_named_query(NamedQueryId=one)["NamedQuery"]["Name"] for one in ids}
    assert names == {query.name for query in QUERIES}
    conversion = delivery(deployed)["DataFormatConversionConfiguration"]
    assert conversion["SchemaConfiguration"]["TableName"] == "events"


@pytest.mark.pipeline
@pytest.mark.skipif(bool(missing()), reason=missing() or "Fluent Bit is there")
def test_events_reach_the_bucket_and_the_log_group_through_fluent_bit(
    archive: Stack, deployed: Deployed, s3: Any
) -> None:
    outputs = archive.outputs()
    sent = sample_events("archive-check")

    files = deployed.fluent_bit_files("shop", outputs["clusters"]["shop"])
    node = run_ecs(files, deployed.endpoint, sent)

    keys = [found["Key"] for found in s3.list_objects_v2(Bucket=BUCKET)["Contents"]]
    texts = [s3.get_object(Bucket=BUCKET, Key=key)["Body"].read().decode() for key in keys]
    arrived = [json.loads(line) for text in texts for line in text.strip().split("\n")]
    days = {re.fullmatch(rf"events/{FOLDER}/day=(\d{{4}}-\d\d-\d\d)/falco-events-s3-[^/]+", key) for key in keys}
    assert {day[1] for day in days if day} == {f"{datetime.now(UTC):%Y-%m-%d}"} and None not in days
    assert _sorted(event | {"cluster": None} for event in arrived) == _sorted(
        json.loads(line) | {"cluster": None} for line in sent
    )
    assert {event["cluster"]["node"] for event in arrived} == {node}
    assert len(deployed.events(outputs["logGroup"]["name"], f"shop/{node}")) == len(sent)


def test_a_changed_buffer_changes_the_stream_in_place_and_nothing_else(archive: Stack, deployed: Deployed) -> None:
    archive.configure(archived(bufferSeconds=60))

    changed = frozenset({"extendedS3Configuration.bufferingInterval"})
    assert archive.preview() == [Step("update", "FirehoseDeliveryStream archive", changed)]
    archive.up()
    assert delivery(deployed)["BufferingHints"]["IntervalInSeconds"] == 60
    assert archive.preview("--expect-no-changes") == []


def delivery(deployed: Deployed) -> dict[str, Any]:
    """What the stream says of its destination."""
    stream = deployed.client("firehose").describe_delivery_stream(DeliveryStreamName="falco-events-s3")
    (destination,) = stream["DeliveryStreamDescription"]["Destinations"]
    return destination["ExtendedS3DestinationDescription"]


def _sorted(events: Any) -> list[str]:
    return sorted(json.dumps(event, sort_keys=True) for event in events)
