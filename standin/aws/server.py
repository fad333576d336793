"""Pulumi's ResourceProvider protocol on gRPC, on top of the lifecycle of the registered types."""

import logging
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

import grpc
from google.protobuf import any_pb2, empty_pb2
from google.protobuf.message import Message
from pulumi.runtime.proto import engine_pb2, engine_pb2_grpc, plugin_pb2, provider_pb2, provider_pb2_grpc, status_pb2

from standin.aws import api, cloud, sdk, wire
from standin.aws.check import Failure, normalise, object_failures
from standin.aws.lifecycle import Difference, IncompleteError, Lifecycle
from standin.aws.limits import Limits
from standin.aws.registry import functions, resources

logger = logging.getLogger(__name__)
T = TypeVar("T")
STAND_IN = "the local cloud's stand-in for pulumi-resource-aws"
REPLACES_PROVIDER = ("region",)
"""What replaces a provider, and with it all that it has made, where the old one had it, too:
https://github.com/pulumi/pulumi-aws/blob/master/provider/resources.go (ForcesProviderReplace) and
https://github.com/pulumi/pulumi-terraform-bridge/blob/main/pkg/tfbridge/provider.go (DiffConfig)."""
CHANGE_KINDS = {"add": "ADD", "delete": "DELETE", "update": "UPDATE"}


class Provider(provider_pb2_grpc.ResourceProviderServicer):
    """Answers the engine. `engine` is the address of the engine's own service, where messages to the user go."""

    def __init__(self, version: str, engine: str | None, limits: Limits) -> None:
        self._version = version
        self._limits = limits
        self._engine = engine_pb2_grpc.EngineStub(grpc.insecure_channel(engine)) if engine else None
        self._cloud = cloud.Cloud(limits=limits)
        self._announced: set[str] = set()

    def GetPluginInfo(self, request: Any, context: grpc.ServicerContext) -> Message:  # noqa: N802, D102
        return plugin_pb2.PluginInfo(version=self._version)

    def CheckConfig(self, request: Any, context: grpc.ServicerContext) -> Message:  # noqa: N802, D102
        failures = cloud.failures(cloud.parse(wire.decode(request.news)))
        return provider_pb2.CheckResponse(inputs=request.news, failures=_failures(failures))

    def DiffConfig(self, request: Any, context: grpc.ServicerContext) -> Message:  # noqa: N802, D102
        old, new = wire.decode(request.old_inputs), wire.decode(request.news)
        changed = sorted(key for key in old.keys() | new.keys() if old.get(key) != new.get(key))
        kinds = provider_pb2.DiffResponse
        return provider_pb2.DiffResponse(
            changes=kinds.DIFF_SOME if changed else kinds.DIFF_NONE,
            diffs=changed,
            replaces=[key for key in changed if key in REPLACES_PROVIDER and key in old],
        )

    def Configure(self, request: Any, context: grpc.ServicerContext) -> Message:  # noqa: N802, D102
        configuration = cloud.parse(wire.decode(request.args))
        self._cloud = cloud.Cloud(configuration, self._limits)
        if not wire.has_unknown(configuration):
            self._answer(context, "configuring the provider", self._cloud.check_account)
        return provider_pb2.ConfigureResponse(supportsPreview=True)

    def Check(self, request: Any, context: grpc.ServicerContext) -> Message:  # noqa: N802, D102
        lifecycle = self._lifecycle(request, context)
        inputs, failures = self._answer(
            context,
            f"checking {request.urn}",
            lambda: lifecycle.check(
                _name(request), wire.decode(request.news), wire.decode(request.olds), request.randomSeed
            ),
        )
        return provider_pb2.CheckResponse(inputs=wire.encode(inputs), failures=_failures(failures))

    def Diff(self, request: Any, context: grpc.ServicerContext) -> Message:  # noqa: N802, D102
        lifecycle = self._lifecycle(request, context)
        state = wire.decode(request.olds)
        old_inputs = wire.decode(request.old_inputs) if request.HasField("old_inputs") else state
        news, ignored = wire.decode(request.news), request.ignoreChanges
        difference = self._answer(
            context, f"comparing {request.urn}", lambda: lifecycle.diff(old_inputs, state, news, ignored)
        )
        return _diff_response(difference)

    def Create(self, request: Any, context: grpc.ServicerContext) -> Message:  # noqa: N802, D102
        lifecycle, inputs = self._lifecycle(request, context), wire.decode(request.properties)
        self._announce(lifecycle, request.urn)
        if request.preview:
            outputs = self._answer(context, "previewing", lambda: lifecycle.preview(inputs))
            return provider_pb2.CreateResponse(properties=wire.encode(outputs))
        identity, outputs = self._answer(context, f"creating {request.urn}", lambda: lifecycle.create(inputs))
        return provider_pb2.CreateResponse(id=identity, properties=wire.encode(outputs))

    def Read(self, request: Any, context: grpc.ServicerContext) -> Message:  # noqa: N802, D102
        lifecycle = self._lifecycle(request, context)
        state, inputs = wire.decode(request.properties), wire.decode(request.inputs)
        found = self._answer(context, f"reading {request.urn}", lambda: lifecycle.read(request.id, inputs, state))
        if found is None:
            return provider_pb2.ReadResponse()
        outputs, inputs = found
        return provider_pb2.ReadResponse(id=request.id, properties=wire.encode(outputs), inputs=wire.encode(inputs))

    def Update(self, request: Any, context: grpc.ServicerContext) -> Message:  # noqa: N802, D102
        lifecycle = self._lifecycle(request, context)
        state, inputs = wire.decode(request.olds), wire.decode(request.news)
        if request.preview:
            outputs = self._answer(context, "previewing", lambda: lifecycle.preview(inputs, state))
        else:
            outputs = self._answer(
                context, f"updating {request.urn}", lambda: lifecycle.update(request.id, state, inputs)
            )
        return provider_pb2.UpdateResponse(properties=wire.encode(outputs))

    def Delete(self, request: Any, context: grpc.ServicerContext) -> empty_pb2.Empty:  # noqa: N802, D102
        lifecycle = self._lifecycle(request, context)
        state = wire.decode(request.properties)
        self._answer(context, f"deleting {request.urn}", lambda: lifecycle.delete(request.id, state))
        return empty_pb2.Empty()

    def Invoke(self, request: Any, context: grpc.ServicerContext) -> Message:  # noqa: N802, D102
        token = request.tok
        kinds = self._answer(context, token, lambda: sdk.function_type(token))
        function = functions().get(token)
        if function is None:
            context.abort(grpc.StatusCode.UNIMPLEMENTED, f"{token}: {STAND_IN} does not know this function")
        arguments = wire.decode(request.args)
        failures = list(object_failures(arguments, kinds.arguments))
        if failures:
            return provider_pb2.InvokeResponse(failures=_failures(failures))
        region = self._answer(context, token, lambda: self._cloud.region(arguments.get("region")))
        arguments = normalise(arguments, kinds.arguments)
        result = {**arguments, **self._answer(context, token, lambda: function(region, arguments))}
        if "region" in kinds.result.fields:
            result.setdefault("region", region.name)
        returned: dict[str, Any] = {"return": wire.encode(result)}
        return provider_pb2.InvokeResponse(**returned)

    def Cancel(self, request: Any, context: grpc.ServicerContext) -> empty_pb2.Empty:  # noqa: N802, D102
        return empty_pb2.Empty()

    def _lifecycle(self, request: Any, context: grpc.ServicerContext) -> Lifecycle:
        token = request.type or request.urn.split("::")[2].split("$")[-1]
        resource = resources().get(token)
        if resource is None:
            self._answer(context, f"{token}", lambda: sdk.resource_type(token))
            context.abort(grpc.StatusCode.UNIMPLEMENTED, f"{token}: {STAND_IN} does not know this resource type")
        return Lifecycle(self._cloud, resource)

    def _announce(self, lifecycle: Lifecycle, urn: str) -> None:
        """Says once a type that it is recorded only."""
        token = lifecycle.resource.token
        if lifecycle.resource.recorded and token not in self._announced and self._engine:
            self._announced.add(token)
            message = f"{token} is recorded only: the local cloud has no such API (docs/localcloud.md)"
            self._engine.Log(engine_pb2.LogRequest(severity=engine_pb2.INFO, message=message, urn=urn))

    def _answer(self, context: grpc.ServicerContext, doing: str, work: Callable[[], T]) -> T:
        """Do the work; an error becomes one that the engine shows to the user."""
        try:
            return work()
        except IncompleteError as error:
            context.abort_with_status(_incomplete(error))
            raise
        except Exception as error:
            logger.debug("%s", doing, exc_info=True)
            context.abort(grpc.StatusCode.UNKNOWN, f"{doing}: {api.describe(error)}")


def _name(request: Any) -> str:
    return request.name or request.urn.split("::")[-1]


def _failures(failures: Iterable[Failure]) -> list[provider_pb2.CheckFailure]:
    return [provider_pb2.CheckFailure(property=failure.path, reason=failure.reason) for failure in failures]


def _diff_response(difference: Difference) -> provider_pb2.DiffResponse:
    kinds = provider_pb2.PropertyDiff
    detailed: dict[str, provider_pb2.PropertyDiff] = {}
    for change in difference.changes:
        kind = CHANGE_KINDS[change.kind] + ("_REPLACE" if change.path in difference.replaces else "")
        detailed[change.path] = kinds(kind=kinds.Kind.Value(kind), inputDiff=False)
    return provider_pb2.DiffResponse(
        changes=provider_pb2.DiffResponse.DIFF_SOME if detailed else provider_pb2.DiffResponse.DIFF_NONE,
        diffs=sorted({change.path.split(".")[0].split("[")[0] for change in difference.changes}),
        replaces=sorted(difference.replaces),
        detailedDiff=detailed,
        hasDetailedDiff=True,
        deleteBeforeReplace=difference.delete_first,
    )


class _Status:
    """What `abort_with_status` takes: a code, a message and the trailer that carries the details."""

    def __init__(self, message: str, detail: Message) -> None:
        packed = any_pb2.Any()
        packed.Pack(detail)
        self.code = grpc.StatusCode.UNKNOWN
        self.details = message
        status = status_pb2.Status(code=self.code.value[0], message=message, details=[packed])
        self.trailing_metadata = (("grpc-status-details-bin", status.SerializeToString()),)


def _incomplete(error: IncompleteError) -> Any:
    detail = provider_pb2.ErrorResourceInitFailed(
        id=error.identity,
        properties=wire.encode(error.outputs),
        inputs=wire.encode(error.inputs),
        reasons=[error.reason],
    )
    return _Status(error.reason, detail)
