"""What the local cloud makes of a policy when another account asks."""

import json
from typing import Any

import pytest

from localcloud.aws.resource_policy import Request, allows, grants

SPOKE, OTHER = "111111111111", "222222222222"
BUCKET = "arn:aws:s3:::central"


def policy(**changed: Any) -> str:
    statement = {
        "Effect": "Allow",
        "Principal": {"AWS": [f"arn:aws:iam::{SPOKE}:root"]},
        "Action": ["s3:PutObject"],
        "Resource": f"{BUCKET}/*",
        **changed,
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def put(account: str = SPOKE, key: str = "x", **context: str) -> Request:
    return Request(account, "s3:PutObject", f"{BUCKET}/{key}", context)


def test_without_a_policy_nobody_else_may() -> None:
    assert not allows(None, put())
    assert allows(policy(), put())


@pytest.mark.parametrize(
    ("principal", "allowed"),
    [
        ("*", True),
        ({"AWS": "*"}, True),
        ({"AWS": SPOKE}, True),
        ({"AWS": OTHER}, False),
        ({"AWS": f"arn:aws:iam::{SPOKE}:role/one"}, False),
        ({"Service": "firehose.amazonaws.com"}, False),
    ],
)
def test_principals(principal: object, allowed: bool) -> None:
    assert allows(policy(Principal=principal), put()) is allowed


@pytest.mark.parametrize(
    ("action", "allowed"), [("s3:*", True), ("s3:putobject", True), ("s3:Put*", True), ("s3:GetObject", False)]
)
def test_actions(action: str, allowed: bool) -> None:
    assert allows(policy(Action=action), put()) is allowed


def test_resources_with_a_variable_are_each_accounts_own() -> None:
    text = policy(Principal="*", Resource=[f"{BUCKET}/account=${{aws:PrincipalAccount}}/*"])
    assert allows(text, put(key=f"account={SPOKE}/x"))
    assert not allows(text, put(key=f"account={OTHER}/x"))
    assert allows(text, put(OTHER, f"account={OTHER}/x"))


@pytest.mark.parametrize(
    ("condition", "allowed"),
    [
        ({"StringEquals": {"kms:ViaService": "s3.eu-west-1.amazonaws.com"}}, True),
        ({"StringEquals": {"kms:ViaService": ["a", "s3.eu-west-1.amazonaws.com"]}}, True),
        ({"StringEquals": {"kms:ViaService": "s3.us-east-1.amazonaws.com"}}, False),
        ({"StringEquals": {"aws:PrincipalOrgID": "o-1"}}, False),
        ({"StringNotEquals": {"kms:ViaService": "s3.eu-west-1.amazonaws.com"}}, False),
    ],
)
def test_conditions_that_are_not_understood_do_not_hold(condition: object, allowed: bool) -> None:
    request = put(**{"kms:ViaService": "s3.eu-west-1.amazonaws.com"})
    assert allows(policy(Condition=condition), request) is allowed


def test_what_is_denied_is_not_allowed_by_another_statement() -> None:
    document = json.loads(policy())
    document["Statement"].append({"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "*"})
    assert not allows(json.dumps(document), put())


TAGS = {"ForAllValues:StringLike": {"aws:TagKeys": "ours:*"}}
KEY = {"StringEqualsIfExists": {"s3:x-amz-server-side-encryption": "aws:kms"}}


@pytest.mark.parametrize(
    ("condition", "context", "holds"),
    [
        (TAGS, {"aws:TagKeys": ["ours:a", "ours:b"]}, True),
        (TAGS, {"aws:TagKeys": ["ours:a", "theirs"]}, False),
        (TAGS, {}, True),
        ({**TAGS, "Null": {"aws:TagKeys": "false"}}, {}, False),
        ({"Null": {"aws:TagKeys": "true"}}, {}, True),
        (KEY, {}, True),
        (KEY, {"s3:x-amz-server-side-encryption": "aws:kms"}, True),
        (KEY, {"s3:x-amz-server-side-encryption": "AES256"}, False),
        ({"ArnNotEquals": {"aws:PrincipalArn": "arn:one"}}, {"aws:PrincipalArn": "arn:one"}, False),
        ({"ArnNotEquals": {"aws:PrincipalArn": "arn:one"}}, {"aws:PrincipalArn": "arn:two"}, True),
        ({"ArnNotEquals": {"aws:PrincipalArn": "arn:one"}}, {}, True),
        ({"DateLessThan": {"aws:CurrentTime": "2030-01-01"}}, {"aws:CurrentTime": "2026-01-01"}, False),
    ],
)
def test_conditions(condition: dict[str, Any], context: dict[str, Any], holds: bool) -> None:
    """https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html"""
    request = Request(SPOKE, "s3:PutObject", f"{BUCKET}/x", context)
    assert grants([policy(Condition=condition)], request) is holds
