"""Looks at a cluster before an object is created in it, and refuses what must not be taken over.

Server-side apply, with which the Kubernetes provider works, makes no difference between creating an object and changing
one that exists: the namespace of a Falco that somebody installed by Helm would become the stack's, and `pulumi destroy`
would delete it with all that is in it. And a changed `falco.install` would create the new DaemonSet over the old one.
https://www.pulumi.com/registry/packages/kubernetes/how-to-guides/managing-resources-with-server-side-apply/
"""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any, cast

import pulumi
import yaml

from falco_firelens.sensor.kubernetes import PART_OF

SECONDS = 20
"""How long the API server may take to answer; where it cannot be reached, the provider says so better."""

Inputs = Mapping[str, Any]


class OccupiedError(Exception):
    """An object of that name exists, and creating ours would take it over or fail halfway."""


class ExistingObjects:
    """What is in the cluster of a sensor before the sensor is. Each method returns hooks for the resource it is about.

    A hook runs before the resource is created, in a preview too. A cluster that is still to be created has nothing, and
    one that cannot be asked is a warning: what keeps this from looking keeps the provider from creating.
    """

    def __init__(self, name: str, kubeconfig: pulumi.Input[str], context: str | None) -> None:
        self._name, self._context = name, context
        self._kubeconfig = pulumi.Output.unsecret(pulumi.Output.from_input(kubeconfig))

    def refuse_namespace(self) -> pulumi.ResourceHookBinding:
        """Refuse a namespace without the labels of `PART_OF`, which is also how somebody hands it over."""
        return self._before_create("namespace", _check_namespace)

    def refuse_daemon_set(self) -> pulumi.ResourceHookBinding:
        """Refuse a DaemonSet with another selector: Kubernetes does not change one, so that the update would fail."""
        return self._before_create("daemon-set", lambda client, new: _check_daemon_set(client, new, self._name))

    def _before_create(self, subject: str, check: Callable[[Any, Inputs], None]) -> pulumi.ResourceHookBinding:
        async def look(args: pulumi.ResourceHookArgs) -> None:
            kubeconfig = await cast("Any", self._kubeconfig.future())
            if kubeconfig:
                await asyncio.to_thread(self._look, str(kubeconfig), check, cast("Inputs", args.new_inputs))

        options = pulumi.ResourceHookOptions(on_dry_run=True)
        return pulumi.ResourceHookBinding(before_create=[pulumi.ResourceHook(f"{self._name}-{subject}", look, options)])

    def _look(self, kubeconfig: str, check: Callable[[Any, Inputs], None], new: Inputs) -> None:
        try:
            check(_client(kubeconfig, self._context), new)
        except OccupiedError:
            raise
        except Exception as error:
            pulumi.log.warn(f"{self._name}: cannot see what is in the cluster already: {error}")


def guard_daemon_sets(hooks: pulumi.ResourceHookBinding) -> pulumi.ResourceTransform:
    """Return a transform that gives the DaemonSets of a chart these hooks."""

    def transform(args: pulumi.ResourceTransformArgs) -> pulumi.ResourceTransformResult | None:
        if args.type_ != "kubernetes:apps/v1:DaemonSet":
            return None
        options = pulumi.ResourceOptions.merge(args.opts, pulumi.ResourceOptions(hooks=hooks))
        return pulumi.ResourceTransformResult(args.props, options)

    return transform


def _check_namespace(client: Any, new: Inputs) -> None:
    from lightkube.resources.core_v1 import Namespace

    name = str(new["metadata"]["name"])
    found = _get(client, Namespace, name)
    if found is not None and not PART_OF.items() <= (found.metadata.labels or {}).items():
        key, value = next(iter(PART_OF.items()))
        raise OccupiedError(
            f"found the namespace {name} in the cluster, expected none: something else is installed there. "
            f"Uninstall that Falco (`helm uninstall falco --namespace {name}`) and delete the namespace, or hand "
            f"an empty one over to the stack: `kubectl label namespace {name} {key}={value}`"
        )


def _check_daemon_set(client: Any, new: Inputs, sensor: str) -> None:
    from lightkube.resources.apps_v1 import DaemonSet

    name, namespace = str(new["metadata"]["name"]), str(new["metadata"]["namespace"])
    found = _get(client, DaemonSet, name, namespace)
    if found is not None and found.spec.selector.matchLabels != new["spec"]["selector"]["matchLabels"]:
        raise OccupiedError(
            f"found the DaemonSet {namespace}/{name} with another selector, expected none: falco.install was changed, "
            "and Kubernetes does not change what a DaemonSet selects. Take the old one away first, then deploy again: "
            f"`pulumi destroy --target '**::{sensor}-falco**'`. The cluster is without Falco in between"
        )


def _client(kubeconfig: str, context: str | None) -> Any:
    # Imported here, since most previews create no sensor.
    from httpx2 import Timeout
    from lightkube import Client, KubeConfig

    config = KubeConfig.from_dict(yaml.safe_load(kubeconfig)).get(context_name=context)
    return Client(config=config, timeout=Timeout(SECONDS))


def _get(client: Any, kind: Any, name: str, namespace: str | None = None) -> Any:
    """Return the object, or None where there is none."""
    from lightkube import ApiError

    try:
        return client.get(kind, name, namespace=namespace)
    except ApiError as error:
        if error.status.code == 404:
            return None
        raise
