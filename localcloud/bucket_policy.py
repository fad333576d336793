"""Lets moto read bucket policies without the statement that refuses plain HTTP, which is how it is spoken to here.

moto takes no notice of conditions: it would refuse every request, whatever it came by.
"""

import json
from typing import Any

from moto.iam.access_control import IAMPolicy, PermissionResult
from moto.s3.models import FakeBucket

PLAIN_HTTP = {"Bool": {"aws:SecureTransport": "false"}}


def install() -> None:
    """Make moto read them so, in this process."""
    FakeBucket.get_permission = _permission


def _permission(self: Any, action: str, resource: str) -> Any:
    if self.policy is None:
        return PermissionResult.NEUTRAL
    return IAMPolicy(applicable(self.policy.decode())).is_action_permitted(action, resource)


def applicable(policy: str) -> str:
    """The policy's other statements."""
    document: dict[str, Any] = json.loads(policy)
    statements = [one for one in document["Statement"] if one.get("Condition") != PLAIN_HTTP]
    return json.dumps({**document, "Statement": statements})
