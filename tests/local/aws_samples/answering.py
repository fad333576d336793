"""Samples of what answers events: a function and what calls it, queues, a ledger, secrets."""

import hashlib
import io
import json
import tempfile
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import boto3

from standin.aws import wire
from tests.local.aws_samples.sample import GROUP, KEY, ROLE, SUBNET, TAGS, Sample, World, of, sample

FOLDER = tempfile.TemporaryDirectory(prefix="samples-")
"""Of this process, since others write their samples at the same time."""

LEDGER = "aws:dynamodb/table:Table"
RULE = "aws:cloudwatch/eventRule:EventRule"
FUNCTION, QUEUE, SECRET = "aws:lambda/function:Function", "aws:sqs/queue:Queue", "aws:secretsmanager/secret:Secret"


def archive(code: str) -> dict[str, Any]:
    """A zip with one module, as the engine hands an archive over."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as made:
        made.writestr(zipfile.ZipInfo("handler.py"), code)
    digest = hashlib.sha256(content.getvalue()).hexdigest()
    path = Path(FOLDER.name, f"{digest}.zip")
    path.write_bytes(content.getvalue())
    return {wire.SIGNATURE: wire.ARCHIVE, "hash": digest, "path": str(path)}


def lambda_role(world: World) -> str:
    """The ARN of a role that is there: moto, as Lambda, refuses any other."""
    return world(ROLE)["arn"]


def network(world: World) -> Mapping[str, Any]:
    """Where the function of the samples runs."""
    return {"subnetIds": [world(SUBNET)["id"]], "securityGroupIds": [world(GROUP)["id"]]}


def queue(name: str) -> Callable[[World], str]:
    """The ARN of a further queue."""

    def arn(world: World) -> str:
        sqs = boto3.client("sqs", world(KEY)["region"], aws_access_key_id="test", aws_secret_access_key="test")
        url = sqs.create_queue(QueueName=name)["QueueUrl"]
        return sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]

    return arn


def redrive(name: str, tries: int) -> Callable[[World], str]:
    """Where messages of a queue go that nobody can work on."""
    return lambda world: json.dumps({"deadLetterTargetArn": queue(name)(world), "maxReceiveCount": tries})


def reading(role: str) -> Callable[[World], str]:
    """A policy of the ledger, by which a role may read it."""

    def text(world: World) -> str:
        statement = {
            "Effect": "Allow",
            "Principal": {"AWS": f"arn:aws:iam::123456789012:role/{role}"},
            "Action": "dynamodb:GetItem",
            "Resource": world(LEDGER)["arn"],
        }
        return json.dumps({"Version": "2012-10-17", "Statement": [statement]})

    return text


ANSWERING: dict[str, Sample] = {
    FUNCTION: sample(
        {
            "code": lambda _: archive("def handle(event, context): return 2"),
            "environment": {"variables": {"TABLE": "b"}},
            "reservedConcurrentExecutions": 5,
            "timeout": 60,
            **TAGS,
        },
        role=lambda_role,
        code=lambda _: archive("def handle(event, context): return 1"),
        runtime="python3.13",
        handler="handler.handle",
        architectures=["arm64"],
        timeout=30,
        kmsKeyArn=of(KEY, "arn"),
        environment={"variables": {"TABLE": "a", "TOPIC": "b"}},
        vpcConfig=network,
        tags={"team": "blue"},
    ),
    "aws:lambda/permission:Permission": sample(
        action="lambda:InvokeFunction",
        function=of(FUNCTION, "name"),
        principal="logs.amazonaws.com",
        sourceAccount="123456789012",
        sourceArn="arn:aws:logs:eu-west-1:123456789012:log-group:x:*",
    ),
    RULE: sample(
        {"scheduleExpression": "rate(5 minutes)", "state": "DISABLED", **TAGS},
        description="often",
        scheduleExpression="rate(1 minute)",
        tags={"team": "blue"},
    ),
    "aws:cloudwatch/eventTarget:EventTarget": sample(
        {"input": '{"a": 2}'}, rule=of(RULE, "name"), arn=of(FUNCTION, "arn"), input='{"a": 1}'
    ),
    "aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig": sample(
        {"maximumRetryAttempts": 1},
        functionName=of(FUNCTION, "name"),
        maximumEventAgeInSeconds=3600,
        destinationConfig=lambda world: {"onFailure": {"destination": queue("failed")(world)}},
    ),
    "aws:lambda/eventSourceMapping:EventSourceMapping": sample(
        {"batchSize": 5, "scalingConfig": {"maximumConcurrency": 3}, **TAGS},
        functionName=of(FUNCTION, "name"),
        eventSourceArn=of(QUEUE, "arn"),
        batchSize=10,
        functionResponseTypes=["ReportBatchItemFailures"],
        scalingConfig={"maximumConcurrency": 2},
        tags={"team": "blue"},
    ),
    QUEUE: sample(
        {"visibilityTimeoutSeconds": 200, "redrivePolicy": redrive("dead", 5), **TAGS},
        kmsMasterKeyId=of(KEY, "arn"),
        visibilityTimeoutSeconds=100,
        messageRetentionSeconds=86400,
        redrivePolicy=redrive("dead", 4),
        tags={"team": "blue"},
    ),
    LEDGER: sample(
        {"ttl": {"attributeName": "expiration", "enabled": True}, "pointInTimeRecovery": {"enabled": True}, **TAGS},
        billingMode="PAY_PER_REQUEST",
        hashKey="id",
        attributes=[{"name": "id", "type": "S"}],
        serverSideEncryption=lambda world: {"enabled": True, "kmsKeyArn": world(KEY)["arn"]},
        tags={"team": "blue"},
    ),
    "aws:dynamodb/resourcePolicy:ResourcePolicy": sample(
        {"policy": reading("red")}, resourceArn=of(LEDGER, "arn"), policy=reading("blue")
    ),
    SECRET: sample(
        {"description": "new", **TAGS},
        description="old",
        kmsKeyId=of(KEY, "arn"),
        recoveryWindowInDays=0,
        tags={"team": "blue"},
    ),
    "aws:secretsmanager/secretVersion:SecretVersion": sample(
        {"versionStages": ["AWSCURRENT", "blue"]}, secretId=of(SECRET), secretString="hush"
    ),
}
