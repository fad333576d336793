"""A hub and its spokes: what is made in which account and region, and who is let in to what."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from pulumi import FileArchive

from components.hub.centralization import SERVICES
from components.hub.log_receiver import PROCESSORS
from falco_firelens.settings import SettingsError
from localcloud.aws.resource_policy import Request, allows
from tests.unit.components.cloud import ACCOUNT, Account, Deployed, deploy
from tests.unit.components.stacks import BANK, ECS, HUB, HUB_STACK, SHOP, spoke

BUCKET = f"arn:aws:s3:::falco-events-{ACCOUNT}-eu-west-1"
STRANGER = "999999999999"
RECEIVED = f"falco-events-{BANK}-us-east-1"


@pytest.fixture(scope="module")
def hub() -> Deployed:
    return deploy(HUB)


@pytest.fixture(scope="module")
def shop(hub: Deployed) -> Deployed:
    return deploy({"clusters": [ECS], "spoke": {"hub": HUB_STACK}}, spoke(SHOP, "us-east-1", hub.outputs))


@pytest.fixture(scope="module")
def bank(hub: Deployed) -> Deployed:
    by_subscription = {"hub": HUB_STACK, "delivery": "subscription"}
    return deploy({"clusters": [ECS], "spoke": by_subscription}, spoke(BANK, "us-east-1", hub.outputs))


def document(stack: Deployed, kind: str, name: str, key: str = "policy") -> str:
    return str(stack.one(kind, name).inputs[key])


def writing(account: str, role: str = "archive-1a2b3c4") -> dict[str, str]:
    """What a write of a role of an account comes with; the stream's by default."""
    return {"aws:SecureTransport": "true", "aws:PrincipalArn": f"arn:aws:iam::{account}:role/{role}"}


@pytest.mark.parametrize(
    ("account", "folder", "allowed"),
    [
        (SHOP, f"events/account={SHOP}/region=eu-west-1/day=2026-11-24/x", True),
        (SHOP, f"errors/account={SHOP}/region=us-east-1/x", True),
        (BANK, f"events/account={BANK}/region=us-east-1/x", True),
        (SHOP, f"events/account={BANK}/region=us-east-1/x", False),
        (SHOP, "events/x", False),
        (STRANGER, f"events/account={STRANGER}/x", False),
        (STRANGER, f"events/account={SHOP}/x", False),
    ],
)
def test_exactly_the_spokes_write_each_into_its_own_folders(
    hub: Deployed, account: str, folder: str, allowed: bool
) -> None:
    policy = document(hub, "BucketPolicy", "archive")
    context = writing(account)
    assert allows(policy, Request(account, "s3:PutObject", f"{BUCKET}/{folder}", context)) is allowed
    assert not allows(policy, Request(account, "s3:DeleteObject", f"{BUCKET}/{folder}", context))
    assert allows(policy, Request(account, "s3:PutObjectAcl", f"{BUCKET}/{folder}", context)) is allowed
    plain = {**context, "aws:SecureTransport": "false"}
    assert not allows(policy, Request(account, "s3:PutObject", f"{BUCKET}/{folder}", plain))


@pytest.mark.parametrize("role", ["shop-app", "my-archive-1a2b3c4", "archive"])
@pytest.mark.parametrize("action", ["s3:PutObject", "s3:GetObject", "s3:AbortMultipartUpload"])
def test_an_application_of_a_spoke_overwrites_its_accounts_history(hub: Deployed, role: str, action: str) -> None:
    """The attacker has `s3:*` on everything in an account that is a spoke, and not the role of its stream."""
    policy, folder = document(hub, "BucketPolicy", "archive"), f"{BUCKET}/events/account={SHOP}/region=eu-west-1/x"
    assert allows(policy, Request(SHOP, action, folder, writing(SHOP)))
    assert not allows(policy, Request(SHOP, action, folder, writing(SHOP, role)))
    assert not allows(policy, Request(SHOP, "s3:ListBucketMultipartUploads", BUCKET, writing(SHOP, role)))


KEY = f"arn:aws:kms:eu-west-1:{ACCOUNT}:key/destinations-key"
SSE = "s3:x-amz-server-side-encryption"


@pytest.mark.parametrize(
    ("encryption", "allowed"),
    [
        ({}, True),
        ({SSE: "aws:kms", f"{SSE}-aws-kms-key-id": KEY}, True),
        ({SSE: "aws:kms", f"{SSE}-aws-kms-key-id": KEY.replace(ACCOUNT, SHOP)}, False),
        ({SSE: "AES256"}, False),
        ({f"{SSE}-customer-algorithm": "AES256"}, False),
    ],
)
def test_a_spoke_writes_what_the_hub_cannot_read(hub: Deployed, encryption: dict[str, str], allowed: bool) -> None:
    policy, folder = document(hub, "BucketPolicy", "archive"), f"{BUCKET}/events/account={SHOP}/region=eu-west-1/x"
    assert allows(policy, Request(SHOP, "s3:PutObject", folder, {**writing(SHOP), **encryption})) is allowed


def test_the_roles_of_streams_are_called_as_the_hub_asks(shop: Deployed) -> None:
    """Their names are the engine's, which begin with the logical one."""
    stream = shop.one("FirehoseDeliveryStream", "archive").inputs["extendedS3Configuration"]
    role = shop.one("iam/role:Role", "archive")
    assert "name" not in role.inputs and stream["roleArn"].endswith(f":{role.name}")


def test_a_spoke_does_not_read_what_others_wrote(hub: Deployed) -> None:
    policy = document(hub, "BucketPolicy", "archive")
    for action in ("s3:ListBucket", "s3:GetBucketPolicy"):
        assert not allows(policy, Request(SHOP, action, BUCKET, writing(SHOP)))
    folder = f"{BUCKET}/events/account={BANK}/x"
    assert not allows(policy, Request(SHOP, "s3:GetObject", folder, writing(SHOP)))


@pytest.mark.parametrize(("account", "allowed"), [(SHOP, True), (BANK, True), (STRANGER, False)])
def test_the_key_encrypts_for_the_spokes_by_way_of_the_bucket_alone(hub: Deployed, account: str, allowed: bool) -> None:
    policy = document(hub, "Key", "destinations-key")
    through = {"kms:ViaService": "s3.eu-west-1.amazonaws.com"}
    assert allows(policy, Request(account, "kms:GenerateDataKey", "*", through)) is allowed
    assert not allows(policy, Request(account, "kms:GenerateDataKey", "*"))
    assert not allows(policy, Request(account, "kms:ScheduleKeyDeletion", "*", through))


def test_the_policies_of_two_hundred_spokes_are_as_small_as_aws_takes_them() -> None:
    spokes = [{"account": f"{number:012}", "regions": ["eu-west-1"]} for number in range(200)]
    stack = deploy({"hub": {"spokes": spokes}})
    assert len(document(stack, "BucketPolicy", "archive")) < 20 * 1024
    assert len(document(stack, "Key", "destinations-key")) < 32 * 1024


def test_the_table_is_projected_over_every_spokes_accounts_and_regions(hub: Deployed) -> None:
    parameters = hub.one("CatalogTable", "archive").inputs["parameters"]
    assert parameters["projection.account.values"] == f"{SHOP},{BANK}"
    assert parameters["projection.region.values"] == "eu-west-1,us-east-1"
    own = deploy({**HUB, "clusters": [ECS]}, Account(region="eu-central-1"))
    parameters = own.one("CatalogTable", "archive").inputs["parameters"]
    assert parameters["projection.account.values"] == f"{ACCOUNT},{SHOP},{BANK}"
    assert parameters["projection.region.values"] == "eu-central-1,eu-west-1,us-east-1"


def test_a_hub_without_clusters_has_nothing_that_only_sensors_need(hub: Deployed) -> None:
    assert [item.inputs["name"] for item in hub.of("FirehoseDeliveryStream")] == [RECEIVED]
    groups = {item.inputs["name"] for item in hub.of("LogGroup")}
    assert groups == {f"/aws/kinesisfirehose/{RECEIVED}", "/falco/events/central"}
    assert hub.of("CompositeAlarm") == hub.of("QueryDefinition") == hub.of("Vpc") == []
    assert hub.outputs["logGroup"] == hub.outputs["insights"] == {}
    assert set(hub.outputs["destinations"]["s3"]) == {"bucket", "database", "table", "workgroup"}


def test_there_is_a_sink_in_each_region_of_a_spoke_for_exactly_the_spokes(hub: Deployed) -> None:
    assert {item.inputs["region"] for item in hub.of("Sink")} == {"eu-west-1", "us-east-1"}
    for item in hub.of("SinkPolicy"):
        (statement,) = json.loads(item.inputs["policy"])["Statement"]
        assert statement["Principal"] == {"AWS": [f"arn:aws:iam::{account}:root" for account in (SHOP, BANK)]}
        assert statement["Action"] == ["oam:CreateLink", "oam:UpdateLink"]
        assert set(statement["Condition"]["ForAllValues:StringEquals"]["oam:ResourceTypes"]) == {
            "AWS::CloudWatch::Metric",
            "AWS::Logs::LogGroup",
        }
        assert item.inputs["region"] in item.inputs["sinkIdentifier"]


def test_without_observability_there_is_neither_sink_nor_dashboard() -> None:
    stack = deploy({"hub": {**HUB["hub"], "observability": False}})
    assert stack.of("Sink") == stack.of("SinkPolicy") == stack.of("Dashboard") == []
    assert stack.outputs["hub"]["sinkArns"] == {} and stack.outputs["hub"]["dashboard"] == ""


def test_a_log_destination_is_in_the_senders_region_and_lets_only_it_subscribe(hub: Deployed) -> None:
    (destination,) = hub.of("LogDestination")
    (policy,) = hub.of("LogDestinationPolicy")
    assert destination.inputs["region"] == policy.inputs["region"] == "us-east-1"
    arn = f"arn:aws:logs:us-east-1:{ACCOUNT}:destination:{RECEIVED}"
    for account, allowed in ((BANK, True), (SHOP, False), (STRANGER, False)):
        request = Request(account, "logs:PutSubscriptionFilter", arn)
        assert allows(policy.inputs["accessPolicy"], request) is allowed
    assert hub.outputs["hub"]["logDestinationArns"] == {BANK: {"us-east-1": arn}}


def test_what_a_log_group_sends_becomes_the_event_itself_in_the_senders_own_folder(hub: Deployed) -> None:
    stream = hub.one("FirehoseDeliveryStream", f"hub-{BANK}-us-east-1").inputs
    configuration = stream["extendedS3Configuration"]
    assert configuration["prefix"].startswith(f"events/account={BANK}/region=us-east-1/day=")
    assert configuration["errorOutputPrefix"].startswith(f"errors/account={BANK}/region=us-east-1/")
    kinds = [processor["type"] for processor in configuration["processingConfiguration"]["processors"]]
    assert kinds == [processor["type"] for processor in PROCESSORS]
    conversion = configuration["dataFormatConversionConfiguration"]
    assert conversion["schemaConfiguration"]["databaseName"] == "falco_events"
    text = deploy({**HUB, "events": {"destinations": {"s3": {"format": "json"}}}})
    configuration = text.one("FirehoseDeliveryStream", f"hub-{BANK}-us-east-1").inputs["extendedS3Configuration"]
    assert "dataFormatConversionConfiguration" not in configuration


def test_somebody_is_told_when_what_the_hub_itself_delivers_is_late_or_fails() -> None:
    told = deploy({**HUB, "notifications": [{"protocol": "email", "endpoint": "soc@example.com"}]})
    alarms = told.of("MetricAlarm")
    assert {item.inputs["name"] for item in alarms} == {
        f"falco-unit-hub-{BANK}-us-east-1-late",
        f"falco-unit-hub-{BANK}-us-east-1-failing",
        "falco-unit-hub-notifications-failing",
    }
    (topic,) = told.of("Topic")
    (subscription,) = told.of("TopicSubscription")
    assert subscription.inputs["endpoint"] == "soc@example.com"
    assert {action for item in alarms for action in item.inputs["alarmActions"]} == {subscription.inputs["topic"]}
    (statement,) = json.loads(told.one("TopicPolicy", "hub-topic").inputs["policy"])["Statement"]
    assert statement["Condition"]["ArnLike"]["aws:SourceArn"].endswith(f":alarm:{topic.inputs['name']}-*")
    by_streams = deploy({"hub": {"spokes": [{"account": SHOP, "regions": ["eu-west-1"]}]}})
    assert by_streams.of("MetricAlarm") == by_streams.of("Topic") == []


def test_cloudwatch_may_put_into_that_stream_for_that_account_and_region_alone(hub: Deployed) -> None:
    name = f"hub-{BANK}-us-east-1-subscription"
    (trust,) = json.loads(document(hub, "Role", name, "assumeRolePolicy"))["Statement"]
    assert trust["Condition"]["ArnLike"]["aws:SourceArn"] == [
        f"arn:aws:logs:us-east-1:{account}:*" for account in (BANK, ACCOUNT)
    ]
    (put,) = json.loads(document(hub, "RolePolicy", name))["Statement"]
    assert put["Resource"] == f"arn:aws:firehose:eu-west-1:{ACCOUNT}:deliverystream/{RECEIVED}"


def test_the_key_is_for_the_log_of_every_stream_of_the_hub(hub: Deployed) -> None:
    policy = document(hub, "Key", "destinations-key")
    for item in hub.of("cloudwatch/logGroup:LogGroup"):
        if item.inputs["name"].startswith("/aws/"):
            arns = [
                one["Condition"]["ArnEquals"]["kms:EncryptionContext:aws:logs:arn"]
                for one in json.loads(policy)["Statement"]
                if "ArnEquals" in one.get("Condition", {})
            ]
            assert arns == [f"arn:aws:logs:eu-west-1:{ACCOUNT}:log-group:/aws/kinesisfirehose/falco-events-*-*"]


def test_an_organization_copies_the_spokes_log_groups_into_an_encrypted_one(hub: Deployed) -> None:
    (rule,) = (item.inputs["rule"] for item in hub.of("CentralizationRuleForOrganization"))
    assert rule["source"]["regions"] == ["eu-west-1", "us-east-1"]
    assert rule["source"]["scope"] == "OrganizationId = 'o-abcdefghij'"
    assert rule["source"]["sourceLogsConfiguration"]["logGroupSelectionCriteria"] == "LogGroupName = '/falco/events'"
    logs = rule["destination"]["destinationLogsConfiguration"]
    group = hub.one("cloudwatch/logGroup:LogGroup", "hub-log").inputs
    assert logs["logGroupNameConfiguration"]["logGroupNamePattern"] == group["name"] == "/falco/events/central"
    assert logs["logsEncryptionConfiguration"]["kmsKeyArn"] == group["kmsKeyId"]
    assert deploy({"hub": {"spokes": HUB["hub"]["spokes"]}}).of("CentralizationRuleForOrganization") == []


def test_the_key_of_the_copies_has_the_tag_that_their_role_asks_for(hub: Deployed) -> None:
    """AWSObservabilityAdminLogsCentralizationServiceRolePolicy: `aws:ResourceTag/LogsManaged` is "true"."""
    assert hub.one("Key", "hub-log-key").inputs["tags"]["LogsManaged"] == "true"
    tagged = deploy({**HUB, "tags": {"team": "soc", "LogsManaged": "no"}})
    assert tagged.one("Key", "hub-log-key").inputs["tags"] == {"team": "soc", "LogsManaged": "true"}
    assert tagged.one("Key", "destinations-key").inputs["tags"]["LogsManaged"] == "no"


@pytest.mark.parametrize("there", [(), SERVICES[:1], SERVICES[1:]])
def test_service_linked_roles_that_are_not_there_are_named_before_anything_is_made(there: tuple[str, ...]) -> None:
    with pytest.raises(SettingsError) as raised:
        deploy(HUB, Account(service_linked=there))
    assert [mistake.path for mistake in raised.value.mistakes] == ["hub.organizationId"] * (2 - len(there))
    for service in set(SERVICES) - set(there):
        assert f"aws iam create-service-linked-role --aws-service-name {service}`" in str(raised.value)
    deploy({"hub": {"spokes": HUB["hub"]["spokes"]}}, Account(service_linked=there))


def test_a_spoke_ships_into_the_hubs_bucket_in_the_hubs_format(hub: Deployed, shop: Deployed) -> None:
    configuration = shop.one("FirehoseDeliveryStream", "archive").inputs["extendedS3Configuration"]
    assert configuration["bucketArn"] == hub.outputs["hub"]["bucketArn"]
    assert configuration["kmsKeyArn"] == hub.outputs["hub"]["kmsKeyArn"]
    assert configuration["prefix"].startswith(f"events/account={SHOP}/region=us-east-1/day=")
    assert "dataFormatConversionConfiguration" in configuration
    assert shop.of("s3/bucket:Bucket") == []
    statements = json.loads(document(shop, "RolePolicy", "jobs-shipping"))["Statement"]
    assert {statement["Sid"] for statement in statements} == {"ShipEvents", "StreamEvents"}
    text = {"hub": {**hub.outputs["hub"], "format": "json"}}
    other = deploy({"clusters": [ECS], "spoke": {"hub": HUB_STACK}}, spoke(SHOP, "us-east-1", text))
    configuration = other.one("FirehoseDeliveryStream", "archive").inputs["extendedS3Configuration"]
    assert configuration["compressionFormat"] == "GZIP"


def test_a_spoke_shares_its_log_group_and_the_metrics_that_the_hub_shows(hub: Deployed, shop: Deployed) -> None:
    link = shop.one("Link", "spoke").inputs
    assert link["sinkIdentifier"] == hub.outputs["hub"]["sinkArns"]["us-east-1"]
    shared = link["linkConfiguration"]
    assert shared["logGroupConfiguration"]["filter"] == "LogGroupName = '/falco/events'"
    assert shared["metricConfiguration"]["filter"] == "Namespace IN ('FalcoFirelens', 'AWS/Logs', 'AWS/Firehose')"


def test_a_spoke_may_link_to_a_sink_that_the_hub_has_not_made(hub: Deployed) -> None:
    sink = "arn:aws:oam:us-east-1:444444444444:sink/given"
    values = {"clusters": [ECS], "spoke": {"hub": HUB_STACK, "sinkArn": sink}}
    assert deploy(values, spoke(SHOP, "us-east-1", hub.outputs)).one("Link", "spoke").inputs["sinkIdentifier"] == sink


def test_by_subscription_the_log_group_sends_and_no_stream_is_made(hub: Deployed, bank: Deployed) -> None:
    subscription = bank.one("LogSubscriptionFilter", "spoke").inputs
    assert subscription["destinationArn"] == hub.outputs["hub"]["logDestinationArns"][BANK]["us-east-1"]
    assert (subscription["logGroup"], subscription["filterPattern"]) == ("/falco/events", "")
    assert bank.of("FirehoseDeliveryStream") == []
    (statement,) = json.loads(document(bank, "RolePolicy", "jobs-shipping"))["Statement"]
    assert statement["Sid"] == "ShipEvents"


def _archives_by_name(inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Return inputs in which two archives with one content are equal: their files are named by it."""
    return {key: Path(value.path).name if isinstance(value, FileArchive) else value for key, value in inputs.items()}


def test_a_hub_given_by_its_arns_is_the_same_to_a_spoke(hub: Deployed, shop: Deployed) -> None:
    outputs = hub.outputs["hub"]
    given = {
        "bucketArn": outputs["bucketArn"],
        "kmsKeyArn": outputs["kmsKeyArn"],
        "sinkArn": outputs["sinkArns"]["us-east-1"],
    }
    by_arns = deploy({"clusters": [ECS], "spoke": given}, Account(region="us-east-1", number=SHOP))

    def inputs(stack: Deployed) -> dict[tuple[str, str], Any]:
        return {(item.type, item.name): _archives_by_name(item.inputs) for item in stack.resources}

    assert inputs(by_arns) == inputs(shop)


def test_another_region_of_the_hubs_own_account_needs_no_permission() -> None:
    regions = [{"account": ACCOUNT, "regions": ["us-east-1"]}]
    stack = deploy({"hub": {"spokes": regions}})
    assert stack.of("Sink") == []
    policy = document(stack, "BucketPolicy", "archive")
    assert [statement["Sid"] for statement in json.loads(policy)["Statement"]] == ["TlsOnly"]
    parameters = stack.one("CatalogTable", "archive").inputs["parameters"]
    assert (parameters["projection.account.values"], parameters["projection.region.values"]) == (ACCOUNT, "us-east-1")
    near = deploy({"clusters": [ECS], "spoke": {"hub": HUB_STACK}}, spoke(ACCOUNT, "us-east-1", stack.outputs))
    assert near.of("Link") == []


@pytest.mark.parametrize(
    ("values", "account", "expected"),
    [
        (
            {"hub": HUB_STACK},
            spoke(STRANGER, "us-east-1", {}),
            f"spoke.hub: found a stack that is no hub at {HUB_STACK}, expected the stack of a hub",
        ),
        ({"hub": "acme/falco-firelens/gone"}, Account(), "spoke.hub: found no stack acme/falco-firelens/gone"),
    ],
)
def test_what_is_no_hub_is_told_before_anything_is_made(
    values: dict[str, str], account: Account, expected: str
) -> None:
    with pytest.raises(SettingsError) as caught:
        deploy({"clusters": [ECS], "spoke": values}, account)
    assert str(caught.value).startswith(f"Pulumi.unit.yaml: {expected}")


@pytest.mark.parametrize(
    ("number", "region", "delivery", "expected"),
    [
        (STRANGER, "eu-west-1", "firehose", f"account {STRANGER} and region eu-west-1 in its hub.spokes"),
        (BANK, "eu-west-1", "subscription", f"account {BANK} and region eu-west-1 in its hub.spokes"),
        (SHOP, "eu-west-1", "subscription", f"`delivery: subscription` of account {SHOP} in its hub.spokes"),
    ],
)
def test_a_hub_that_does_not_expect_the_spoke_is_told(
    hub: Deployed, number: str, region: str, delivery: str, expected: str
) -> None:
    values = {"clusters": [ECS], "spoke": {"hub": HUB_STACK, "delivery": delivery}}
    with pytest.raises(SettingsError, match=expected):
        deploy(values, spoke(number, region, hub.outputs))


def test_a_further_spoke_is_a_line_that_replaces_nothing(hub: Deployed) -> None:
    further = {"account": STRANGER, "regions": ["us-east-1"]}
    more = deploy({"hub": {**HUB["hub"], "spokes": [*HUB["hub"]["spokes"], further]}})
    before = {item.urn: item.inputs for item in hub.resources if item.type.startswith("aws:")}
    after = {item.urn: item.inputs for item in more.resources if item.type.startswith("aws:")}
    assert before.keys() == after.keys()
    changed = {urn.rpartition("::")[0].rpartition(":")[2] for urn in before if before[urn] != after[urn]}
    assert changed == {"BucketPolicy", "Key", "SinkPolicy", "CatalogTable"}


def test_a_hub_is_no_spoke_of_its_own() -> None:
    here = {"account": ACCOUNT, "regions": ["us-east-1", "eu-west-1"]}
    with pytest.raises(SettingsError) as caught:
        deploy({"hub": {"spokes": [here]}})
    assert str(caught.value) == (
        f"Pulumi.unit.yaml: hub.spokes[0]: found the hub itself: account {ACCOUNT}, region eu-west-1, "
        "expected another account, or other regions of this one"
    )
