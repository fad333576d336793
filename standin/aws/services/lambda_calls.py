"""Lambda: who may call a function, what calls it, and what happens to a call that fails."""

import json
from typing import Any, ClassVar

from standin.aws import tags
from standin.aws.cloud import Region
from standin.aws.naming import from_prefix
from standin.aws.resource import Defaults, Properties, Rename, Resource
from standin.aws.services.lambda_function import TAGGING

CONDITIONS = {
    "sourceArn": ("ArnLike", "AWS:SourceArn"),
    "sourceAccount": ("StringEquals", "AWS:SourceAccount"),
    "principalOrgId": ("StringEquals", "aws:PrincipalOrgID"),
}
"""Where in a statement of the function's policy what was asked for is."""


class Permission(Resource):
    """A statement of a function's policy; its id is the statement's."""

    token = "aws:lambda/permission:Permission"
    service = "lambda"
    create_only = frozenset(
        {
            "action",
            "eventSourceToken",
            "function",
            "functionUrlAuthType",
            "invokedViaFunctionUrl",
            "principal",
            "principalOrgId",
            "qualifier",
            "sourceAccount",
            "sourceArn",
            "statementId",
            "statementIdPrefix",
        }
    )
    write_only = frozenset({"eventSourceToken", "qualifier"})
    rename: ClassVar[Rename] = {"function": "functionName"}

    def create(self, region: Region, inputs: Properties) -> str:
        """Add the statement, with an id like the real provider's where the program gives none."""
        identity = inputs.get("statementId") or from_prefix(inputs.get("statementIdPrefix", "terraform-"))
        self.call(region, "add_permission", inputs, StatementId=identity)
        return identity

    def read(self, region: Region, identity: str, state: Properties) -> Properties | None:
        where = {"FunctionName": state["function"], **_qualifier(state)}
        policy: dict[str, Any] = json.loads(self.client(region).get_policy(**where)["Policy"])
        found = next((one for one in policy["Statement"] if one["Sid"] == identity), None)
        if found is None:
            return None
        principal = found["Principal"]
        conditions = found.get("Condition", {})
        given = {name: conditions.get(kind, {}).get(key) for name, (kind, key) in CONDITIONS.items()}
        return {
            "action": found["Action"],
            "function": state["function"],
            "principal": principal if isinstance(principal, str) else next(iter(principal.values())),
            "statementId": identity,
            "statementIdPrefix": state.get("statementIdPrefix", ""),
            **{name: value for name, value in given.items() if value is not None},
        }

    def delete(self, region: Region, identity: str, state: Properties) -> None:
        where = {"FunctionName": state["function"], **_qualifier(state)}
        self.client(region).remove_permission(StatementId=identity, **where)


def _qualifier(state: Properties) -> Properties:
    return {"Qualifier": state["qualifier"]} if state.get("qualifier") else {}


class FunctionEventInvokeConfig(Resource):
    """What happens to asynchronous calls; its id is the function's name, and its qualifier's where there is one."""

    token = "aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig"
    service = "lambda"
    create_only = frozenset({"functionName", "qualifier"})
    defaults: ClassVar[Defaults] = {"maximumRetryAttempts": 2}
    write_only = frozenset({"qualifier"})

    def create(self, region: Region, inputs: Properties) -> str:
        self.call(region, "put_function_event_invoke_config", inputs)
        return ":".join((inputs["functionName"], *_qualifier(inputs).values()))

    def configure(self, region: Region, identity: str, inputs: Properties, old: Properties | None) -> None:
        """Put it again; moto would keep the old one, so that goes first."""
        if old is not None:
            self.delete(region, identity, inputs)
            self.call(region, "put_function_event_invoke_config", inputs)

    def read(self, region: Region, identity: str, state: Properties) -> Properties | None:
        name = state.get("functionName", identity)
        answer = self.client(region).get_function_event_invoke_config(FunctionName=name, **_qualifier(state))
        found = self.outputs(answer, functionName=name)
        destinations: Properties = found.pop("destinationConfig", {})
        return {**found, **({"destinationConfig": destinations} if any(destinations.values()) else {})}

    def delete(self, region: Region, identity: str, state: Properties) -> None:
        where = {"FunctionName": state["functionName"], **_qualifier(state)}
        self.client(region).delete_function_event_invoke_config(**where)


class EventSourceMapping(Resource):
    """Reads a queue or a stream and calls a function; its id is a UUID."""

    token = "aws:lambda/eventSourceMapping:EventSourceMapping"
    service = "lambda"
    create_only = frozenset(
        {
            "eventSourceArn",
            "queues",
            "selfManagedEventSource",
            "startingPosition",
            "startingPositionTimestamp",
            "topics",
        }
    )
    defaults: ClassVar[Defaults] = {"enabled": True}
    changing = frozenset({"lastModified"})
    write_only = frozenset({"useResourceTimeoutForPropagation"})
    rename: ClassVar[Rename] = {"documentDbEventSourceConfig": "documentDBEventSourceConfig"}
    tagging: ClassVar[tags.Tagging | None] = TAGGING

    def create(self, region: Region, inputs: Properties) -> str:
        plain = {name: value for name, value in inputs.items() if name != "tags"}
        return self.call(region, "create_event_source_mapping", plain)["UUID"]

    def configure(self, region: Region, identity: str, inputs: Properties, old: Properties | None) -> None:
        """Everything but the source."""
        if old is not None:
            plain = {name: value for name, value in inputs.items() if name not in self.create_only | {"tags"}}
            self.call(region, "update_event_source_mapping", plain, UUID=identity)

    def read(self, region: Region, identity: str, state: Properties) -> Properties | None:
        """Return what it does and whether it is on."""
        answer = self.client(region).get_event_source_mapping(UUID=identity)
        function = answer["FunctionArn"]
        given = state.get("functionName", function)
        return {
            "maximumRecordAgeInSeconds": 0,
            "maximumRetryAttempts": 0,
            "parallelizationFactor": 0,
            "lastProcessingResult": "",
            **self.outputs(
                answer,
                arn=answer["EventSourceMappingArn"],
                enabled=answer["State"] == "Enabled",
                functionName=given if given in (function, function.rpartition(":")[2]) else function,
            ),
        }

    def delete(self, region: Region, identity: str, state: Properties) -> None:
        self.client(region).delete_event_source_mapping(UUID=identity)

    def tag_subject(self, region: Region, identity: str, state: Properties) -> str:
        return region.arn("lambda", f"event-source-mapping:{identity}")


RESOURCES = (Permission, FunctionEventInvokeConfig, EventSourceMapping)
