"""CloudWatch: alarms and dashboards."""

from typing import Any, ClassVar

from localcloud.providers.aws import tags
from localcloud.providers.aws.cloud import Region
from localcloud.providers.aws.naming import AutoName
from localcloud.providers.aws.recorded import Recorded
from localcloud.providers.aws.resource import Defaults, Properties, Rename, Resource


class MetricAlarm(Resource):
    """An alarm on one metric or an expression of several; its id is its name."""

    token = "aws:cloudwatch/metricAlarm:MetricAlarm"
    service = "cloudwatch"
    autoname = AutoName()
    create_only = frozenset({"name"})
    defaults: ClassVar[Defaults] = {"actionsEnabled": True, "treatMissingData": "missing"}
    rename: ClassVar[Rename] = {"name": "AlarmName", "metricQueries": "Metrics", "okActions": "OKActions"}
    tagging = tags.EVENTS

    def create(self, region: Region, inputs: Properties) -> str:
        """Puts it."""
        self._put(region, inputs)
        return inputs["name"]

    def _put(self, region: Region, inputs: Properties) -> None:
        given: dict[str, Any] = inputs.get("dimensions", {})
        dimensions = [{"Name": name, "Value": value} for name, value in given.items()]
        wished = {name: value for name, value in inputs.items() if name not in ("tags", "dimensions")}
        self.call(region, "put_metric_alarm", wished, **({"Dimensions": dimensions} if dimensions else {}))

    def configure(self, region: Region, identity: str, inputs: Properties, old: Properties | None) -> None:
        """Puts it anew."""
        if old is not None:
            self._put(region, inputs)

    def read(self, region: Region, identity: str, state: Properties) -> Properties | None:
        """The alarm of this name."""
        alarms = self.client(region).describe_alarms(AlarmNames=[identity])["MetricAlarms"]
        if not alarms:
            return None
        dimensions = {one["Name"]: one["Value"] for one in alarms[0].get("Dimensions", ())}
        return self.outputs(alarms[0], arn=alarms[0]["AlarmArn"], name=identity, dimensions=dimensions or None)

    def delete(self, region: Region, identity: str, state: Properties) -> None:
        """Deletes it."""
        self.client(region).delete_alarms(AlarmNames=[identity])

    def tag_subject(self, region: Region, identity: str, state: Properties) -> str:
        """The alarm's ARN."""
        return region.arn("cloudwatch", f"alarm:{identity}")


class CompositeAlarm(Recorded):
    """An alarm on other alarms; its id is its name."""

    token = "aws:cloudwatch/compositeAlarm:CompositeAlarm"
    service = "cloudwatch"
    operation = "put_composite_alarm"
    create_only = frozenset({"alarmName"})
    defaults: ClassVar[Defaults] = {"actionsEnabled": True}
    rename: ClassVar[Rename] = {"okActions": "OKActions"}

    def identity(self, region: Region, inputs: Properties) -> str:
        """The name."""
        return inputs["alarmName"]

    def computed(self, region: Region, identity: str, state: Properties) -> Properties:
        """The ARN."""
        return {"arn": region.arn("cloudwatch", f"alarm:{identity}")}


class Dashboard(Resource):
    """A dashboard; its id is its name."""

    token = "aws:cloudwatch/dashboard:Dashboard"
    service = "cloudwatch"
    create_only = frozenset({"dashboardName"})

    def create(self, region: Region, inputs: Properties) -> str:
        """Puts it."""
        self.call(region, "put_dashboard", inputs)
        return inputs["dashboardName"]

    def configure(self, region: Region, identity: str, inputs: Properties, old: Properties | None) -> None:
        """Puts it anew."""
        if old is not None:
            self.call(region, "put_dashboard", inputs)

    def read(self, region: Region, identity: str, state: Properties) -> Properties | None:
        """The dashboard of this name."""
        return self.outputs(self.client(region).get_dashboard(DashboardName=identity))

    def delete(self, region: Region, identity: str, state: Properties) -> None:
        """Deletes it."""
        self.client(region).delete_dashboards(DashboardNames=[identity])


RESOURCES = (MetricAlarm, CompositeAlarm, Dashboard)
