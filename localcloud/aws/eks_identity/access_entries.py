"""Gives moto's EKS access entries: who may reach a cluster's API, as which user and in which Kubernetes groups.

https://docs.aws.amazon.com/eks/latest/userguide/access-entries.html. Of the access policies that of a cluster's
administrator gives its rights here, for the whole cluster; the others are kept.
"""

import re
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from moto.core.responses import ActionResult
from moto.eks import urls
from moto.eks.exceptions import (
    InvalidParameterException,
    InvalidRequestException,
    ResourceInUseException,
    ResourceNotFoundException,
)
from moto.eks.models import EKSBackend
from moto.eks.responses import EKSResponse
from moto.iam.models import iam_backends
from moto.sts.models import sts_backends

from localcloud.aws.eks_addons import Addon, addons_of

STANDARD = "STANDARD"
WITH_ENTRIES = ("API", "API_AND_CONFIG_MAP")
"""Authentication modes in which a cluster has access entries."""

ADMINISTRATOR = "AmazonEKSClusterAdminPolicy"
"""The access policy of the one who has created a cluster.
https://docs.aws.amazon.com/eks/latest/userguide/access-policy-permissions.html"""

RESERVED = ("system:", "eks:", "aws:", "amazon:", "iam:")
"""How a group of an access entry may not begin."""

_PRINCIPAL = re.compile(r"arn:(aws[\w-]*):iam::(\d{12}):(role|user)/(?:.*/)?([^/]+)")
_NOT_FOUND = "The specified principalArn could not be found."

Entries = dict[str, "AccessEntry"]


@dataclass
class AccessEntry:
    """One of a cluster's, by principal."""

    cluster: str
    principal: str
    arn: str
    username: str
    groups: list[str]
    type: str
    tags: dict[str, str]
    policies: dict[str, dict[str, Any]] = field(default_factory=dict[str, dict[str, Any]])
    created: datetime = field(default_factory=lambda: datetime.now(UTC))
    modified: datetime = field(default_factory=lambda: datetime.now(UTC))

    @property
    def administers(self) -> bool:
        """Whether an access policy makes the principal an administrator of the whole cluster."""
        return any(
            policy["policyArn"].endswith(f"/{ADMINISTRATOR}") and policy["accessScope"]["type"] == "cluster"
            for policy in self.policies.values()
        )

    def described(self) -> dict[str, Any]:
        """Return the entry as the API does."""
        return {
            "clusterName": self.cluster,
            "principalArn": self.principal,
            "accessEntryArn": self.arn,
            "username": self.username,
            "kubernetesGroups": self.groups,
            "type": self.type,
            "tags": self.tags,
            "createdAt": self.created,
            "modifiedAt": self.modified,
        }


def install() -> None:
    """Make moto do so, in this process; before its application is made."""
    for name, operation in _OPERATIONS.items():
        setattr(EKSResponse, name, operation)
    dispatch: Any = urls.response.dispatch
    urls.url_paths["{0}/clusters/(?P<name>[^/]+)/access-entries$"] = dispatch
    urls.url_paths["{0}/clusters/(?P<name>[^/]+)/access-entries/(?P<principalArn>.+)$"] = dispatch
    _keep_authentication_mode()
    _tag_what_belongs_to_clusters()


def entries_of(cluster: Any) -> Entries:
    """Return a cluster's access entries, by principal."""
    return cluster.__dict__.setdefault("access_entries", {})


def authentication_mode(cluster: Any) -> str:
    """How a cluster learns who somebody is."""
    return getattr(cluster, "access_config", {}).get("authenticationMode", "CONFIG_MAP")


def _create(self: Any) -> ActionResult:
    cluster, principal = _cluster(self), str(self._get_param("principalArn"))
    kind: str = self._get_param("type", STANDARD)
    groups: list[str] = self._get_param("kubernetesGroups", [])
    entries = entries_of(cluster)
    _check_principal(principal)
    _check_groups(groups, kind)
    if principal in entries:
        raise ResourceInUseException(message="The specified access entry resource is already in use on this cluster.")
    entries[principal] = AccessEntry(
        cluster.name,
        principal,
        _arn(cluster, principal),
        self._get_param("username") or _username(principal, kind),
        groups if kind == STANDARD else ["system:nodes"],
        kind,
        self._get_param("tags") or {},
    )
    return ActionResult({"accessEntry": entries[principal].described()})


def _describe(self: Any) -> ActionResult:
    return ActionResult({"accessEntry": _entry(self).described()})


def _update(self: Any) -> ActionResult:
    """Return the updated entry; what the request leaves out stays."""
    entry = _entry(self)
    groups = self._get_param("kubernetesGroups")
    if groups is not None:
        _check_groups(groups, entry.type)
        entry.groups = groups
    entry.username = self._get_param("username") or entry.username
    entry.modified = datetime.now(UTC)
    return ActionResult({"accessEntry": entry.described()})


def _delete(self: Any) -> ActionResult:
    entry = _entry(self)
    del entries_of(_cluster(self))[entry.principal]
    return ActionResult({})


def _list(self: Any) -> ActionResult:
    return ActionResult({"accessEntries": sorted(entries_of(_cluster(self)))})


def _associate(self: Any) -> ActionResult:
    entry, policy = _entry(self), str(self._get_param("policyArn"))
    if not re.fullmatch(r"arn:aws[\w-]*:eks::aws:cluster-access-policy/\w+", policy):
        raise InvalidParameterException(message=f"The policyArn {policy} is invalid.")
    _give(entry, policy, self._get_param("accessScope"))
    described = {"clusterName": entry.cluster, "principalArn": entry.principal}
    return ActionResult({**described, "associatedAccessPolicy": entry.policies[policy]})


def _give(entry: AccessEntry, policy: str, scope: dict[str, Any]) -> None:
    now = datetime.now(UTC)
    entry.policies[policy] = {"policyArn": policy, "accessScope": scope, "associatedAt": now, "modifiedAt": now}


def _disassociate(self: Any) -> ActionResult:
    if _entry(self).policies.pop(self._get_param("policyArn"), None) is None:
        raise ResourceNotFoundException(message="The specified policyArn is not associated with this access entry.")
    return ActionResult({})


def _list_associated(self: Any) -> ActionResult:
    entry = _entry(self)
    described = {"clusterName": entry.cluster, "principalArn": entry.principal}
    return ActionResult({**described, "associatedAccessPolicies": list(entry.policies.values())})


_OPERATIONS: Mapping[str, Callable[[Any], ActionResult]] = {
    "create_access_entry": _create,
    "describe_access_entry": _describe,
    "update_access_entry": _update,
    "delete_access_entry": _delete,
    "list_access_entries": _list,
    "associate_access_policy": _associate,
    "disassociate_access_policy": _disassociate,
    "list_associated_access_policies": _list_associated,
}


def _cluster(response: Any) -> Any:
    """Return the cluster that is asked about, if it has access entries at all."""
    cluster = response.eks_backend.describe_cluster(name=response._get_param("name"))
    if authentication_mode(cluster) not in WITH_ENTRIES:
        modes = ", ".join(WITH_ENTRIES)
        raise InvalidRequestException(
            message=f"The cluster's authentication mode must be set to one of [{modes}] to perform this operation."
        )
    return cluster


def _entry(response: Any) -> AccessEntry:
    found = entries_of(_cluster(response)).get(response._get_param("principalArn"))
    if found is None:
        raise ResourceNotFoundException(message=_NOT_FOUND)
    return found


def _check_principal(principal: str) -> None:
    """Refuse what is not an existing role or user, as EKS does."""
    if not _exists(principal):
        raise InvalidParameterException(message="The specified principalArn is invalid: invalid principal.")


def _exists(principal: str) -> bool:
    match = _PRINCIPAL.fullmatch(principal)
    if match is None:
        return False
    partition, account, kind, name = match.groups()
    iam: Any = iam_backends[account][partition]
    known = iam.roles.values() if kind == "role" else iam.users.values()
    return any(one.name == name and one.arn == principal for one in known)


def _check_groups(groups: list[str], kind: str) -> None:
    if groups and kind != STANDARD:
        raise InvalidRequestException(message=f"An access entry of type {kind} takes no kubernetesGroups.")
    for group in groups:
        if group.startswith(RESERVED):
            names = ", ".join(RESERVED)
            raise InvalidParameterException(
                message=f"The kubernetes group name {group} is invalid, it cannot start with {names}"
            )


def _username(principal: str, kind: str) -> str:
    """Which EKS gives where the request gives none; what is in braces is known when somebody comes."""
    if kind != STANDARD:
        return "system:node:{{EC2PrivateDNSName}}"
    match = _PRINCIPAL.fullmatch(principal)
    assert match is not None
    partition, account, sort, name = match.groups()
    role = f"arn:{partition}:sts::{account}:assumed-role/{name}/{{{{SessionName}}}}"
    return role if sort == "role" else principal


def _arn(cluster: Any, principal: str) -> str:
    match = _PRINCIPAL.fullmatch(principal)
    assert match is not None
    _, account, kind, name = match.groups()
    base = cluster.arn.replace(":cluster/", ":access-entry/")
    return f"{base}/{kind}/{account}/{name}/{uuid.uuid4()}"


def _principal(response: Any) -> str | None:
    """Return the role or user that sends a request, by its ARN; None where its access key is nobody's."""
    sts: Any = sts_backends[response.current_account][response.partition]
    _, arn, account = sts.get_caller_identity(response.get_access_key(), response.region)
    role = re.fullmatch(r"arn:(aws[\w-]*):sts::\d{12}:assumed-role/([^/]+)/.+", arn)
    principal = f"arn:{role[1]}:iam::{account}:role/{role[2]}" if role else arn
    return principal if _exists(principal) else None


def _let_creator_in(cluster: Any, principal: str | None) -> None:
    """Do as EKS does: the creator of a cluster with access entries has one, as an administrator.

    https://docs.aws.amazon.com/eks/latest/userguide/cluster-auth.html
    """
    if principal is None or authentication_mode(cluster) not in WITH_ENTRIES:
        return
    username = _username(principal, STANDARD)
    entry = AccessEntry(cluster.name, principal, _arn(cluster, principal), username, [], STANDARD, {})
    partition = principal.split(":")[1]
    _give(entry, f"arn:{partition}:eks::aws:cluster-access-policy/{ADMINISTRATOR}", {"type": "cluster"})
    entries_of(cluster)[principal] = entry


def _keep_authentication_mode() -> None:
    """Keep a cluster's access configuration, which moto forgets, and let its creator in."""
    create, update = EKSResponse.create_cluster, EKSResponse.update_cluster_config

    def created(self: Any) -> ActionResult:
        result = create(self)
        given: dict[str, Any] = self._get_param("accessConfig", {})
        cluster: Any = self.eks_backend.describe_cluster(name=self._get_param("name"))
        defaults = {"authenticationMode": "CONFIG_MAP", "bootstrapClusterCreatorAdminPermissions": True}
        cluster.access_config = {**defaults, **given}
        if cluster.access_config["bootstrapClusterCreatorAdminPermissions"]:
            _let_creator_in(cluster, _principal(self))
        return result

    def updated(self: Any) -> ActionResult:
        cluster: Any = self.eks_backend.describe_cluster(name=self._get_param("name"))
        config: dict[str, Any] = self._get_param("accessConfig", {})
        mode = config.get("authenticationMode")
        had = authentication_mode(cluster)
        if mode and had in WITH_ENTRIES and mode != had and mode != "API":
            raise InvalidParameterException(message=f"Unsupported authentication mode update from {had} to {mode}")
        result = update(self)
        if mode:
            cluster.access_config = {**cluster.access_config, "authenticationMode": mode}
        return result

    EKSResponse.create_cluster = created
    EKSResponse.update_cluster_config = updated


def _tag_what_belongs_to_clusters() -> None:
    """moto tags clusters alone; this does it for access entries and add-ons."""
    tag, untag, listed = EKSBackend.tag_resource, EKSBackend.untag_resource, EKSBackend.list_tags_for_resource

    def find(backend: Any, arn: str) -> AccessEntry | Addon | None:
        every = (
            one
            for cluster in backend.clusters.values()
            for one in (*entries_of(cluster).values(), *addons_of(cluster).values())
        )
        return next((one for one in every if one.arn == arn), None)

    def tag_one(self: Any, resource_arn: str, tags: dict[str, str]) -> None:
        one = find(self, resource_arn)
        if one:
            one.tags.update(tags)
        else:
            tag(self, resource_arn, tags)

    def untag_one(self: Any, resource_arn: str, tag_keys: list[str] | str) -> None:
        one = find(self, resource_arn)
        if one:
            gone = [tag_keys] if isinstance(tag_keys, str) else tag_keys
            one.tags = {key: value for key, value in one.tags.items() if key not in gone}
        else:
            untag(self, resource_arn, tag_keys)  # pyright: ignore[reportArgumentType]

    def tags_of(self: Any, resource_arn: str) -> dict[str, str]:
        one = find(self, resource_arn)
        return one.tags if one else listed(self, resource_arn)

    EKSBackend.tag_resource = tag_one
    EKSBackend.untag_resource = untag_one
    EKSBackend.list_tags_for_resource = tags_of
