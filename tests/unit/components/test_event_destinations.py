"""The destinations of a stack: what is made, who may do what, and that the sensors are told of it."""

import json
import re
from fnmatch import fnmatchcase
from typing import Any

import pytest

from components.delivery.event_warehouse import FIREHOSE
from falco_firelens.schemas.athena import QUERIES
from falco_firelens.settings import SettingsError
from tests.unit.components.cloud import ACCOUNT, Account, Deployed, deploy
from tests.unit.components.stacks import CREATED, ECS, SUBNETS, account
from tests.unit.components.stacks import WAREHOUSE as WAREHOUSE_OF_OURS

PLACE = f"account={ACCOUNT}/region=eu-west-1/"
STREAM = "falco-events-s3"


def stack(destinations: dict[str, object], **events: object) -> Deployed:
    return deploy({**CREATED, "events": {"destinations": destinations, **events}})


def policy(deployed: Deployed, name: str) -> dict[str, dict[str, Any]]:
    """The statements of a role's policy by their names."""
    document = json.loads(deployed.one("RolePolicy", name).inputs["policy"])
    return {statement["Sid"]: statement for statement in document["Statement"]}


@pytest.fixture
def parquet() -> Deployed:
    return stack({"s3": {}})


def s3_of(deployed: Deployed) -> dict[str, Any]:
    return dict(deployed.one("FirehoseDeliveryStream", "archive").inputs["extendedS3Configuration"])


def test_parquet_is_converted_by_the_columns_of_the_stacks_own_table(parquet: Deployed) -> None:
    configuration = s3_of(parquet)
    conversion = configuration["dataFormatConversionConfiguration"]
    assert conversion["schemaConfiguration"]["databaseName"] == "falco_events"
    assert conversion["schemaConfiguration"]["tableName"] == "events"
    assert conversion["inputFormatConfiguration"]["deserializer"]["openXJsonSerDe"] == {
        "caseInsensitive": False,
        "convertDotsInJsonKeysToUnderscores": False,
    }
    assert configuration["bufferingSize"] == 64
    assert configuration["compressionFormat"] == "UNCOMPRESSED"


def test_json_is_compressed_and_not_converted() -> None:
    configuration = s3_of(stack({"s3": {"format": "json", "bufferMib": 5, "bufferSeconds": 60}}))
    assert "dataFormatConversionConfiguration" not in configuration
    assert (configuration["bufferingSize"], configuration["bufferingInterval"]) == (5, 60)
    assert configuration["compressionFormat"] == "GZIP"


def test_objects_land_where_the_tables_projection_looks(parquet: Deployed) -> None:
    configuration = s3_of(parquet)
    parameters = parquet.one("CatalogTable", "archive").inputs["parameters"]
    bucket = parquet.one("s3/bucket:Bucket", "archive").inputs["bucket"]
    assert configuration["prefix"] == f"events/{PLACE}day=!{{timestamp:yyyy-MM-dd}}/"
    assert configuration["errorOutputPrefix"].startswith(f"errors/{PLACE}")
    assert parameters["storage.location.template"] == (
        f"s3://{bucket}/events/account=${{account}}/region=${{region}}/day=${{day}}/"
    )
    assert (parameters["projection.account.values"], parameters["projection.region.values"]) == (ACCOUNT, "eu-west-1")


def test_the_bucket_is_private_encrypted_and_versioned(parquet: Deployed) -> None:
    blocked = parquet.one("BucketPublicAccessBlock", "archive").inputs
    assert [blocked[key] for key in sorted(blocked) if key != "bucket"] == [True] * 4
    (rule,) = parquet.one("BucketServerSideEncryptionConfiguration", "archive").inputs["rules"]
    assert rule["applyServerSideEncryptionByDefault"]["kmsMasterKeyId"].endswith(":key/destinations-key")
    assert parquet.one("BucketVersioning", "archive").inputs["versioningConfiguration"] == {"status": "Enabled"}
    assert "forceDestroy" not in parquet.one("s3/bucket:Bucket", "archive").inputs


def test_what_does_not_come_by_tls_is_refused(parquet: Deployed) -> None:
    (statement,) = json.loads(parquet.one("BucketPolicy", "archive").inputs["policy"])["Statement"]
    assert (statement["Effect"], statement["Principal"], statement["Action"]) == ("Deny", "*", "s3:*")
    assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


@pytest.mark.parametrize(
    ("keys", "transitions", "expiration"),
    [
        ({}, [{"days": 90, "storageClass": "STANDARD_IA"}], {"days": 2555}),
        ({"infrequentAccessDays": 0, "expireDays": 31}, None, {"days": 31}),
        ({"expireDays": 0}, [{"days": 90, "storageClass": "STANDARD_IA"}], None),
    ],
)
def test_the_lifecycle_is_the_stack_files(keys: dict[str, object], transitions: object, expiration: object) -> None:
    (rule,) = stack({"s3": keys}).one("BucketLifecycleConfiguration", "archive").inputs["rules"]
    assert (rule.get("transitions"), rule.get("expiration")) == (transitions, expiration)
    assert rule["noncurrentVersionExpiration"] == {"noncurrentDays": 30}


def test_object_lock_is_there_only_where_it_is_wished(parquet: Deployed) -> None:
    locked = stack({"s3": {"objectLockDays": 400}})
    lock = locked.one("BucketObjectLockConfiguration", "archive").inputs
    assert lock["rule"] == {"defaultRetention": {"mode": "COMPLIANCE", "days": 400}}
    assert locked.one("s3/bucket:Bucket", "archive").inputs["objectLockEnabled"] is True
    assert parquet.of("BucketObjectLockConfiguration") == []
    assert parquet.one("s3/bucket:Bucket", "archive").inputs["objectLockEnabled"] is False


def test_firehose_may_write_the_stacks_own_folders_and_no_others(parquet: Deployed) -> None:
    statements = policy(parquet, "archive")
    bucket = parquet.one("s3/bucket:Bucket", "archive").inputs["bucket"]
    patterns = [pattern.removeprefix(f"arn:aws:s3:::{bucket}/") for pattern in statements["WriteObjects"]["Resource"]]
    for folder, allowed in {
        f"events/{PLACE}day=2026-11-24/x": True,
        f"errors/{PLACE}format-conversion-failed/x": True,
        "events/account=222233334444/region=eu-west-1/day=2026-11-24/x": False,
        "other/x": False,
    }.items():
        assert any(fnmatchcase(folder, pattern) for pattern in patterns) is allowed, folder
    assert "s3:PutObjectAcl" not in statements["WriteObjects"]["Action"]
    assert statements["EncryptObjects"]["Condition"]["StringEquals"]["kms:ViaService"] == "s3.eu-west-1.amazonaws.com"
    assert statements["ReadColumns"]["Resource"][-1].endswith(":table/falco_events/events")


def test_firehose_reads_no_table_where_nothing_is_converted() -> None:
    assert "ReadColumns" not in policy(stack({"s3": {"format": "json"}}), "archive")


def test_only_firehose_for_this_account_gets_the_role(parquet: Deployed) -> None:
    (statement,) = json.loads(parquet.one("Role", "archive").inputs["assumeRolePolicy"])["Statement"]
    assert statement["Principal"] == {"Service": "firehose.amazonaws.com"}
    assert statement["Condition"] == {"StringEquals": {"sts:ExternalId": ACCOUNT}}


def test_what_waits_in_the_stream_is_encrypted_with_the_stacks_key(parquet: Deployed) -> None:
    encryption = parquet.one("FirehoseDeliveryStream", "archive").inputs["serverSideEncryption"]
    assert encryption["keyType"] == "CUSTOMER_MANAGED_CMK"
    assert encryption["keyArn"].endswith(":key/destinations-key")


def test_every_named_query_is_in_the_workgroup(parquet: Deployed) -> None:
    queries = parquet.of("NamedQuery")
    assert {query.inputs["name"] for query in queries} == {query.name for query in QUERIES}
    assert not [query for query in queries if "{table}" in query.inputs["query"]]
    assert parquet.one("Workgroup", "archive").inputs["forceDestroy"] is True
    results = parquet.one("Workgroup", "archive").inputs["configuration"]["managedQueryResultsConfiguration"]
    assert results["enabled"] is True
    assert results["encryptionConfiguration"]["kmsKey"].endswith(":key/destinations-key")


@pytest.mark.parametrize("cluster", ["web", "jobs", "own"])
def test_sensors_may_put_records_into_exactly_the_stacks_streams(parquet: Deployed, cluster: str) -> None:
    statements = policy(parquet, f"{cluster}-shipping")
    assert set(statements) == {"ShipEvents", "StreamEvents"}
    assert statements["StreamEvents"]["Action"] == "firehose:PutRecordBatch"
    assert statements["StreamEvents"]["Resource"] == [f"arn:aws:firehose:eu-west-1:{ACCOUNT}:deliverystream/{STREAM}"]


def fluent_bit(deployed: Deployed) -> list[str]:
    """Fluent Bit's configuration on each platform."""
    maps = [item.inputs["data"] for item in deployed.of("ConfigMap")]
    tasks = [item.inputs["containerDefinitions"] for item in deployed.of("TaskDefinition")]
    return [*(data["fluent-bit.conf"] for data in maps if "fluent-bit.conf" in data), *tasks]


def test_fluent_bit_is_told_of_the_stream_on_every_platform(parquet: Deployed) -> None:
    found = fluent_bit(parquet)
    assert len(found) == 3
    assert all("kinesis_firehose" in text and STREAM in text and "cloudwatch_logs" in text for text in found)
    assert parquet.one("FirehoseDeliveryStream", "archive").inputs["name"] == STREAM


def test_without_the_log_group_the_streams_are_all_there_is() -> None:
    deployed = stack({"s3": {}}, cloudwatch=False)
    assert [item.name for item in deployed.of("LogGroup") if item.name == "events"] == []
    assert set(policy(deployed, "web-shipping")) == {"StreamEvents"}
    assert deployed.outputs["logGroup"] == {}
    assert all("kinesis_firehose" in text and "cloudwatch_logs" not in text for text in fluent_bit(deployed))


KEY = "arn:aws:kms:us-east-1:999988887777:key/0a1b"


def test_a_given_bucket_is_written_to_and_nothing_of_it_is_made() -> None:
    deployed = stack({"s3": {"bucketArn": "arn:aws:s3:::central", "kmsKeyArn": KEY}})
    assert deployed.of("s3/bucket:Bucket") == [] and deployed.of("Workgroup") == []
    configuration = s3_of(deployed)
    assert (configuration["bucketArn"], configuration["kmsKeyArn"]) == ("arn:aws:s3:::central", KEY)
    statements = policy(deployed, "archive")
    assert "s3:PutObjectAcl" in statements["WriteObjects"]["Action"]
    assert statements["FindBucket"]["Resource"] == "arn:aws:s3:::central"
    assert statements["EncryptObjects"]["Resource"] == KEY
    assert statements["EncryptObjects"]["Condition"]["StringEquals"]["kms:ViaService"] == "s3.us-east-1.amazonaws.com"
    location = deployed.one("CatalogTable", "archive").inputs["storageDescriptor"]["location"]
    assert location == "s3://central/events/"


def test_protection_covers_the_bucket_and_the_key_of_what_is_kept() -> None:
    deployed = stack({"s3": {}}, protect=True)
    assert deployed.one("s3/bucket:Bucket", "archive").protect
    assert deployed.one("Key", "destinations-key").protect


def test_names_are_those_that_have_landed(parquet: Deployed) -> None:
    """Names in AWS are state as logical names are: a change makes streams and buckets anew."""
    assert parquet.outputs["destinations"]["s3"] == {
        "stream": STREAM,
        "bucket": "archive-id",
        "prefix": f"events/{PLACE}",
        "database": "falco_events",
        "table": "events",
        "workgroup": "falco-events",
    }
    assert parquet.one("s3/bucket:Bucket", "archive").inputs["bucket"] == f"falco-events-{ACCOUNT}-eu-west-1"


def test_a_long_name_of_the_log_group_makes_names_that_aws_takes() -> None:
    deployed = deploy({"clusters": [ECS], "events": {"logGroup": "/Security/" + "x" * 400, "destinations": {"s3": {}}}})
    stream = deployed.one("FirehoseDeliveryStream", "archive").inputs["name"]
    bucket = deployed.one("s3/bucket:Bucket", "archive").inputs["bucket"]
    assert len(stream) <= 64 and len(bucket) <= 63
    assert stream.startswith("security-x") and bucket.startswith("security-x")


SECRET = f"arn:aws:secretsmanager:eu-west-1:{ACCOUNT}:secret:falco"
WAREHOUSE = {
    "workgroup": "dwh",
    "jdbcUrl": "jdbc:redshift://dwh.111122223333.eu-west-1.redshift-serverless.amazonaws.com:5439/falco",
    "secretArn": SECRET,
}
DOMAIN = f"arn:aws:es:eu-west-1:{ACCOUNT}:domain/logs"


def test_a_domain_of_ours_is_encrypted_and_open_to_nobody_without_a_signature() -> None:
    domain = stack({"opensearch": {}}).one("Domain", "search").inputs
    assert domain["domainName"] == "falco-events"
    assert domain["encryptAtRest"]["enabled"] and domain["encryptAtRest"]["kmsKeyId"].endswith("key/destinations-key")
    assert domain["nodeToNodeEncryption"] == {"enabled": True}
    assert domain["domainEndpointOptions"]["enforceHttps"] is True
    (statement,) = json.loads(domain["accessPolicies"])["Statement"]
    assert statement["Principal"] == {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}
    assert statement["Resource"] == f"arn:aws:es:eu-west-1:{ACCOUNT}:domain/falco-events/*"


@pytest.mark.parametrize(
    ("log_group", "name"), [("/a", "a-events"), ("/ab", "ab-events"), ("/abc", "abc"), ("/1", "e-1"), ("/", "events")]
)
def test_a_domain_has_a_name_that_aws_takes(log_group: str, name: str) -> None:
    values = {"clusters": [ECS], "events": {"logGroup": log_group, "destinations": {"opensearch": {}}}}
    found = deploy(values).one("Domain", "search").inputs["domainName"]
    assert found == name and re.fullmatch(r"[a-z][a-z0-9-]{2,27}", found)


@pytest.mark.parametrize(("version", "warned"), [("OpenSearch_2.13", True), ("OpenSearch_2.19", False)])
def test_a_given_domain_whose_flat_objects_do_not_work_is_warned_of(
    version: str, warned: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = list[str]()
    monkeypatch.setattr("pulumi.log.warn", said.append)
    values = {"clusters": [ECS], "events": {"destinations": {"opensearch": {"existing": {"domainArn": DOMAIN}}}}}
    deploy(values, Account(domains={"logs": version}))
    assert any(version in words for words in said) is warned


def test_a_given_domain_has_to_be_there_and_in_the_stacks_own_account_and_region() -> None:
    path = r"events\.destinations\.opensearch\.existing\.domainArn"
    values = {"clusters": [ECS], "events": {"destinations": {"opensearch": {"existing": {"domainArn": DOMAIN}}}}}
    with pytest.raises(SettingsError, match=rf"{path}: found nothing \(.*\), expected a domain"):
        deploy(values, Account(domains={}))
    with pytest.raises(
        SettingsError, match=rf"{path}: found .*, expected a domain of this stack's account, 999988887777"
    ):
        deploy(values, Account(number="999988887777"))
    with pytest.raises(SettingsError, match=rf"{path}: found .*, expected a domain in this stack's region, us-east-1"):
        deploy(values, Account(region="us-east-1"))


@pytest.mark.parametrize("rotation", ["OneDay", "OneMonth"])
def test_an_existing_domain_gets_an_index_a_period_and_the_bucket_what_it_refuses(rotation: str) -> None:
    deployed = stack({"opensearch": {"existing": {"domainArn": DOMAIN}, "indexRotation": rotation}})
    assert deployed.of("Domain") == []
    configuration = deployed.one("FirehoseDeliveryStream", "search").inputs["opensearchConfiguration"]
    assert (configuration["domainArn"], configuration["indexRotationPeriod"]) == (DOMAIN, rotation)
    assert configuration["s3BackupMode"] == "FailedDocumentsOnly"
    assert configuration["s3Configuration"]["bucketArn"] == f"arn:aws:s3:::falco-events-delivery-{ACCOUNT}-eu-west-1"
    statements = policy(deployed, "search")
    assert statements["IndexEvents"]["Resource"] == [DOMAIN, f"{DOMAIN}/*"]
    assert "dataFormatConversionConfiguration" not in configuration


def test_a_warehouse_is_copied_into_with_the_secrets_password() -> None:
    deployed = stack({"redshift": {"existing": WAREHOUSE, "table": "falco_events"}})
    configuration = deployed.one("FirehoseDeliveryStream", "warehouse").inputs["redshiftConfiguration"]
    assert configuration["clusterJdbcurl"] == WAREHOUSE["jdbcUrl"]
    assert configuration["dataTableName"] == "falco_events"
    assert configuration["secretsManagerConfiguration"]["secretArn"] == SECRET
    assert "password" not in configuration and "username" not in configuration
    assert configuration["s3Configuration"]["compressionFormat"] == "GZIP"
    assert policy(deployed, "warehouse")["ReadPassword"]["Resource"] == SECRET


def test_the_table_is_there_before_firehose_copies_into_it() -> None:
    deployed = stack({"redshift": {"existing": WAREHOUSE}})
    statement = deployed.one("redshiftdata/statement:Statement", "warehouse")
    assert statement.inputs["sql"].startswith('CREATE TABLE IF NOT EXISTS "events"')
    assert (statement.inputs["workgroupName"], "clusterIdentifier" in statement.inputs) == ("dwh", False)
    assert statement.urn in deployed.before(deployed.one("FirehoseDeliveryStream", "warehouse"))


def test_what_aws_forgets_of_a_statement_is_no_change() -> None:
    statement = stack({"redshift": {"existing": WAREHOUSE}}).one("redshiftdata/statement:Statement", "warehouse")
    assert set(statement.ignored) == {"clusterIdentifier", "secretArn", "sql", "workgroupName"}
    sql = statement.inputs["sql"]
    assert statement.replacement_trigger == [sql, "falco", "dwh", None]


def test_nobody_but_firehose_reaches_a_warehouse_of_ours() -> None:
    deployed = deploy({"clusters": [ECS], "events": {"destinations": {"redshift": WAREHOUSE_OF_OURS}}}, account())
    group = deployed.one("SecurityGroup", "warehouse")
    (rule,) = [item for item in deployed.of("SecurityGroupIngressRule") if item.name == "warehouse"]
    assert (rule.inputs["cidrIpv4"], rule.inputs["fromPort"], rule.inputs["toPort"]) == (
        FIREHOSE["eu-west-1"],
        5439,
        5439,
    )
    assert not group.inputs.get("ingress") and not group.inputs.get("egress")
    workgroup = deployed.one("Workgroup", "warehouse").inputs
    assert workgroup["securityGroupIds"] == ["warehouse-id"] == [rule.inputs["securityGroupId"]]
    assert (workgroup["subnetIds"], workgroup["baseCapacity"]) == (SUBNETS, 8)
    namespace = deployed.one("Namespace", "warehouse").inputs
    assert namespace["manageAdminPassword"] is True and namespace["kmsKeyId"].endswith("key/destinations-key")


def test_firehose_copies_into_a_warehouse_of_ours_once_it_and_the_table_are_there() -> None:
    deployed = deploy({"clusters": [ECS], "events": {"destinations": {"redshift": WAREHOUSE_OF_OURS}}}, account())
    secret = f"arn:aws:secretsmanager:eu-west-1:{ACCOUNT}:secret:redshift!admin"
    statement = deployed.one("redshiftdata/statement:Statement", "warehouse").inputs
    assert (statement["workgroupName"], statement["secretArn"]) == ("falco-events-warehouse", secret)
    configuration = deployed.one("FirehoseDeliveryStream", "warehouse").inputs["redshiftConfiguration"]
    assert configuration["clusterJdbcurl"] == "jdbc:redshift://falco-events-warehouse.example.com:5439/falco"
    assert configuration["secretsManagerConfiguration"]["secretArn"] == secret
    assert policy(deployed, "warehouse")["ReadPassword"]["Resource"] == secret


def test_a_warehouse_of_ours_wants_a_network_that_is_there_and_a_region_whose_firehose_is_known() -> None:
    values = {"clusters": [ECS], "events": {"destinations": {"redshift": WAREHOUSE_OF_OURS}}}
    path = r"events\.destinations\.redshift\.create"
    with pytest.raises(SettingsError, match=rf"{path}\.publicSubnetIds\[0\]: found subnet-1a2b3c4d, expected a subnet"):
        deploy(values, Account(subnets=SUBNETS[1:]))
    with pytest.raises(SettingsError, match=rf"{path}: found region eu-nowhere-1, expected an existing warehouse"):
        deploy(values, Account(region="eu-nowhere-1", subnets=SUBNETS))


def test_each_destination_has_its_own_stream_and_sensors_write_to_all() -> None:
    deployed = stack({"s3": {}, "opensearch": {}, "redshift": {"existing": WAREHOUSE}})
    names = {item.inputs["name"] for item in deployed.of("FirehoseDeliveryStream")}
    assert names == {"falco-events-s3", "falco-events-opensearch", "falco-events-redshift"}
    allowed = policy(deployed, "jobs-shipping")["StreamEvents"]["Resource"]
    assert {arn.rpartition("/")[2] for arn in allowed} == names
    assert all(name in text for name in names for text in fluent_bit(deployed))
    assert len([item for item in deployed.of("s3/bucket:Bucket") if item.name == "delivery"]) == 1
