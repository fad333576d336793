"""Policy documents of IAM and of resources: statements, as the JSON text that AWS takes."""

import json
from collections.abc import Sequence
from typing import Any

import pulumi

Statement = dict[str, Any]
"""One statement of a policy document."""

VERSION = "2012-10-17"
"""The policy language's current version.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_version.html
"""


def policy_document(*statements: Statement) -> pulumi.Output[str]:
    """Return the document of these statements, whose values may be outputs."""
    return pulumi.Output.json_dumps(_framed(statements))


def allow(sid: str, actions: Sequence[str], resources: object) -> Statement:
    """Return a statement that allows actions on one resource, or on each of a list."""
    return {"Sid": sid, "Effect": "Allow", "Action": list(actions), "Resource": resources}


def size_of(*statements: Statement) -> int:
    """Return the document's length as IAM counts it, without white space. The statements' values have to be known."""
    return len(json.dumps(_framed(statements), separators=(",", ":")))


def _framed(statements: Sequence[Statement]) -> dict[str, object]:
    return {"Version": VERSION, "Statement": list(statements)}
