"""What an account has already of a total that AWS limits, such as the inline policies of a role."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from standin.aws.limits import Limit

Parts = Mapping[str, Any]
"""The value of each part, by its key, as the request that wrote it had it."""


def parts(client: Any, limit: Limit, parameters: Mapping[str, Any]) -> Mapping[str, float]:
    """Return the size of each part of a total, asked of the account; none where the whole is not there yet.

    Raises KeyError for a total that nothing here can list.
    """
    try:
        found = LISTS[limit.id](client, str(parameters[limit.total["by"]]))
    except client.exceptions.ClientError as error:
        if error.response["Error"]["Code"] in ("NoSuchEntity", "ResourceNotFoundException"):
            return {}
        raise
    return {key: limit.measure(value) for key, value in found.items()}


def _inline_policies(iam: Any, role: str) -> Parts:
    names = iam.list_role_policies(RoleName=role)["PolicyNames"]
    documents = {name: iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"] for name in names}
    return {name: one if isinstance(one, str) else json.dumps(one) for name, one in documents.items()}


def _attached_policies(iam: Any, role: str) -> Parts:
    pages = iam.get_paginator("list_attached_role_policies").paginate(RoleName=role)
    return {one["PolicyArn"]: one for page in pages for one in page["AttachedPolicies"]}


def _metric_filters(logs: Any, group: str) -> Parts:
    pages = logs.get_paginator("describe_metric_filters").paginate(logGroupName=group)
    return {one["filterName"]: one for page in pages for one in page["metricFilters"]}


def _subscription_filters(logs: Any, group: str) -> Parts:
    pages = logs.get_paginator("describe_subscription_filters").paginate(logGroupName=group)
    return {one["filterName"]: one for page in pages for one in page["subscriptionFilters"]}


LISTS: Mapping[str, Callable[[Any, str], Parts]] = {
    "iam-inline-policies": _inline_policies,
    "iam-managed-policies-of-a-role": _attached_policies,
    "log-group-metric-filters": _metric_filters,
    "log-group-subscription-filters": _subscription_filters,
}
"""By the id of the limit."""
