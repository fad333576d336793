"""Gives moto's EKS add-ons, and a list of their versions that a test can add a release to.

https://docs.aws.amazon.com/eks/latest/userguide/eks-add-ons.html. Nothing of an add-on runs: it is ACTIVE at once.
"""

import json
import re
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from moto.core.common_types import TYPE_RESPONSE
from moto.core.responses import ActionResult
from moto.eks import urls
from moto.eks.exceptions import InvalidParameterException, ResourceInUseException, ResourceNotFoundException
from moto.eks.responses import EKSResponse
from moto.moto_api._internal import urls as control_urls

VERSIONS: dict[str, list[str]] = {
    "aws-ebs-csi-driver": ["v1.48.0-eksbuild.2"],
    "coredns": ["v1.12.4-eksbuild.1"],
    "eks-pod-identity-agent": ["v1.3.8-eksbuild.2"],
    "kube-proxy": ["v1.34.0-eksbuild.4"],
    "vpc-cni": ["v1.20.3-eksbuild.1"],
}
"""Every version there is, for every Kubernetes version, the newest first; it is also EKS's default. AWS adds to its own
list every month."""

RELEASES = "/moto-api/localcloud/eks-addon-releases"
"""A POST of `{"vpc-cni": "v1.99.0-eksbuild.1"}` there is a day on which AWS releases that."""

_VERSION = re.compile(r"(v[\d.]+)-eksbuild\.\d+")
_KEPT = ("configurationValues", "serviceAccountRoleArn", "podIdentityAssociations")

Addons = dict[str, "Addon"]


@dataclass
class Addon:
    """One of a cluster's, by name."""

    name: str
    cluster: str
    arn: str
    version: str
    tags: dict[str, str]
    values: dict[str, Any] = field(default_factory=dict[str, Any])
    created: datetime = field(default_factory=lambda: datetime.now(UTC))
    modified: datetime = field(default_factory=lambda: datetime.now(UTC))

    def described(self) -> dict[str, Any]:
        """Return it in the form of the API."""
        return {
            "addonName": self.name,
            "clusterName": self.cluster,
            "status": "ACTIVE",
            "addonVersion": self.version,
            "health": {"issues": []},
            "addonArn": self.arn,
            "createdAt": self.created,
            "modifiedAt": self.modified,
            "tags": self.tags,
            **self.values,
        }


def install() -> None:
    """Make moto do so, in this process; before its application is made."""
    for name, operation in _OPERATIONS.items():
        setattr(EKSResponse, name, operation)
    dispatch: Any = urls.response.dispatch
    addons = "{0}/clusters/(?P<name>[^/]+)/addons"
    for path in ("$", "/(?P<addonName>[^/]+)$", "/(?P<addonName>[^/]+)/update$"):
        urls.url_paths[addons + path] = dispatch
    urls.url_paths["{0}/addons/supported-versions$"] = dispatch
    control_urls.url_paths["{0}" + RELEASES] = _release


def addons_of(cluster: Any) -> Addons:
    """Return a cluster's add-ons, by name."""
    return cluster.__dict__.setdefault("addons", {})


def _create(self: Any) -> ActionResult:
    cluster, name = self.eks_backend.describe_cluster(name=self._get_param("name")), str(self._get_param("addonName"))
    addons = addons_of(cluster)
    if name not in VERSIONS:
        raise InvalidParameterException(message=f"Addon {name} specified is not supported in {cluster.version}")
    if name in addons:
        raise ResourceInUseException(clusterName=cluster.name, addonName=name, message="Addon already exists.")
    arn = f"{cluster.arn.replace(':cluster/', ':addon/')}/{name}/{uuid.uuid4()}"
    addons[name] = Addon(
        name, cluster.name, arn, _version(self, name) or VERSIONS[name][0], self._get_param("tags") or {}
    )
    addons[name].values = _values(self, name)
    return ActionResult({"addon": addons[name].described()})


def _describe(self: Any) -> ActionResult:
    return ActionResult({"addon": _addon(self).described()})


def _list(self: Any) -> ActionResult:
    return ActionResult({"addons": sorted(addons_of(self.eks_backend.describe_cluster(name=self._get_param("name"))))})


def _update(self: Any) -> ActionResult:
    """Return the updated add-on; what the request leaves out stays."""
    addon = _addon(self)
    addon.version = _version(self, addon.name) or addon.version
    addon.values |= _values(self, addon.name)
    addon.modified = datetime.now(UTC)
    update = {"id": str(uuid.uuid4()), "status": "Successful", "type": "AddonUpdate", "createdAt": addon.modified}
    return ActionResult({"update": update})


def _delete(self: Any) -> ActionResult:
    addon = _addon(self)
    del addons_of(self.eks_backend.describe_cluster(name=addon.cluster))[addon.name]
    return ActionResult({"addon": {**addon.described(), "status": "DELETING"}})


def _describe_versions(self: Any) -> ActionResult:
    wanted = self._get_param("addonName")
    compatible = {"clusterVersion": self._get_param("kubernetesVersion") or "1.35", "platformVersions": ["*"]}
    return ActionResult(
        {
            "addons": [
                {
                    "addonName": name,
                    "addonVersions": [
                        {
                            "addonVersion": version,
                            "compatibilities": [{**compatible, "defaultVersion": version == versions[0]}],
                        }
                        for version in versions
                    ],
                }
                for name, versions in VERSIONS.items()
                if wanted in (None, name)
            ]
        }
    )


_OPERATIONS: Mapping[str, Callable[[Any], ActionResult]] = {
    "create_addon": _create,
    "describe_addon": _describe,
    "list_addons": _list,
    "update_addon": _update,
    "delete_addon": _delete,
    "describe_addon_versions": _describe_versions,
}


def _addon(response: Any) -> Addon:
    name = response._get_param("addonName")
    cluster = response.eks_backend.describe_cluster(name=response._get_param("name"))
    found = addons_of(cluster).get(name)
    if found is None:
        message = f"No addon: {name} found in cluster: {cluster.name}"
        raise ResourceNotFoundException(clusterName=cluster.name, addonName=name, message=message)
    return found


def _version(response: Any, name: str) -> str | None:
    """Return the version that is asked for, with its build or, as EKS takes it too, without."""
    wanted = response._get_param("addonVersion")
    if wanted is None:
        return None
    for version in VERSIONS[name]:
        match = _VERSION.fullmatch(version)
        if wanted == version or (match and wanted == match[1]):
            return version
    raise InvalidParameterException(message=f"Addon version specified is not supported: {wanted}")


def _values(response: Any, name: str) -> dict[str, Any]:
    given = {key: response._get_param(key) for key in _KEPT}
    values = {key: value for key, value in given.items() if value is not None}
    try:
        configuration: Mapping[str, Any] | None = json.loads(values.get("configurationValues", "{}"))
    except ValueError:
        configuration = None
    # The one value of all add-ons that this project sets; the schema of vpc-cni has it as a text.
    if configuration is None or configuration.get("enableNetworkPolicy", "true") not in ("true", "false"):
        raise InvalidParameterException(
            addonName=name, message="ConfigurationValue provided in request is not supported: schema validation failed"
        )
    return values


def _release(request: Any, full_url: str, headers: Any) -> TYPE_RESPONSE:
    released: Mapping[str, str] = json.loads(request.data)
    for name, version in released.items():
        VERSIONS[name].insert(0, version)
    return 200, {}, "{}"
