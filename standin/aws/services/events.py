"""EventBridge: rules by schedule or pattern, and what they call."""

from typing import Any, ClassVar

from standin.aws import tags
from standin.aws.api import Rename
from standin.aws.cloud import Region
from standin.aws.naming import AutoName
from standin.aws.resource import Defaults, Properties, Resource

DEFAULT_BUS = "default"
_BUS_IN_ID = "/"


class EventRule(Resource):
    """A rule; its id is its name, after its bus and a slash where that is not the default one."""

    token = "aws:cloudwatch/eventRule:EventRule"
    service = "events"
    autoname = AutoName(longest=64)
    create_only = frozenset({"eventBusName", "name", "namePrefix"})
    defaults: ClassVar[Defaults] = {"eventBusName": DEFAULT_BUS, "forceDestroy": False}
    write_only = frozenset({"forceDestroy", "namePrefix"})
    tagging = tags.EVENTS

    def create(self, region: Region, inputs: Properties) -> str:
        """Its name; the rule itself comes with `configure`, as AWS writes it whole every time."""
        name = self.given_name(inputs)
        bus = inputs["eventBusName"]
        return name if bus == DEFAULT_BUS else f"{bus}{_BUS_IN_ID}{name}"

    def configure(self, region: Region, identity: str, inputs: Properties, old: Properties | None) -> None:
        """Write the rule; tags have calls of their own. `isEnabled` is the older name of a state."""
        desired = {name: value for name, value in inputs.items() if name not in ("isEnabled", "tags")}
        state = inputs.get("state") or ("ENABLED" if inputs.get("isEnabled", True) else "DISABLED")
        self.call(region, "put_rule", {**desired, "state": state, "name": identity.rpartition(_BUS_IN_ID)[2]})

    def read(self, region: Region, identity: str, state: Properties) -> Properties | None:
        bus, _, name = identity.rpartition(_BUS_IN_ID)
        found = self.client(region).describe_rule(Name=name, EventBusName=bus or DEFAULT_BUS)
        return self.outputs(found, eventBusName=bus or DEFAULT_BUS, isEnabled=found["State"] != "DISABLED")

    def delete(self, region: Region, identity: str, state: Properties) -> None:
        bus, _, name = identity.rpartition(_BUS_IN_ID)
        force = bool(state.get("forceDestroy"))
        self.client(region).delete_rule(Name=name, EventBusName=bus or DEFAULT_BUS, Force=force)

    def tag_subject(self, region: Region, identity: str, state: Properties) -> str:
        return region.arn("events", f"rule/{identity}")


class EventTarget(Resource):
    """What a rule calls; its id is that of the rule and its own, with a hyphen between them."""

    token = "aws:cloudwatch/eventTarget:EventTarget"
    service = "events"
    autoname = AutoName("targetId", longest=64)
    create_only = frozenset({"eventBusName", "rule", "targetId"})
    defaults: ClassVar[Defaults] = {"eventBusName": DEFAULT_BUS, "forceDestroy": False}
    write_only = frozenset({"forceDestroy"})
    rename: ClassVar[Rename] = {"targetId": "Id"}

    def create(self, region: Region, inputs: Properties) -> str:
        """Its name; the target itself comes with `configure`."""
        bus = inputs["eventBusName"]
        return "-".join(((bus,) if bus != DEFAULT_BUS else ()) + (inputs["rule"], inputs["targetId"]))

    def configure(self, region: Region, identity: str, inputs: Properties, old: Properties | None) -> None:
        """Put the target whole."""
        steering = ("eventBusName", "forceDestroy", "rule")
        target = {name: value for name, value in inputs.items() if name not in steering}
        bus = inputs["eventBusName"]
        self.call(region, "put_targets", {"rule": inputs["rule"], "eventBusName": bus, "targets": [target]})

    def read(self, region: Region, identity: str, state: Properties) -> Properties | None:
        where = {"Rule": state["rule"], "EventBusName": state.get("eventBusName", DEFAULT_BUS)}
        answer: dict[str, Any] = self.client(region).list_targets_by_rule(**where)
        found = next((one for one in answer["Targets"] if one["Id"] == state["targetId"]), None)
        return self.outputs(found, rule=state["rule"], eventBusName=where["EventBusName"]) if found else None

    def delete(self, region: Region, identity: str, state: Properties) -> None:
        where = {"Rule": state["rule"], "EventBusName": state.get("eventBusName", DEFAULT_BUS)}
        self.client(region).remove_targets(Ids=[state["targetId"]], **where)


RESOURCES = (EventRule, EventTarget)
