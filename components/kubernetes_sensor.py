"""KubernetesSensor: Falco and Fluent Bit on every node of a Kubernetes cluster."""

from collections.abc import Mapping
from typing import Any, NotRequired, TypedDict

import pulumi
from pulumi_kubernetes.apps.v1 import DaemonSet
from pulumi_kubernetes.core.v1 import ConfigMap, Namespace, ServiceAccount
from pulumi_kubernetes.helm.v4 import Chart, RepositoryOptsArgs
from pulumi_kubernetes.networking.v1 import NetworkPolicy

from sensor.model import Document, KubernetesManifests, Workload

ROLLOUT = pulumi.CustomTimeouts(create="30m", update="60m")
"""A rolling update takes some of the nodes at a time, so a large cluster needs more than the provider's 10 minutes."""

ROLE_ANNOTATION = "eks.amazonaws.com/role-arn"
"""How a service account asks for a role: https://docs.aws.amazon.com/eks/latest/userguide/associate-service-account-role.html."""


class FalcoChart(TypedDict):
    """The official Falco chart, with values made from the same description as the manifests."""

    chart: str
    repository: str
    version: str
    values: Mapping[str, Any]


class KubernetesSensorArgs(TypedDict):
    """`chart` replaces Falco's own workload; Fluent Bit's is always ours. `role_arn` is for IRSA."""

    manifests: KubernetesManifests
    chart: NotRequired[FalcoChart]
    role_arn: NotRequired[pulumi.Input[str]]


class KubernetesSensor(pulumi.ComponentResource):
    """The namespace, Falco and Fluent Bit. The provider of the cluster comes from the component's options."""

    namespace: pulumi.Output[str]
    workloads: list[str]

    def __init__(self, name: str, args: KubernetesSensorArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("falco-firelens:index:KubernetesSensor", name, {}, opts)
        manifests = args["manifests"]
        namespace = Namespace(name, metadata=manifests.namespace["metadata"], opts=pulumi.ResourceOptions(parent=self))
        inside = pulumi.ResourceOptions(parent=self, depends_on=[namespace])
        NetworkPolicy(
            name,
            metadata=manifests.network_policy["metadata"],
            spec=manifests.network_policy["spec"],
            opts=inside,
        )
        _workload(f"{name}-fluent-bit", manifests.fluent_bit, args.get("role_arn"), inside)
        chart = args.get("chart")
        if chart:
            _chart(f"{name}-falco", chart, manifests, inside)
        else:
            _workload(f"{name}-falco", manifests.falco, None, inside)
        self.namespace = pulumi.Output.from_input(str(manifests.namespace["metadata"]["name"]))
        self.workloads = [str(part.daemon_set["metadata"]["name"]) for part in (manifests.falco, manifests.fluent_bit)]
        self.register_outputs({"namespace": self.namespace, "workloads": self.workloads})


def _workload(name: str, workload: Workload, role_arn: pulumi.Input[str] | None, opts: pulumi.ResourceOptions) -> None:
    account = ServiceAccount(
        name,
        metadata=_with_role(workload.service_account["metadata"], role_arn),
        automount_service_account_token=workload.service_account.get("automountServiceAccountToken"),
        opts=opts,
    )
    config = ConfigMap(name, metadata=workload.config_map["metadata"], data=workload.config_map["data"], opts=opts)
    DaemonSet(
        name,
        metadata=workload.daemon_set["metadata"],
        spec=workload.daemon_set["spec"],
        opts=pulumi.ResourceOptions.merge(
            opts, pulumi.ResourceOptions(depends_on=[account, config], custom_timeouts=ROLLOUT)
        ),
    )


def _with_role(metadata: Any, role_arn: pulumi.Input[str] | None) -> Any:
    if role_arn is None:
        return metadata
    annotations: Document = metadata.get("annotations", {})
    return {**metadata, "annotations": {**annotations, ROLE_ANNOTATION: role_arn}}


def _chart(name: str, chart: FalcoChart, manifests: KubernetesManifests, opts: pulumi.ResourceOptions) -> None:
    Chart(
        name,
        name=manifests.falco.daemon_set["metadata"]["name"],
        chart=chart["chart"],
        version=chart["version"],
        repository_opts=RepositoryOptsArgs(repo=chart["repository"]),
        namespace=manifests.namespace["metadata"]["name"],
        values=chart["values"],
        opts=opts,
    )
