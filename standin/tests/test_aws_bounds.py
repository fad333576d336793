"""What the aws stand-in refuses before anything is sent: AWS's models, and the limits that AWS publishes."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import botocore.session
import jmespath
import jsonschema
import pytest
import regex
from botocore.exceptions import ClientError

from standin.aws import bounds, inventory
from standin.aws.limits import ANY, load
from standin.aws.recording import RecordingCloud
from standin.aws.registry import resources

FILE = Path(__file__).parents[2] / "falco_firelens" / "limits" / "aws.yaml"
LIMITS = load(FILE)
SERVICES = sorted({resource.service for resource in resources().values()})
SEARCHES = [[{"expression": "SEARCH()"}]] * 101
ROLE = {"RoleName": "r", "AssumeRolePolicyDocument": "{}"}


@pytest.fixture(scope="module")
def cloud() -> Iterator[RecordingCloud]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ACCESS_KEY_ID", "test")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "test")
        yield RecordingCloud({"region": "eu-west-1"}, LIMITS)


def body(kind: str, **properties: Any) -> dict[str, str]:
    """A dashboard with one widget."""
    widgets = [{"type": kind, "x": 0, "y": 0, "width": 24, "height": 6, "properties": properties}]
    return {"DashboardName": "d", "DashboardBody": json.dumps({"widgets": widgets})}


REFUSED = [
    # By the model: length, pattern, enum, range, size of a list.
    ("kms", "create_alias", {"AliasName": "alias/" + "x" * 251, "TargetKeyId": "k"}, "ValidationException"),
    ("logs", "create_log_group", {"logGroupName": "a b"}, "InvalidParameterException"),
    ("iam", "create_role", {**ROLE, "RoleName": "r" * 65}, "ValidationError"),
    ("iam", "create_role", {**ROLE, "MaxSessionDuration": 60}, "ValidationError"),
    ("opensearch", "create_domain", {"DomainName": "a"}, "ValidationException"),
    ("oam", "create_sink", {"Name": "a b"}, "InvalidParameterException"),
    ("cloudwatch", "put_composite_alarm", {"AlarmName": "a", "AlarmRule": "x" * 10241}, "ValidationError"),
    ("ecs", "create_service", {"serviceName": "s", "launchType": "MOON"}, "InvalidParameterException"),
    ("lambda", "invoke", {"FunctionName": "a b"}, "InvalidParameterValueException"),
    # By what AWS publishes.
    ("ecs", "create_capacity_provider", {"name": "ecs-prod"}, "ClientException"),
    ("ecs", "create_capacity_provider", {"name": "AWSprod"}, "ClientException"),
    ("ec2", "create_security_group", {"GroupName": "sg-x", "Description": "d"}, "InvalidParameterValue"),
    ("sqs", "create_queue", {"QueueName": "a.b"}, "InvalidParameterValue"),
    ("sqs", "create_queue", {"QueueName": "a", "Attributes": {"VisibilityTimeout": "43201"}}, "InvalidAttributeValue"),
    ("sns", "create_topic", {"Name": "t" * 257}, "InvalidParameter"),
    ("s3", "create_bucket", {"Bucket": "192.168.0.1"}, "InvalidBucketName"),
    ("s3", "put_bucket_policy", {"Bucket": "bbb", "Policy": "x" * 20481}, "PolicyTooLarge"),
    ("logs", "create_log_group", {"logGroupName": "aws/x"}, "InvalidParameterException"),
    ("kms", "put_key_policy", {"KeyId": "k", "Policy": "x" * 32769}, "LimitExceededException"),
    ("iam", "create_policy", {"PolicyName": "p", "PolicyDocument": "x" * 6145}, "LimitExceeded"),
    ("iam", "create_role", {**ROLE, "AssumeRolePolicyDocument": "x" * 2049}, "LimitExceeded"),
    ("iam", "put_role_policy", {"RoleName": "r", "PolicyName": "p", "PolicyDocument": "x" * 10241}, "LimitExceeded"),
    ("iam", "tag_role", {"RoleName": "r", "Tags": [{"Key": key, "Value": ""} for key in ("a", "A")]}, "InvalidInput"),
    ("sns", "tag_resource", {"ResourceArn": "arn", "Tags": [{"Key": "aws:x", "Value": ""}]}, "InvalidParameter"),
    ("logs", "create_log_group", {"logGroupName": "g", "tags": {"a\tb": "c"}}, "InvalidParameterException"),
    ("cloudwatch", "put_dashboard", body("alarm", alarms=["arn"] * 101), "InvalidParameterInput"),
    ("cloudwatch", "put_dashboard", body("alarm", alarms=[]), "InvalidParameterInput"),
    ("cloudwatch", "put_dashboard", body("metric", metrics=SEARCHES), "InvalidParameterInput"),
    ("cloudwatch", "put_dashboard", body("metric", metrics=[["n", "m"]] * 501), "InvalidParameterInput"),
    ("cloudwatch", "put_dashboard", body("log", query="x" * 10001), "InvalidParameterInput"),
    ("cloudwatch", "put_composite_alarm", {"AlarmName": "a", "AlarmRule": "ALARM(a) OR " * 101}, "LimitExceeded"),
]  # fmt: skip


@pytest.mark.parametrize(("service", "call", "parameters", "code"), REFUSED)
def test_what_breaks_a_bound_is_refused_with_the_services_own_error(
    service: str, call: str, parameters: dict[str, Any], code: str, cloud: RecordingCloud
) -> None:
    with pytest.raises(ClientError) as caught:
        getattr(cloud.client(service, "eu-west-1"), call)(**parameters)
    assert caught.value.response["Error"]["Code"] == code


TAKEN = [
    ("kms", "create_alias", {"AliasName": "alias/" + "x" * 250, "TargetKeyId": "k"}),
    ("logs", "create_log_group", {"logGroupName": "l" * 512, "tags": {"k" * 128: "ü v" * 80}}),
    ("ecs", "create_capacity_provider", {"name": "prod-ecs"}),
    ("ec2", "create_security_group", {"GroupName": "x-sg-", "Description": "a (b), c: d"}),
    ("sqs", "create_queue", {"QueueName": "q" * 75 + ".fifo", "Attributes": {"VisibilityTimeout": "43200"}}),
    ("s3", "create_bucket", {"Bucket": "a.b-c"}),
    ("iam", "put_role_policy", {"RoleName": "w", "PolicyName": "p", "PolicyDocument": "x " * 10240}),
    ("iam", "tag_role", {"RoleName": "r", "Tags": [{"Key": key, "Value": ""} for key in ("a", "b")]}),
    ("cloudwatch", "put_dashboard", body("alarm", alarms=["arn"] * 100)),
    ("cloudwatch", "put_composite_alarm", {"AlarmName": "a", "AlarmRule": "ALARM(a) OR " * 99 + "ALARM(a)"}),
]


@pytest.mark.parametrize(("service", "call", "parameters"), TAKEN)
def test_what_keeps_the_bounds_is_taken(
    service: str, call: str, parameters: dict[str, Any], cloud: RecordingCloud
) -> None:
    getattr(cloud.client(service, "eu-west-1"), call)(**parameters)


def test_a_total_is_summed_over_calls(cloud: RecordingCloud) -> None:
    iam = cloud.client("iam", "eu-west-1")
    half = {"RoleName": "sum", "PolicyDocument": "x" * 5120}
    iam.put_role_policy(**half, PolicyName="a")
    iam.put_role_policy(**half, PolicyName="b")
    iam.put_role_policy(**half, PolicyName="b")
    with pytest.raises(ClientError, match=r"at most 10240 .*, has 15360"):
        iam.put_role_policy(**half, PolicyName="c")
    iam.put_role_policy(**{**half, "RoleName": "another"}, PolicyName="c")


@pytest.mark.parametrize("service", SERVICES)
def test_every_pattern_of_the_models_can_be_read(service: str) -> None:
    model = botocore.session.get_session().get_service_model(service)
    patterns = {model.shape_for(name).metadata.get("pattern") for name in model.shape_names} - {None}
    for pattern in patterns:
        bounds.compiled(pattern)


def test_a_pattern_is_for_the_whole_value_also_where_it_is_not_anchored() -> None:
    assert bounds.compiled(r"[\.\-_/#A-Za-z0-9]+").fullmatch("a b") is None
    assert bounds.compiled(r"[\u0020-\uD7FF\uE000-\uFFFD\uD800\uDC00-\uDBFF\uDFFF\r\n\t]*").fullmatch("a😀")


SCHEMA = {
    "type": "object",
    "additionalProperties": {
        "type": "object",
        "required": ["service", "calls", "source"],
        "additionalProperties": False,
        "anyOf": [{"required": [rule]} for rule in ("pattern", "never", "most", "least")],
        "properties": {
            "service": {"type": "string"},
            "calls": {"type": "object", "minProperties": 1, "additionalProperties": {"type": "string"}},
            "source": {"type": "string", "pattern": r"^https://docs\.aws\.amazon\.com/"},
            "total": {"type": "object", "required": ["by", "key"], "additionalProperties": {"type": "string"}},
            "unit": {"type": "string"},
            "default": {"const": True},
            **{name: {"type": "string"} for name in ("error", "json", "pattern", "never", "of")},
            **{name: {"type": "number"} for name in ("most", "least")},
        },
    },
}


def test_the_file_of_limits_is_well_formed() -> None:
    import yaml

    jsonschema.validate(yaml.safe_load(FILE.read_text(encoding="utf-8")), SCHEMA)
    session = botocore.session.get_session()
    for limit in LIMITS.entries:
        for text in (limit.pattern, limit.never, limit.of):
            regex.compile(text or "")
        if limit.json:
            jmespath.compile(limit.json)
        if limit.service == ANY:
            continue
        model = session.get_service_model(limit.service)
        for operation, path in limit.calls.items():
            first = path.removeprefix("keys(").split(".")[0].split("[")[0]
            assert first == "@" or first in model.operation_model(operation).input_shape.members, limit.id


def test_no_limit_is_one_that_the_model_has() -> None:
    session = botocore.session.get_session()
    for limit in LIMITS.entries:
        if limit.most is None or limit.service == ANY or limit.unit != "characters" or limit.of or limit.json:
            continue
        for operation, path in limit.calls.items():
            shape = session.get_service_model(limit.service).operation_model(operation).input_shape.members.get(path)
            assert shape is None or shape.metadata.get("max") != limit.most, limit.id


def test_every_total_can_be_listed() -> None:
    assert {limit.id for limit in LIMITS.entries if limit.total} == inventory.LISTS.keys()
