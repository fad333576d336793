"""CloudWatch Logs: what hangs on a log group or receives from one, and saved queries."""

import uuid
from typing import Any, ClassVar

from standin.aws.cloud import Region
from standin.aws.naming import AutoName
from standin.aws.recorded import Recorded
from standin.aws.resource import Properties, Rename, Resource


class OfGroup(Resource):
    """Something named that a log group has; its id is the name, and putting it again changes it."""

    service = "logs"
    autoname = AutoName(longest=512)
    group_property: ClassVar[str] = "logGroupName"
    put: ClassVar[str]
    describe: ClassVar[tuple[str, str]]
    remove: ClassVar[str]

    def create(self, region: Region, inputs: Properties) -> str:
        self.call(region, self.put, inputs)
        return inputs["name"]

    def configure(self, region: Region, identity: str, inputs: Properties, old: Properties | None) -> None:
        if old is not None:
            self.call(region, self.put, inputs)

    def read(self, region: Region, identity: str, state: Properties) -> Properties | None:
        """The one of exactly this name."""
        operation, collection = self.describe
        group = state[self.group_property]
        answer = getattr(self.client(region), operation)(logGroupName=group, filterNamePrefix=identity)
        found = next((one for one in answer[collection] if one["filterName"] == identity), None)
        return None if found is None else self.found(found, state)

    def found(self, found: Properties, state: Properties) -> Properties:
        """The description as properties."""
        return self.outputs(found)

    def delete(self, region: Region, identity: str, state: Properties) -> None:
        getattr(self.client(region), self.remove)(logGroupName=state[self.group_property], filterName=identity)


class LogMetricFilter(OfGroup):
    """A metric out of the events that match a pattern."""

    token = "aws:cloudwatch/logMetricFilter:LogMetricFilter"
    create_only = frozenset({"name", "logGroupName"})
    put, remove = "put_metric_filter", "delete_metric_filter"
    describe = ("describe_metric_filters", "metricFilters")
    rename: ClassVar[Rename] = {
        "name": "filterName",
        "pattern": "filterPattern",
        "metricTransformation": "metricTransformations",
    }

    def create(self, region: Region, inputs: Properties) -> str:
        """Puts it; inside the transformation `name` is the metric's."""
        self._put(region, inputs)
        return inputs["name"]

    def configure(self, region: Region, identity: str, inputs: Properties, old: Properties | None) -> None:
        """Puts it again; moto would keep the old one, so that goes first."""
        if old is not None:
            self.delete(region, identity, inputs)
            self._put(region, inputs)

    def _put(self, region: Region, inputs: Properties) -> None:
        transformation = dict(inputs["metricTransformation"])
        default = transformation.get("defaultValue")
        renamed = {
            "metricName": transformation["name"],
            "metricNamespace": transformation["namespace"],
            "metricValue": transformation["value"],
            "unit": transformation.get("unit", "None"),
            "dimensions": transformation.get("dimensions"),
            "defaultValue": None if default is None else float(default),
        }
        desired = {name: value for name, value in renamed.items() if value is not None}
        self.call(region, self.put, inputs, metricTransformations=[desired])

    def found(self, found: Properties, state: Properties) -> Properties:
        """The description, its one transformation as the provider names its parts."""
        one = found["metricTransformations"][0]
        transformation = {"name": one["metricName"], "namespace": one["metricNamespace"], "value": one["metricValue"]}
        if one.get("unit", "None") != "None":
            transformation["unit"] = one["unit"]
        return {
            "logGroupName": found["logGroupName"],
            "metricTransformation": {**state.get("metricTransformation", {}), **transformation},
            "name": found["filterName"],
            "pattern": found.get("filterPattern", ""),
        }


class LogSubscriptionFilter(OfGroup):
    """Sends the events that match a pattern to a function, a stream or a destination."""

    token = "aws:cloudwatch/logSubscriptionFilter:LogSubscriptionFilter"
    create_only = frozenset({"name", "logGroup", "destinationArn"})
    group_property = "logGroup"
    put, remove = "put_subscription_filter", "delete_subscription_filter"
    describe = ("describe_subscription_filters", "subscriptionFilters")
    rename: ClassVar[Rename] = {"name": "filterName", "logGroup": "logGroupName"}


class LogDestination(Resource):
    """A receiver of other accounts' events."""

    token = "aws:cloudwatch/logDestination:LogDestination"
    service = "logs"
    autoname = AutoName(longest=512)
    create_only = frozenset({"name"})
    rename: ClassVar[Rename] = {"name": "destinationName"}

    def create(self, region: Region, inputs: Properties) -> str:
        self._put(region, inputs)
        return inputs["name"]

    def _put(self, region: Region, inputs: Properties) -> None:
        plain = {name: value for name, value in inputs.items() if name != "tags"}
        tagged = region.all_tags(inputs.get("tags", {}))
        self.call(region, "put_destination", plain, **({"tags": tagged} if tagged else {}))

    def configure(self, region: Region, identity: str, inputs: Properties, old: Properties | None) -> None:
        if old is not None:
            self._put(region, inputs)

    def read(self, region: Region, identity: str, state: Properties) -> Properties | None:
        """The destination of exactly this name."""
        found = find_destination(self.client(region), identity)
        return None if found is None else self.outputs(found)

    def delete(self, region: Region, identity: str, state: Properties) -> None:
        self.client(region).delete_destination(destinationName=identity)


def find_destination(logs: Any, name: str) -> Properties | None:
    """A destination by its full name."""
    found = logs.describe_destinations(DestinationNamePrefix=name)["destinations"]
    return next((one for one in found if one["destinationName"] == name), None)


class LogDestinationPolicy(Resource):
    """Who may send to a destination."""

    token = "aws:cloudwatch/logDestinationPolicy:LogDestinationPolicy"
    service = "logs"
    create_only = frozenset({"destinationName"})
    write_only = frozenset({"forceUpdate"})

    def create(self, region: Region, inputs: Properties) -> str:
        self.call(region, "put_destination_policy", inputs)
        return inputs["destinationName"]

    def configure(self, region: Region, identity: str, inputs: Properties, old: Properties | None) -> None:
        if old is not None:
            self.call(region, "put_destination_policy", inputs)

    def read(self, region: Region, identity: str, state: Properties) -> Properties | None:
        found = find_destination(self.client(region), identity)
        if found is None or not found.get("accessPolicy"):
            return None
        return {"destinationName": identity, "accessPolicy": found["accessPolicy"]}

    def delete(self, region: Region, identity: str, state: Properties) -> None:
        """Leaves it to the destination: there is no call to take a policy off."""


class LogResourcePolicy(Resource):
    """Which AWS services may write to log groups."""

    token = "aws:cloudwatch/logResourcePolicy:LogResourcePolicy"
    service = "logs"
    autoname = AutoName("policyName")
    create_only = frozenset({"policyName"})

    def create(self, region: Region, inputs: Properties) -> str:
        self.call(region, "put_resource_policy", inputs)
        return inputs["policyName"]

    def configure(self, region: Region, identity: str, inputs: Properties, old: Properties | None) -> None:
        if old is not None:
            self.call(region, "put_resource_policy", inputs)

    def read(self, region: Region, identity: str, state: Properties) -> Properties | None:
        policies = self.client(region).describe_resource_policies()["resourcePolicies"]
        found = next((one for one in policies if one["policyName"] == identity), None)
        return None if found is None else self.outputs(found)

    def delete(self, region: Region, identity: str, state: Properties) -> None:
        self.client(region).delete_resource_policy(policyName=identity)


class QueryDefinition(Recorded):
    """A saved Logs Insights query."""

    token = "aws:cloudwatch/queryDefinition:QueryDefinition"
    service = "logs"
    operation = "put_query_definition"
    autoname = AutoName()

    def identity(self, region: Region, inputs: Properties) -> str:
        """An id like AWS's."""
        return str(uuid.uuid4())

    def computed(self, region: Region, identity: str, state: Properties) -> Properties:
        """The id again, and the ARN."""
        return {"queryDefinitionId": identity, "arn": region.arn("logs", f"query-definition:{identity}")}


RESOURCES = (
    LogMetricFilter,
    LogSubscriptionFilter,
    LogDestination,
    LogDestinationPolicy,
    LogResourcePolicy,
    QueryDefinition,
)
