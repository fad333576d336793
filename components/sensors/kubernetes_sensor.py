"""KubernetesSensor: Falco and Fluent Bit on every node of a Kubernetes cluster."""

from dataclasses import replace
from typing import NotRequired, TypedDict

import pulumi
from pulumi_kubernetes import apps, core, helm, networking

from falco_firelens.sensor.model import Document, FalcoChart, KubernetesManifests, Workload

from .chart_pods import like_ours
from .existing_objects import ExistingObjects, Kubeconfig, guard_daemon_sets
from .owned import owned, owned_too

ROLLOUT = pulumi.CustomTimeouts(create="30m", update="60m")
"""A rolling update takes some of the nodes at a time, so a large cluster needs more than the provider's 10 minutes."""

ROLE_ANNOTATION = "eks.amazonaws.com/role-arn"
"""How a service account asks for a role: https://docs.aws.amazon.com/eks/latest/userguide/associate-service-account-role.html."""


CREDENTIALS_ANNOTATION = "falco-firelens/credentials"
"""On Fluent Bit's pods: where their credentials come from."""


class KubernetesSensorArgs(TypedDict):
    """`chart` replaces Falco's own workload; Fluent Bit's is always ours.

    `credentials` says where Fluent Bit's come from; `role_arn` is the role that its service account asks for.
    `kubeconfig`, parsed, and a `context` of it are for a look at the cluster before its namespace is created.
    """

    manifests: KubernetesManifests
    credentials: str
    kubeconfig: pulumi.Input[Kubeconfig]
    context: NotRequired[str]
    chart: NotRequired[FalcoChart]
    role_arn: NotRequired[pulumi.Input[str]]


class KubernetesSensor(pulumi.ComponentResource):
    """The namespace, Falco and Fluent Bit. The provider of the cluster comes from the component's options."""

    namespace: pulumi.Output[str]
    workloads: list[str]

    def __init__(self, name: str, args: KubernetesSensorArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("falco-firelens:index:KubernetesSensor", name, {}, opts)
        manifests = args["manifests"]
        existing = ExistingObjects(name, args["kubeconfig"], args.get("context"))
        namespace = core.v1.Namespace(
            name,
            metadata=owned(manifests.namespace["metadata"]),
            opts=pulumi.ResourceOptions(parent=self, hooks=existing.refuse_namespace()),
        )
        inside = pulumi.ResourceOptions(parent=self, depends_on=[namespace])
        _network_policy(name, manifests.deny_ingress, inside)
        _network_policy(f"{name}-falco", manifests.deny_egress, inside)
        fluent_bit = _with_credentials(manifests.fluent_bit, args["credentials"], args.get("role_arn"))
        _workload(f"{name}-fluent-bit", fluent_bit, inside)
        chart = args.get("chart")
        if chart:
            _chart(f"{name}-falco", chart, manifests, existing.refuse_daemon_set(), inside)
        else:
            _workload(f"{name}-falco", manifests.falco, inside, existing.refuse_daemon_set())
        self.namespace = pulumi.Output.from_input(str(manifests.namespace["metadata"]["name"]))
        self.workloads = [str(part.daemon_set["metadata"]["name"]) for part in (manifests.falco, manifests.fluent_bit)]
        self.register_outputs({"namespace": self.namespace, "workloads": self.workloads})


def _network_policy(name: str, policy: Document, opts: pulumi.ResourceOptions) -> None:
    networking.v1.NetworkPolicy(name, metadata=owned(policy["metadata"]), spec=policy["spec"], opts=opts)


def _workload(
    name: str, workload: Workload, opts: pulumi.ResourceOptions, hooks: pulumi.ResourceHookBinding | None = None
) -> None:
    account = core.v1.ServiceAccount(
        name,
        metadata=owned(workload.service_account["metadata"]),
        automount_service_account_token=workload.service_account.get("automountServiceAccountToken"),
        opts=opts,
    )
    config = core.v1.ConfigMap(
        name, metadata=owned(workload.config_map["metadata"]), data=workload.config_map["data"], opts=opts
    )
    apps.v1.DaemonSet(
        name,
        metadata=owned(workload.daemon_set["metadata"]),
        spec=workload.daemon_set["spec"],
        opts=pulumi.ResourceOptions.merge(
            opts, pulumi.ResourceOptions(depends_on=[account, config], custom_timeouts=ROLLOUT, hooks=hooks)
        ),
    )


def _with_credentials(workload: Workload, source: str, role_arn: pulumi.Input[str] | None) -> Workload:
    """Annotate the service account with the role, and restart the pods when the source of the credentials changes.

    A pod gets its credentials only when it is admitted.
    """
    account: Document = workload.service_account
    if role_arn is not None:
        account = {**account, "metadata": _annotated(account["metadata"], ROLE_ANNOTATION, role_arn)}
    spec: Document = workload.daemon_set["spec"]
    template: Document = spec["template"]
    metadata = _annotated(template["metadata"], CREDENTIALS_ANNOTATION, role_arn or source)
    spec = {**spec, "template": {**template, "metadata": metadata}}
    return replace(workload, service_account=account, daemon_set={**workload.daemon_set, "spec": spec})


def _annotated(metadata: Document, name: str, value: pulumi.Input[str]) -> Document:
    return {**metadata, "annotations": {**metadata.get("annotations", {}), name: value}}


def _chart(
    name: str,
    chart: FalcoChart,
    manifests: KubernetesManifests,
    hooks: pulumi.ResourceHookBinding,
    opts: pulumi.ResourceOptions,
) -> None:
    repository = chart["repository"]
    in_oci = repository.startswith("oci://")
    helm.v4.Chart(
        name,
        name=manifests.falco.daemon_set["metadata"]["name"],
        chart=f"{repository}/{chart['chart']}" if in_oci else chart["chart"],
        version=chart["version"],
        repository_opts=None if in_oci else helm.v4.RepositoryOptsArgs(repo=repository),
        namespace=manifests.namespace["metadata"]["name"],
        values=chart["values"],
        opts=pulumi.ResourceOptions.merge(
            opts, pulumi.ResourceOptions(transforms=[owned_too, like_ours, guard_daemon_sets(hooks)])
        ),
    )
