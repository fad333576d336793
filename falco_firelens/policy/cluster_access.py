"""Access to clusters: nobody becomes a cluster's administrator, or what is as good, by RBAC or by EKS."""

from collections.abc import Iterator, Mapping

from falco_firelens.policy.documents import folded, texts_of
from falco_firelens.policy.rule import Finding, Resource, Rule, items_of, show

WRITES = frozenset(("create", "update", "patch"))
READS = frozenset(("get", "list", "watch"))

EVERYWHERE: Mapping[str, frozenset[str]] = {
    "secrets": READS,
    "serviceaccounts/token": frozenset(("create",)),
    "nodes/proxy": READS | WRITES,
    "pods/exec": READS | WRITES,
    "pods/attach": READS | WRITES,
    "pods/portforward": READS | WRITES,
    "pods/ephemeralcontainers": WRITES,
    "pods": frozenset(("create",)),
    "persistentvolumes": frozenset(("create",)),
    "certificatesigningrequests/approval": WRITES,
    "mutatingwebhookconfigurations": WRITES,
    "validatingwebhookconfigurations": WRITES,
    **dict.fromkeys(("clusterroles", "clusterrolebindings", "roles", "rolebindings"), WRITES),
    **dict.fromkeys(("daemonsets", "deployments", "replicasets", "statefulsets", "jobs", "cronjobs"), WRITES),
    "replicationcontrollers": WRITES,
}
"""What is as good as more rights, in all namespaces: https://kubernetes.io/docs/concepts/security/rbac-good-practices/"""

IN_A_NAMESPACE = ("pods/exec", "pods/attach", "pods/ephemeralcontainers", "serviceaccounts/token")

ESCALATING = frozenset(("escalate", "bind", "impersonate", "approve", "sign"))

STRONG_ROLES = frozenset(("cluster-admin", "admin", "edit"))
"""`edit` can run pods as any service account of a namespace, and read its secrets."""

HARMLESS_SYSTEM_ROLES = frozenset((
    "system:auth-delegator", "system:basic-user", "system:discovery", "system:monitoring", "system:node-proxier",
    "system:public-info-viewer", "system:service-account-issuer-discovery",
))  # fmt: skip
"""https://kubernetes.io/docs/reference/access-authn-authz/rbac/#default-roles-and-role-bindings"""

EVERYBODY = frozenset((
    "system:masters", "system:anonymous", "system:unauthenticated", "system:authenticated", "system:serviceaccounts",
    "system:nodes", "system:kube-controller-manager", "system:kube-scheduler",
))  # fmt: skip
"""Groups and users that are an administrator, or that somebody is without having been chosen."""


def _role(resource: Resource) -> Iterator[Finding]:
    for kind, props, above in _items(resource):
        for index, rule in enumerate(map(folded, items_of(props.get("rules")))):
            yield from _rule(f"{above}rules[{index}]", rule, everywhere=kind.startswith("ClusterRole"))


def _rule(path: str, rule: Mapping[str, object], *, everywhere: bool) -> Iterator[Finding]:
    for name in ("verbs", "resources", "apiGroups", "nonResourceURLs"):
        for text in texts_of(rule.get(name.lower())):
            if text == "*" or (name == "resources" and "*" in text) or (name == "nonResourceURLs" and text == "/*"):
                yield Finding(f"{path}.{name}", show(text), "what is needed, by name")
    verbs = frozenset(text.lower() for text in texts_of(rule.get("verbs")))
    for verb in sorted(verbs & ESCALATING):
        yield Finding(f"{path}.verbs", show(verb), "verbs that give no further rights")
    if texts_of(rule.get("resourcenames")) and not verbs & {"create"}:
        return
    dangerous = EVERYWHERE if everywhere else {name: EVERYWHERE[name] for name in IN_A_NAMESPACE}
    for resource in texts_of(rule.get("resources")):
        found = sorted(verbs & dangerous.get(resource.lower(), frozenset()))
        if found:
            where = "in all namespaces" if everywhere else "in its namespace"
            yield Finding(f"{path}.resources", f"{', '.join(found)} {resource} {where}", "a Role, or resourceNames")


def _binding(resource: Resource) -> Iterator[Finding]:
    for kind, props, above in _items(resource):
        role = str(folded(props.get("roleref")).get("name"))
        strong = STRONG_ROLES if kind.startswith("ClusterRoleBinding") else {"cluster-admin", "admin"}
        if role in strong or (role.startswith("system:") and role not in HARMLESS_SYSTEM_ROLES):
            yield Finding(f"{above}roleRef.name", show(role), "a role with what is needed")
        for index, subject in enumerate(map(folded, items_of(props.get("subjects")))):
            name = subject.get("name")
            if isinstance(name, str) and name in EVERYBODY:
                yield Finding(f"{above}subjects[{index}].name", show(name), "who needs it, by name")


def _items(resource: Resource) -> Iterator[tuple[str, Mapping[str, object], str]]:
    """Kind, properties and path of a resource, or of each in a list of them."""
    kind = resource.type.rpartition(":")[2]
    if not kind.endswith("List"):
        yield kind, folded(resource.props), ""
        return
    for index, item in enumerate(items_of(resource.props.get("items"))):
        yield kind, folded(item), f"items[{index}]."


def _access_policy(resource: Resource) -> Iterator[Finding]:
    """https://docs.aws.amazon.com/eks/latest/userguide/access-policy-permissions.html"""
    arn = resource.props.get("policyArn")
    name = arn.rpartition("/")[2] if isinstance(arn, str) else ""
    scope = folded(resource.props.get("accessScope")).get("type")
    in_cluster = scope != "namespace" and ("Edit" in name or "Secret" in name)
    if "Admin" in name or in_cluster:
        yield Finding("policyArn", name, "AmazonEKSViewPolicy, or a Kubernetes group with a Role of its own")


def _access_entry(resource: Resource) -> Iterator[Finding]:
    for group in texts_of(resource.props.get("kubernetesGroups")):
        if group in EVERYBODY:
            yield Finding("kubernetesGroups", show(group), "a group of its own")


def _config_map(resource: Resource) -> Iterator[Finding]:
    """EKS's older way: https://docs.aws.amazon.com/eks/latest/userguide/auth-configmap.html"""
    metadata, data = folded(resource.props.get("metadata")), folded(resource.props.get("data"))
    if metadata.get("name") != "aws-auth":
        return
    for key in ("maproles", "mapusers", "mapaccounts"):
        text = data.get(key)
        if isinstance(text, str) and "system:masters" in text:
            yield Finding(f"data.{key}", '"system:masters"', "a group of its own")


def _types(kind: str) -> tuple[str, ...]:
    group = "kubernetes:rbac.authorization.k8s.io"
    return tuple(f"{group}/{v}:{kind}{form}" for v in ("v1", "v1beta1", "v1alpha1") for form in ("", "Patch", "List"))


RULES = (
    Rule(
        "no-cluster-admin",
        "Nobody becomes a cluster's administrator, or what is as good, by RBAC or by EKS's access entries.",
        {
            **dict.fromkeys((*_types("ClusterRole"), *_types("Role")), _role),
            **dict.fromkeys((*_types("ClusterRoleBinding"), *_types("RoleBinding")), _binding),
            "aws:eks/accessPolicyAssociation:AccessPolicyAssociation": _access_policy,
            "aws:eks/accessEntry:AccessEntry": _access_entry,
            "kubernetes:core/v1:ConfigMap": _config_map,
            "kubernetes:core/v1:ConfigMapPatch": _config_map,
        },
    ),
)
