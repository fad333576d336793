"""CloudWatch: alarms and dashboards."""

import json
from collections.abc import Mapping
from typing import Any, ClassVar

from standin.aws import tags
from standin.aws.api import Rename
from standin.aws.cloud import Region
from standin.aws.naming import AutoName
from standin.aws.resource import Defaults, Properties, Resource


class MetricAlarm(Resource):
    """An alarm on a metric or on an expression over metrics; its id is its name."""

    token = "aws:cloudwatch/metricAlarm:MetricAlarm"
    service = "cloudwatch"
    autoname = AutoName(longest=255)
    create_only = frozenset({"name"})
    defaults: ClassVar[Defaults] = {"actionsEnabled": True, "treatMissingData": "missing"}
    rename: ClassVar[Rename] = {"name": "AlarmName", "okActions": "OKActions"}
    tagging = tags.EVENTS

    def create(self, region: Region, inputs: Properties) -> str:
        """Its name; the alarm itself comes with `configure`, as AWS writes it whole every time."""
        return inputs["name"]

    def configure(self, region: Region, identity: str, inputs: Properties, old: Properties | None) -> None:
        """Write the alarm; tags have calls of their own."""
        single = {name: value for name, value in inputs.items() if name not in ("tags", "metricQueries", "dimensions")}
        more: dict[str, Any] = {"Dimensions": _pairs(inputs["dimensions"])} if "dimensions" in inputs else {}
        if "metricQueries" in inputs:
            more["Metrics"] = [alarm_query(query) for query in inputs["metricQueries"]]
        self.call(region, "put_metric_alarm", single, **more)

    def read(self, region: Region, identity: str, state: Properties) -> Properties | None:
        found = self.client(region).describe_alarms(AlarmNames=[identity])["MetricAlarms"]
        if not found:
            return None
        alarm: dict[str, Any] = found[0]
        queries = [alarm_query_of(query) for query in alarm.pop("Metrics", ())]
        dimensions = {each["Name"]: each["Value"] for each in alarm.pop("Dimensions", ())}
        return self.outputs(
            alarm,
            name=identity,
            arn=alarm["AlarmArn"],
            metricQueries=queries or None,
            dimensions=dimensions or None,
        )

    def delete(self, region: Region, identity: str, state: Properties) -> None:
        self.client(region).delete_alarms(AlarmNames=[identity])

    def tag_subject(self, region: Region, identity: str, state: Properties) -> str:
        return region.arn("cloudwatch", f"alarm:{identity}")


def _pairs(dimensions: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"Name": name, "Value": value} for name, value in dimensions.items()]


def alarm_query(query: Mapping[str, Any]) -> dict[str, Any]:
    """One of an alarm's metrics, as AWS takes it."""
    names = {"id": "Id", "expression": "Expression", "label": "Label", "returnData": "ReturnData", "period": "Period"}
    made: dict[str, Any] = {api: query[name] for name, api in names.items() if name in query}
    if metric := query.get("metric"):
        named = {"Namespace": metric.get("namespace"), "MetricName": metric["metricName"]}
        made["MetricStat"] = {
            "Metric": {**named, "Dimensions": _pairs(metric.get("dimensions", {}))},
            "Period": int(metric["period"]),
            "Stat": metric["stat"],
        }
    return made


def alarm_query_of(query: Mapping[str, Any]) -> Properties:
    """One of an alarm's metrics, as the program writes it."""
    made: Properties = {"id": query["Id"], "returnData": query.get("ReturnData", False)}
    made |= {name.lower(): query[name] for name in ("Expression", "Label") if query.get(name)}
    if stat := query.get("MetricStat"):
        metric = stat["Metric"]
        made["metric"] = {
            "namespace": metric["Namespace"],
            "metricName": metric["MetricName"],
            "dimensions": {each["Name"]: each["Value"] for each in metric.get("Dimensions", ())},
            "period": stat["Period"],
            "stat": stat["Stat"],
        }
    return made


class CompositeAlarm(Resource):
    """An alarm on alarms, which have to be there; its id is its name."""

    token = "aws:cloudwatch/compositeAlarm:CompositeAlarm"
    service = "cloudwatch"
    create_only = frozenset({"alarmName"})
    defaults: ClassVar[Defaults] = {"actionsEnabled": True}
    rename: ClassVar[Rename] = {"okActions": "OKActions"}
    tagging = tags.EVENTS

    def create(self, region: Region, inputs: Properties) -> str:
        """Its name; the alarm itself comes with `configure`, as AWS writes it whole every time."""
        return inputs["alarmName"]

    def configure(self, region: Region, identity: str, inputs: Properties, old: Properties | None) -> None:
        """Write the alarm; tags have calls of their own."""
        self.call(region, "put_composite_alarm", {name: value for name, value in inputs.items() if name != "tags"})

    def read(self, region: Region, identity: str, state: Properties) -> Properties | None:
        found = self.client(region).describe_alarms(AlarmNames=[identity])["CompositeAlarms"]
        return self.outputs(found[0], arn=found[0]["AlarmArn"]) if found else None

    def delete(self, region: Region, identity: str, state: Properties) -> None:
        self.client(region).delete_alarms(AlarmNames=[identity])

    def tag_subject(self, region: Region, identity: str, state: Properties) -> str:
        return region.arn("cloudwatch", f"alarm:{identity}")


class Dashboard(Resource):
    """A dashboard; its id is its name."""

    token = "aws:cloudwatch/dashboard:Dashboard"
    service = "cloudwatch"
    create_only = frozenset({"dashboardName"})

    def create(self, region: Region, inputs: Properties) -> str:
        """Its name; the body comes with `configure`."""
        return inputs["dashboardName"]

    def configure(self, region: Region, identity: str, inputs: Properties, old: Properties | None) -> None:
        """Write the body whole."""
        self.client(region).put_dashboard(DashboardName=identity, DashboardBody=inputs["dashboardBody"])

    def read(self, region: Region, identity: str, state: Properties) -> Properties | None:
        found = self.client(region).get_dashboard(DashboardName=identity)
        body = json.dumps(json.loads(found["DashboardBody"]), separators=(",", ":"))
        arn = f"arn:{region.partition}:cloudwatch::{region.account}:dashboard/{identity}"
        return {"dashboardName": identity, "dashboardBody": body, "dashboardArn": arn}

    def delete(self, region: Region, identity: str, state: Properties) -> None:
        self.client(region).delete_dashboards(DashboardNames=[identity])


RESOURCES = (MetricAlarm, CompositeAlarm, Dashboard)
