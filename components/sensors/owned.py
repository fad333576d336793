"""Objects of the stack's own in a Kubernetes cluster: what others change of them is changed back."""

from collections.abc import Mapping
from typing import Any

import pulumi

FORCE = {"pulumi.com/patchForce": "true"}
"""Without it the API server refuses to take over a field that `kubectl edit` has made another manager's, and the update
of the whole stack ends there.

https://www.pulumi.com/registry/packages/kubernetes/how-to-guides/managing-resources-with-server-side-apply/
"""


def owned(metadata: Mapping[str, Any]) -> Any:
    """Return the metadata of an object of the stack's own."""
    return {**metadata, "annotations": {**metadata.get("annotations", {}), **FORCE}}


def owned_too(args: pulumi.ResourceTransformArgs) -> pulumi.ResourceTransformResult | None:
    """Return a transform that makes the objects of a chart the stack's own."""
    metadata: Any = args.props.get("metadata")
    if metadata is None or not args.type_.startswith("kubernetes:"):
        return None
    return pulumi.ResourceTransformResult({**args.props, "metadata": owned(metadata)}, args.opts)
