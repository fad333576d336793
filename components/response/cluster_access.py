"""ClusterAccess: the response function's permissions in a Kubernetes cluster, and its credentials there."""

import base64
import json
from collections.abc import Mapping, Sequence
from typing import Any, NotRequired, TypedDict, cast

import pulumi
from pulumi_aws import eks, secretsmanager
from pulumi_kubernetes import admissionregistration, core, rbac

from ..sensors.existing_objects import ExistingObjects, Kubeconfig
from ..sensors.owned import owned
from .admission_policy import group_member, policy_spec, policy_wanted, service_account

NAME = "falco-firelens-responder"
GROUP = "falco-firelens:responder"
"""The Kubernetes group of the function's role on EKS."""


class ClusterAccessArgs(TypedDict):
    """`rules` are those of the ClusterRole. With `eks_cluster` an access entry lets the function's role in.

    Without it there is a service account in `namespace`, with a token that does not expire. `bounded`: an admission
    policy bounds what the function writes. `kubeconfig`, parsed, and a `context` of it are for a look at whether the
    API server has such policies, where that is not known otherwise; `cluster` is the cluster's name in the stack.
    """

    rules: Sequence[Mapping[str, Sequence[str]]]
    role_arn: pulumi.Input[str]
    eks_cluster: NotRequired[pulumi.Input[str]]
    cluster: str
    namespace: str
    bounded: bool
    kubeconfig: NotRequired[Kubeconfig]
    context: NotRequired[str]
    tags: Mapping[str, str]


class ClusterAccess(pulumi.ComponentResource):
    """A ClusterRole of its own, bound to the function alone, and the policy that bounds what it writes.

    The cluster's provider comes from the options.

    `token` is the service account's, a secret, and empty on EKS.
    """

    token: pulumi.Output[str]

    def __init__(self, name: str, args: ClusterAccessArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("falco-firelens:index:ClusterAccess", name, {}, opts)
        child = pulumi.ResourceOptions(parent=self)
        labels = {"app.kubernetes.io/part-of": "falco-firelens"}
        metadata = owned({"name": NAME, "labels": labels})
        role = rbac.v1.ClusterRole(name, metadata=metadata, rules=[_rule(rule) for rule in args["rules"]], opts=child)
        policy = self._policy(name, args, labels) if args["bounded"] else []
        cluster = args.get("eks_cluster")
        if cluster is not None:
            eks.AccessEntry(
                name,
                cluster_name=cluster,
                principal_arn=args["role_arn"],
                kubernetes_groups=[GROUP],
                tags=args["tags"],
                opts=child,
            )
            subject: dict[str, Any] = {"api_group": "rbac.authorization.k8s.io", "kind": "Group", "name": GROUP}
            self.token = pulumi.Output.from_input("")
        else:
            subject = {"kind": "ServiceAccount", "name": NAME, "namespace": args["namespace"]}
            self.token = self._service_account(name, args["namespace"], labels, child)
        rbac.v1.ClusterRoleBinding(
            name,
            metadata=metadata,
            role_ref={"api_group": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": NAME},
            subjects=[cast("rbac.v1.SubjectArgsDict", subject)],
            # The function may do nothing yet while nothing bounds it.
            opts=pulumi.ResourceOptions(parent=self, depends_on=[role, *policy]),
        )
        self.register_outputs({})

    def _policy(self, name: str, args: ClusterAccessArgs, labels: Mapping[str, str]) -> list[pulumi.Resource]:
        identity = group_member(GROUP) if "eks_cluster" in args else service_account(args["namespace"], NAME)
        hooks = None
        if "kubeconfig" in args:
            existing = ExistingObjects(name, args["kubeconfig"], args.get("context"))
            hooks = existing.refuse_without_policies(policy_wanted(args["cluster"]))
        metadata = owned({"name": NAME, "labels": labels})
        policy = admissionregistration.v1.ValidatingAdmissionPolicy(
            name,
            metadata=metadata,
            spec=cast("Any", policy_spec(identity)),
            opts=pulumi.ResourceOptions(parent=self, hooks=hooks),
        )
        binding = admissionregistration.v1.ValidatingAdmissionPolicyBinding(
            name,
            metadata=metadata,
            spec={"policy_name": NAME, "validation_actions": ["Deny"]},
            opts=pulumi.ResourceOptions(parent=self, depends_on=[policy]),
        )
        return [policy, binding]

    def _service_account(
        self, name: str, namespace: str, labels: Mapping[str, str], child: pulumi.ResourceOptions
    ) -> pulumi.Output[str]:
        """Make a service account; the provider waits until the cluster has written its token into the secret.

        https://kubernetes.io/docs/concepts/configuration/secret/#serviceaccount-token-secrets
        """
        account = core.v1.ServiceAccount(
            name,
            metadata=owned({"name": NAME, "namespace": namespace, "labels": labels}),
            automount_service_account_token=False,
            opts=child,
        )
        secret = core.v1.Secret(
            name,
            metadata=owned(
                {
                    "name": NAME,
                    "namespace": namespace,
                    "labels": labels,
                    "annotations": {"kubernetes.io/service-account.name": NAME},
                }
            ),
            type="kubernetes.io/service-account-token",
            opts=pulumi.ResourceOptions(parent=self, depends_on=[account]),
        )
        return pulumi.Output.secret(secret.data.apply(lambda data: (data or {}).get("token", "")))


def store_access(
    name: str,
    secret_id: pulumi.Input[str],
    cluster: Mapping[str, Any],
    token: pulumi.Output[str],
    opts: pulumi.ResourceOptions,
) -> None:
    """Write the access to a cluster that is not EKS into its secret, as `responder.clients.connect` takes it.

    `cluster` is a kubeconfig's entry; `token` is in base64, as the API has it.
    """
    server, authority = cluster["server"], cluster.get("certificate-authority-data") or ""

    def access(encoded: str) -> str:
        plain = base64.b64decode(encoded).decode()
        return json.dumps({"server": server, "certificate_authority": authority, "token": plain})

    secretsmanager.SecretVersion(name, secret_id=secret_id, secret_string=token.apply(access), opts=opts)


def _rule(rule: Mapping[str, Sequence[str]]) -> Any:
    return {name: list(values) for name, values in rule.items()}
