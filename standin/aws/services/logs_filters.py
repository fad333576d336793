"""CloudWatch Logs: what hangs on a log group or receives from one, and saved queries."""

import uuid
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar, cast

from standin.aws import api, sdk
from standin.aws.check import Failure
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
        """Return the one of exactly this name."""
        operation, collection = self.describe
        group = state[self.group_property]
        answer = getattr(self.client(region), operation)(logGroupName=group, filterNamePrefix=identity)
        found = next((one for one in answer[collection] if one["filterName"] == identity), None)
        return None if found is None else self.found(found, state)

    def found(self, found: Properties, state: Properties) -> Properties:
        """Return the description as properties."""
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
        """Put it; inside the transformation `name` is the metric's."""
        self._put(region, inputs)
        return inputs["name"]

    def configure(self, region: Region, identity: str, inputs: Properties, old: Properties | None) -> None:
        """Put it again, which changes it."""
        if old is not None:
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
        """Return the description, its one transformation as the provider names its parts."""
        one = found["metricTransformations"][0]
        transformation = {"name": one["metricName"], "namespace": one["metricNamespace"], "value": one["metricValue"]}
        if one.get("unit", "None") != "None":
            transformation["unit"] = one["unit"]
        return {
            "applyOnTransformedLogs": found.get("applyOnTransformedLogs", False),
            "logGroupName": found["logGroupName"],
            "metricTransformation": {**state.get("metricTransformation", {}), **transformation},
            "name": found["filterName"],
            "pattern": found.get("filterPattern", ""),
        }


class LogTransformer(Resource):
    """How a log group's events are transformed; its id is the group's ARN."""

    token = "aws:cloudwatch/logTransformer:LogTransformer"
    service = "logs"
    create_only = frozenset({"logGroupArn"})

    def check(self, inputs: Properties) -> Iterator[Failure]:
        """One processor in each configuration, as the provider documents."""
        for index, config in enumerate(inputs["transformerConfigs"]):
            if isinstance(config, dict) and len(_processors(cast("Properties", config))) != 1:
                yield Failure(f"transformerConfigs[{index}]", "must have exactly one processor")

    def create(self, region: Region, inputs: Properties) -> str:
        """Put it, as any change does."""
        self._put(region, inputs)
        return inputs["logGroupArn"]

    def configure(self, region: Region, identity: str, inputs: Properties, old: Properties | None) -> None:
        if old is not None:
            self._put(region, inputs)

    def _put(self, region: Region, inputs: Properties) -> None:
        logs = self.client(region)
        logs.put_transformer(
            logGroupIdentifier=inputs["logGroupArn"], transformerConfig=transformer_config(logs, inputs)
        )

    def read(self, region: Region, identity: str, state: Properties) -> Properties | None:
        """Return the processors of the group."""
        found = self.client(region).get_transformer(logGroupIdentifier=identity)
        configs = cast("sdk.ListOf", self.type.outputs["transformerConfigs"])
        fields = cast("sdk.Object", configs.item).fields
        made = [_config(processor, fields) for processor in found["transformerConfig"]]
        return {"logGroupArn": identity, "transformerConfigs": made}

    def delete(self, region: Region, identity: str, state: Properties) -> None:
        self.client(region).delete_transformer(logGroupIdentifier=identity)


def transformer_config(logs: Any, inputs: Mapping[str, Any]) -> list[Properties]:
    """Return the processors as PutTransformer takes them."""
    each = [one for config in inputs["transformerConfigs"] for one in _processors(config)]
    return api.request(logs, "put_transformer", {"transformerConfig": each})["transformerConfig"]


def _processors(config: Properties) -> Sequence[Properties]:
    """Return the processors of one configuration by name, out of the lists in which the provider has most of them."""
    return [{name: one} for name, value in config.items() for one in _list(value)]


def _list(value: Any) -> list[Any]:
    return cast("list[Any]", value) if isinstance(value, list) else [value]


def _config(processor: Properties, fields: Mapping[str, sdk.Field]) -> Properties:
    """Return a processor as the provider has it, most of them in a list."""
    types = {name: field.type for name, field in fields.items()}
    listed = {name: [settings] for name, settings in processor.items()}
    return api.properties(listed, types) or api.properties(processor, types)


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
        """Return the destination of exactly this name."""
        found = find_destination(self.client(region), identity)
        return None if found is None else self.outputs(found)

    def delete(self, region: Region, identity: str, state: Properties) -> None:
        self.client(region).delete_destination(destinationName=identity)


def find_destination(logs: Any, name: str) -> Properties | None:
    """Return a destination by its full name."""
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
        """Return an id like AWS's."""
        return str(uuid.uuid4())

    def computed(self, region: Region, identity: str, state: Properties) -> Properties:
        """Return the id again, and the ARN."""
        return {"queryDefinitionId": identity, "arn": region.arn("logs", f"query-definition:{identity}")}


RESOURCES = (
    LogMetricFilter,
    LogTransformer,
    LogSubscriptionFilter,
    LogDestination,
    LogDestinationPolicy,
    LogResourcePolicy,
    QueryDefinition,
)
