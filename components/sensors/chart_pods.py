"""What the official chart has no values for: its pods get no more of the node and of the cluster than ours.

Seen in chart 9.1.0: `templates/pod-template.tpl` and `templates/serviceaccount.yaml` of charts/falco in
github.com/falcosecurity/charts.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import pulumi

from falco_firelens.sensor.kubernetes import SCRATCH


def like_ours(args: pulumi.ResourceTransformArgs) -> pulumi.ResourceTransformResult | None:
    """Return a transform that takes from a chart's objects what our manifests leave out."""
    if args.type_ == "kubernetes:core/v1:ServiceAccount":
        return pulumi.ResourceTransformResult({**args.props, "automountServiceAccountToken": False}, args.opts)
    if args.type_ != "kubernetes:apps/v1:DaemonSet":
        return None
    spec: Any = args.props["spec"]
    template = {**spec["template"], "spec": _pod(spec["template"]["spec"])}
    return pulumi.ResourceTransformResult({**args.props, "spec": {**spec, "template": template}}, args.opts)


def _pod(pod: Mapping[str, Any]) -> Mapping[str, Any]:
    """Without a token, without a variable for each service, and with the node's files to read only.

    Volumes that no container mounts go, among them one of a ConfigMap that the chart does not make.
    """
    mounted = {mount["name"] for container in _containers(pod) for mount in container.get("volumeMounts") or ()}
    volumes = [_bounded(volume) for volume in pod.get("volumes") or () if volume["name"] in mounted]
    of_the_node = {volume["name"] for volume in volumes if "hostPath" in volume}
    changed = {
        key: [_reading(container, of_the_node) for container in pod[key]]
        for key in ("initContainers", "containers")
        if pod.get(key)
    }
    return {
        **pod,
        **changed,
        "volumes": volumes,
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
    }


def _containers(pod: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    return [*(pod.get("initContainers") or ()), *(pod.get("containers") or ())]


def _bounded(volume: Mapping[str, Any]) -> Mapping[str, Any]:
    return {**volume, "emptyDir": {**SCRATCH, **(volume["emptyDir"] or {})}} if "emptyDir" in volume else volume


def _reading(container: Mapping[str, Any], of_the_node: set[str]) -> Mapping[str, Any]:
    mounts = [
        {**mount, "readOnly": True} if mount["name"] in of_the_node else mount
        for mount in container.get("volumeMounts") or ()
    ]
    return {**container, "volumeMounts": mounts}
