"""Keeps a stack from taking over a namespace that it did not make.

Server-side apply, with which the Kubernetes provider works, makes no difference between creating an object and changing
one that is there: the namespace of a Falco that somebody installed by Helm would become the stack's, and
`pulumi destroy` would delete it with all that is in it.
https://www.pulumi.com/registry/packages/kubernetes/how-to-guides/managing-resources-with-server-side-apply/
"""

import asyncio
from collections.abc import Mapping
from typing import Any, cast

import pulumi
import yaml

from falco_firelens.sensor.kubernetes import PART_OF

SECONDS = 20
"""How long the API server may take to answer; where it cannot be reached, the provider says so better."""


class NotOursError(Exception):
    """The namespace is there, and was not made by a stack of this project."""


def refuse_to_take_over(name: str, kubeconfig: pulumi.Input[str], context: str | None) -> pulumi.ResourceHookBinding:
    """Look at the cluster before a namespace is created, in a preview too; a cluster that is not there yet has none.

    The hook fails where the namespace exists without the labels of `PART_OF`, which is also how somebody hands it over.
    """
    opened = pulumi.Output.unsecret(pulumi.Output.from_input(kubeconfig))

    async def look(args: pulumi.ResourceHookArgs) -> None:
        text = await cast("Any", opened.future())
        if text:
            namespace = str(cast("Any", args.new_inputs)["metadata"]["name"])
            await asyncio.to_thread(_check, name, str(text), context, namespace)

    options = pulumi.ResourceHookOptions(on_dry_run=True)
    return pulumi.ResourceHookBinding(before_create=[pulumi.ResourceHook(f"{name}-namespace", look, options)])


def _check(name: str, kubeconfig: str, context: str | None, namespace: str) -> None:
    try:
        labels = _labels(kubeconfig, context, namespace)
    except Exception as error:  # What keeps this from looking keeps the provider from creating.
        pulumi.log.warn(f"{name}: cannot see whether the namespace {namespace} exists already: {error}")
        return
    if labels is not None and not PART_OF.items() <= labels.items():
        key, value = next(iter(PART_OF.items()))
        raise NotOursError(
            f"found the namespace {namespace} in the cluster, expected none: something else is installed there. "
            f"Uninstall that Falco (`helm uninstall falco --namespace {namespace}`) and delete the namespace, or hand "
            f"an empty one over to the stack: `kubectl label namespace {namespace} {key}={value}`"
        )


def _labels(kubeconfig: str, context: str | None, namespace: str) -> Mapping[str, str] | None:
    """The namespace's labels; None where there is no such namespace."""
    # Imported here, since most previews create no namespace.
    from httpx2 import Timeout
    from lightkube import ApiError, Client, KubeConfig
    from lightkube.resources.core_v1 import Namespace

    config = KubeConfig.from_dict(yaml.safe_load(kubeconfig)).get(context_name=context)
    try:
        found = Client(config=config, timeout=Timeout(SECONDS)).get(Namespace, namespace)
    except ApiError as error:
        if error.status.code == 404:
            return None
        raise
    return cast("Mapping[str, str]", (found.metadata.labels if found.metadata else None) or {})
