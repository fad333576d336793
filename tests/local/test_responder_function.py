"""The response function's own zip, run as Lambda would run it: called, killed in the middle of a batch, repeated."""

import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from components.response.package import HANDLER, build
from falco_firelens.responder.configuration import from_document
from tests.local.functions import ACCOUNT, REGION, Aws, moto_of_its_own
from tests.unit.responder.events import document
from tests.waiting import PATIENCE

pytestmark = pytest.mark.local

GROUP, BUCKET, NAME = "/falco/events", "evidence", "responder"

CRASH = """
import os
from pathlib import Path
from falco_firelens.responder import responder

run = responder.Responder._run_once

def once(self, *arguments):
    found, marker = run(self, *arguments), Path(os.environ["MARKER"])
    if not marker.exists():
        marker.touch()
        os._exit(1)
    return found

responder.Responder._run_once = once

from falco_firelens.responder.handler import handle
"""
"""The function, and a process that ends after the first action of the first delivery, as one out of memory does."""

PLAYBOOKS: dict[str, Any] = {
    "playbooks": [
        {"name": "keep", "match": {}, "actions": {"evidence": {}, "notify": {}}, "dry_run": False, "most_targets": 100}
    ],
    "clusters": {"eks": {"platform": "eks", "name": "eks"}},
    "protect": {},
}


@pytest.fixture
def aws(tmp_path: Path) -> Iterator[Aws]:
    with moto_of_its_own(tmp_path / "cloud") as aws:
        yield aws


def deploy(aws: Aws, folder: Path, handler: str = HANDLER, *, crash: bool = False) -> str:
    """The function with all that it writes to; the URL of a queue that gets its notices."""
    package = folder / "package.zip"
    package.write_bytes(build(from_document(PLAYBOOKS)).read_bytes())
    if crash:
        with zipfile.ZipFile(package, "a") as archive:
            archive.writestr("crash.py", CRASH)
    s3 = aws.client("s3")
    s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
    aws.client("dynamodb").create_table(
        TableName="ledger",
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
    )
    topic = aws.client("sns").create_topic(Name="notices")["TopicArn"]
    notices, notices_arn = aws.queue("notices")
    aws.client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=notices_arn)
    variables = {"BUCKET": BUCKET, "TABLE": "ledger", "TOPIC_ARN": topic, "RETRY_QUEUE_URL": aws.queue("retries")[0]}
    arn = aws.client("lambda").create_function(
        FunctionName=NAME,
        Runtime="python3.13",
        Architectures=["arm64"],
        Handler=handler,
        Role=f"arn:aws:iam::{ACCOUNT}:role/function",
        Timeout=PATIENCE,
        Environment={"Variables": {**variables, "MARKER": str(folder / "crashed")}},
        Code={"ZipFile": aws.trust(package.read_bytes())},
    )["FunctionArn"]
    aws.subscribe(aws.group(GROUP, "eks/node-1"), arn, '{ $.source != "internal" }')
    return notices


def of_the_host(node: str) -> str:
    """An event of a process of a node's own, for which no cluster has to be asked."""
    event = document(pod=None)
    return json.dumps({**event, "cluster": {**event["cluster"], "node": node}})


def notices_of(aws: Aws, url: str) -> list[str]:
    """The subjects of all notices, once a call of the function has come to its end: a crash is none."""
    aws.printed_until(NAME, "END")
    found = list[str]()
    while messages := aws.client("sqs").receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
        found += [json.loads(message["Body"])["Subject"] for message in messages]
    return sorted(subject.rpartition(" ")[2] for subject in found)


def versions(aws: Aws) -> list[str]:
    """Every time that an event was kept."""
    found: list[Any] = aws.client("s3").list_object_versions(Bucket=BUCKET).get("Versions", [])
    return sorted(one["Key"].split("/")[2] for one in found if one["Key"].endswith("/event.json"))


def test_the_package_answers_what_the_log_group_sends(aws: Aws, tmp_path: Path) -> None:
    notices = deploy(aws, tmp_path)
    aws.write(GROUP, of_the_host("node-1"), "no event", stream="eks/node-1")
    assert notices_of(aws, notices) == ["eks/node-1"]
    assert versions(aws) == ["node-1"]
    aside = aws.client("s3").list_objects_v2(Bucket=BUCKET, Prefix="set-aside/")
    assert aside["KeyCount"] == 1


def test_what_was_done_before_a_crash_is_not_done_again_and_the_rest_is(aws: Aws, tmp_path: Path) -> None:
    notices = deploy(aws, tmp_path, "crash.handle", crash=True)
    nodes = [f"node-{number}" for number in range(4)]
    aws.write(GROUP, *map(of_the_host, nodes), stream="eks/node-1")
    assert notices_of(aws, notices) == [f"eks/{node}" for node in nodes]
    assert versions(aws) == nodes
    printed = aws.printed_until(NAME, "START", 2)
    assert sum("Runtime exited with error: exit status 1" in line for line in printed) == 1
    assert sum(line.startswith("START") for line in printed) == 2
