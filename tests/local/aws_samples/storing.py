"""Samples of what keeps and delivers events: buckets, tables, queries, streams, a domain."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from tests.local.aws_samples.sample import KEY, ROLE, TAGS, Sample, World, of, sample

BUCKET = "aws:s3/bucket:Bucket"
DATABASE, WORKGROUP = "aws:glue/catalogDatabase:CatalogDatabase", "aws:athena/workgroup:Workgroup"
SELECT = "SELECT count(*) FROM events"


def bucket_policy(action: str) -> Callable[[World], str]:
    """Lets the account do one thing with the bucket of the samples."""

    def text(world: World) -> str:
        principal = {"AWS": "arn:aws:iam::123456789012:root"}
        resource = f"{world(BUCKET)['arn']}/*"
        statement = {"Effect": "Allow", "Principal": principal, "Action": action, "Resource": resource}
        return json.dumps({"Version": "2012-10-17", "Statement": [statement]})

    return text


def lifecycle(days: int) -> list[dict[str, Any]]:
    """Rules of the shape that the program's own have."""
    return [
        {
            "id": "age",
            "status": "Enabled",
            "filter": {"prefix": ""},
            "abortIncompleteMultipartUpload": {"daysAfterInitiation": 7},
            "noncurrentVersionExpiration": {"noncurrentDays": 30},
            "transitions": [{"days": 90, "storageClass": "STANDARD_IA"}],
            "expiration": {"days": days},
        }
    ]


def encryption(**by_default: str) -> list[dict[str, Any]]:
    """Rules for a key."""
    return [{"applyServerSideEncryptionByDefault": by_default, "bucketKeyEnabled": True}]


def delivery(seconds: int) -> Callable[[World], Mapping[str, Any]]:
    """How a stream delivers to the bucket of the samples."""
    return lambda world: {
        "roleArn": world(ROLE)["arn"],
        "bucketArn": world(BUCKET)["arn"],
        "bufferingSize": 5,
        "bufferingInterval": seconds,
        "compressionFormat": "GZIP",
        "kmsKeyArn": world(KEY)["arn"],
    }


def columns(*names: str) -> Mapping[str, Any]:
    """A table's storage."""
    return {
        "location": "s3://events/",
        "columns": [{"name": name, "type": "string"} for name in names],
        "serDeInfo": {"serializationLibrary": "org.openx.data.jsonserde.JsonSerDe", "parameters": {"a": "b"}},
    }


def limit(megabytes: int) -> Mapping[str, Any]:
    """A workgroup's configuration."""
    return {"enforceWorkgroupConfiguration": True, "bytesScannedCutoffPerQuery": megabytes * 2**20}


STORING: dict[str, Sample] = {
    BUCKET: sample(TAGS, tags={"team": "blue"}, objectLockEnabled=True),
    "aws:s3/bucketVersioning:BucketVersioning": sample(
        bucket=of(BUCKET, "bucket"), versioningConfiguration={"status": "Enabled"}
    ),
    "aws:s3/bucketPolicy:BucketPolicy": sample(
        {"policy": bucket_policy("s3:PutObject")}, bucket=of(BUCKET, "bucket"), policy=bucket_policy("s3:GetObject")
    ),
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": sample(
        {"blockPublicPolicy": True}, bucket=of(BUCKET, "bucket"), blockPublicAcls=True
    ),
    "aws:s3/bucketOwnershipControls:BucketOwnershipControls": sample(
        {"rule": {"objectOwnership": "BucketOwnerPreferred"}},
        bucket=of(BUCKET, "bucket"),
        rule={"objectOwnership": "BucketOwnerEnforced"},
    ),
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": sample(
        {"rules": encryption(sseAlgorithm="AES256")},
        bucket=of(BUCKET, "bucket"),
        rules=encryption(sseAlgorithm="aws:kms", kmsMasterKeyId="alias/events"),
    ),
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": sample(
        {"rules": lifecycle(400)}, bucket=of(BUCKET, "bucket"), rules=lifecycle(200)
    ),
    "aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration": sample(
        {"rule": {"defaultRetention": {"mode": "COMPLIANCE", "days": 20}}},
        bucket=of(BUCKET, "bucket"),
        rule={"defaultRetention": {"mode": "COMPLIANCE", "days": 10}},
    ),
    DATABASE: sample({"description": "new"}, description="old", tags={"team": "blue"}),
    "aws:glue/catalogTable:CatalogTable": sample(
        {"storageDescriptor": columns("rule", "time")},
        databaseName=of(DATABASE, "name"),
        tableType="EXTERNAL_TABLE",
        partitionKeys=[{"name": "day", "type": "string"}],
        parameters={"EXTERNAL": "TRUE"},
        storageDescriptor=columns("rule"),
    ),
    WORKGROUP: sample({"configuration": limit(20)}, configuration=limit(10), description="questions"),
    "aws:athena/namedQuery:NamedQuery": sample(
        workgroup=of(WORKGROUP, "name"), database=of(DATABASE, "name"), query=SELECT
    ),
    "aws:kinesis/firehoseDeliveryStream:FirehoseDeliveryStream": sample(
        {"extendedS3Configuration": delivery(60), **TAGS},
        destination="extended_s3",
        extendedS3Configuration=delivery(300),
        serverSideEncryption=lambda world: {
            "enabled": True,
            "keyType": "CUSTOMER_MANAGED_CMK",
            "keyArn": world(KEY)["arn"],
        },
    ),
    "aws:opensearch/domain:Domain": sample(
        {"clusterConfig": {"instanceType": "t3.small.search", "instanceCount": 2}, **TAGS},
        engineVersion="OpenSearch_2.19",
        clusterConfig={"instanceType": "t3.small.search", "instanceCount": 1},
        ebsOptions={"ebsEnabled": True, "volumeType": "gp3", "volumeSize": 20},
        encryptAtRest=lambda world: {"enabled": True, "kmsKeyId": world(KEY)["arn"]},
        nodeToNodeEncryption={"enabled": True},
        domainEndpointOptions={"enforceHttps": True},
    ),
    "aws:redshiftdata/statement:Statement": sample(
        workgroupName="events",
        database="falco",
        secretArn="arn:aws:secretsmanager:eu-west-1:123456789012:secret:events-a1b2c3",
        sql="CREATE TABLE events (rule VARCHAR)",
    ),
}
