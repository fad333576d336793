import json

import pytest

from tests.unit.components.cloud import ACCOUNT, Deployed, deploy
from tests.unit.components.stacks import ADOPTED, account

ARN = f"arn:aws:logs:eu-west-1:{ACCOUNT}:log-group:/falco/events"


def with_events(**events: object) -> Deployed:
    return deploy({**ADOPTED, "events": events}, account())


def test_the_group_has_the_name_retention_and_key_of_the_stack_file() -> None:
    stack = with_events(logGroup="/security/falco.v2", retentionDays=400)
    group = stack.one("LogGroup", "events")
    assert group.inputs["name"] == "/security/falco.v2"
    assert group.inputs["retentionInDays"] == 400
    assert group.inputs["kmsKeyId"].endswith("key/events-key")
    assert stack.one("Alias", "events-key").inputs["name"] == "alias/logs/security/falco-v2"


def test_the_longest_names_have_aliases_that_kms_takes_and_that_differ() -> None:
    aliases = {
        with_events(logGroup=f"/{'x' * 500}{end}").one("Alias", "events-key").inputs["name"] for end in ("/a", "/b")
    }
    assert [len(alias) for alias in aliases] == [256, 256]


def test_the_key_rotates_and_serves_one_log_group_only(adopted: Deployed) -> None:
    key = adopted.one("Key", "events-key")
    assert key.inputs["enableKeyRotation"] is True
    assert key.inputs["deletionWindowInDays"] == 30
    _, service = json.loads(key.inputs["policy"])["Statement"]
    assert service["Principal"] == {"Service": "logs.eu-west-1.amazonaws.com"}
    assert service["Condition"] == {"ArnEquals": {"kms:EncryptionContext:aws:logs:arn": ARN}}


def test_a_given_key_is_used_and_none_is_made() -> None:
    key = f"arn:aws:kms:eu-west-1:{ACCOUNT}:key/0a1b2c3d-0000-0000-0000-000000000000"
    stack = with_events(kmsKeyArn=key)
    assert stack.one("LogGroup", "events").inputs["kmsKeyId"] == key
    assert "events-key" not in [key.name for key in stack.of("Key")]


@pytest.mark.parametrize("protect", [True, False])
def test_protection_covers_the_group_and_its_key(protect: bool) -> None:
    stack = with_events(protect=protect)
    group = stack.one("LogGroup", "events")
    assert group.inputs["deletionProtectionEnabled"] is protect
    assert [item.protect for item in (group, stack.one("Key", "events-key"))] == [protect, protect]
    assert not stack.one("Deployment", "deployment").protect
