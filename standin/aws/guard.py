"""Holds every request of a client against AWS's bounds before it is sent: the model's own, and the published limits."""

import functools
from collections.abc import Callable, Mapping
from typing import Any

from standin.aws import bounds
from standin.aws.limits import Earlier, Limit, Limits

Inventory = Callable[[Any, Limit, Mapping[str, Any]], Mapping[str, float]]
"""What an account has already of a total, asked of this client for these parameters."""


def guard(client: Any, limits: Limits, earlier: Inventory) -> None:
    """From now on the client refuses what AWS would refuse, with the service's own error code."""

    def check(params: Mapping[str, Any], model: Any, **_: Any) -> None:
        refuse(model, params, limits, functools.partial(earlier, client))

    # The last handler sees the parameters as they are sent, with what botocore itself fills in.
    client.meta.events.register_last("before-parameter-build", check)


def refuse(operation: Any, parameters: Mapping[str, Any], limits: Limits, earlier: Earlier) -> None:
    """Refuse a request that exceeds a bound; do nothing if it keeps all of them.

    Raises botocore's ClientError, as for an answer of AWS.
    """
    service = operation.service_model.service_name
    code = bounds.refusal(service, operation)
    if operation.input_shape is None:
        return
    bounds.refuse(operation.name, code, bounds.failures(service, parameters, operation.input_shape))
    for limit, failure in limits.broken(service, operation.name, parameters, earlier):
        bounds.refuse(operation.name, limit.error or code, [failure])
