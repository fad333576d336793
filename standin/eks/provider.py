"""Which of pulumi-eks's components the stand-in builds, and what it refuses."""

# pyright: reportUnknownVariableType=false, reportUnknownArgumentType=false, reportUnknownLambdaType=false

import importlib.metadata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_eks
from pulumi.provider import ConstructResult, Provider

from standin.aws import wire
from standin.aws.check import object_failures
from standin.aws.sdk import Object
from standin.eks.addons import addon, vpc_cni_addon
from standin.eks.cluster import CLUSTER_INPUTS, Cluster
from standin.eks.node_group import NODE_GROUP_INPUTS, managed_node_group

Inputs = Mapping[str, pulumi.Input[Any]]
State = dict[str, Any]
STAND_IN = "the local cloud's stand-in for pulumi-resource-eks"
REAL = "with LOCALCLOUD_REAL=eks the real plugin runs in its place"


@dataclass(frozen=True)
class Kind:
    """A component: the SDK's type of its inputs, those that the stand-in honours (None: all), and how it is built."""

    arguments: type
    supported: frozenset[str] | None
    build: Callable[[str, State, pulumi.ResourceOptions | None], tuple[pulumi.Resource, State]]


def _cluster(name: str, inputs: State, opts: pulumi.ResourceOptions | None) -> tuple[pulumi.Resource, State]:
    cluster = Cluster(name, inputs, opts)
    return cluster, cluster.state


KINDS = {
    "eks:index:Cluster": Kind(pulumi_eks.ClusterArgs, CLUSTER_INPUTS, _cluster),
    "eks:index:ManagedNodeGroup": Kind(pulumi_eks.ManagedNodeGroupArgs, NODE_GROUP_INPUTS, managed_node_group),
    "eks:index:Addon": Kind(pulumi_eks.AddonArgs, None, addon),
    "eks:index:VpcCniAddon": Kind(pulumi_eks.VpcCniAddonArgs, None, vpc_cni_addon),
}


class EksProvider(Provider):
    """Answers the engine's requests to build components."""

    def __init__(self) -> None:
        super().__init__(importlib.metadata.version("pulumi-eks"))

    def construct(
        self, name: str, resource_type: str, inputs: Inputs, options: pulumi.ResourceOptions | None = None
    ) -> ConstructResult:
        """Check the inputs against the SDK and build the component.

        Raises InputPropertiesError for inputs that are wrong, or that the stand-in cannot honour.
        """
        kind = KINDS.get(resource_type)
        if kind is None:
            known = ", ".join(sorted(KINDS))
            raise ValueError(f"{resource_type}: {STAND_IN} builds only {known}; {REAL}")
        given = {key: value for key, value in inputs.items() if value is not None}
        errors = _errors(kind, given)
        if errors:
            raise pulumi.InputPropertiesError(f"{resource_type} {name} cannot be built", errors)
        component, state = kind.build(name, given, options)
        return ConstructResult(component.urn, state)


def _errors(kind: Kind, inputs: State) -> list[Any]:
    checked = {name: _as_wire(value) for name, value in inputs.items()}
    wrong = [
        {"property_path": failure.path, "reason": failure.reason}
        for failure in object_failures(checked, Object(kind.arguments).fields)
    ]
    supported = inputs.keys() if kind.supported is None else kind.supported
    reason = f"{STAND_IN} cannot do this; {REAL}"
    refused = [{"property_path": name, "reason": reason} for name in sorted(inputs.keys() - supported)]
    return wrong or refused


def _as_wire(value: Any) -> Any:
    """Return a value as it would travel; outputs and resources are taken on trust."""
    if isinstance(value, (pulumi.Output, pulumi.Resource)):
        return wire.UNKNOWN
    if isinstance(value, dict):
        entries: State = value
        return {key: _as_wire(item) for key, item in entries.items()}
    if isinstance(value, list):
        items: list[Any] = value
        return [_as_wire(item) for item in items]
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value
