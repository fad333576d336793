"""Looks at a cluster before an object is created in it, and refuses what must not be taken over.

Server-side apply, with which the Kubernetes provider works, makes no difference between creating an object and changing
one that exists: the namespace of a Falco that somebody installed by Helm would become the stack's, and `pulumi destroy`
would delete it with all that is in it. And a changed `falco.install` would create the new DaemonSet over the old one.
https://www.pulumi.com/registry/packages/kubernetes/how-to-guides/managing-resources-with-server-side-apply/
"""

from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Any, cast

import pulumi

from falco_firelens.errors import StackError
from falco_firelens.sensor.kubernetes import PART_OF

SECONDS = 20
"""How long the API server may take to answer; where it cannot be reached, the provider says so better."""

Inputs = Mapping[str, Any]

Kubeconfig = Mapping[str, Any]
"""What the YAML of one says."""

Check = Callable[[Kubeconfig, str | None, Inputs], Awaitable[None]]
"""Takes a kubeconfig, a context of it, and the inputs of the resource to create."""


class OccupiedError(StackError):
    """An object of that name exists, and creating ours would take it over or fail halfway."""


class UnsupportedError(StackError):
    """The API server has no objects of that kind."""


class ExistingObjects:
    """What is in the cluster of a sensor before the sensor is. Each method returns hooks for the resource it is about.

    A hook runs before the resource is created, in a preview too. A cluster that is still to be created has nothing, and
    one that cannot be asked is a warning: what keeps this from looking keeps the provider from creating.
    """

    def __init__(self, name: str, kubeconfig: pulumi.Input[Kubeconfig], context: str | None) -> None:
        self._name, self._context = name, context
        self._kubeconfig = pulumi.Output.unsecret(pulumi.Output.from_input(kubeconfig))

    def refuse_namespace(self) -> pulumi.ResourceHookBinding:
        """Refuse a namespace without the labels of `PART_OF`, which is also how somebody hands it over."""
        return self._before_create("namespace", check_namespace)

    def refuse_daemon_set(self) -> pulumi.ResourceHookBinding:
        """Refuse a DaemonSet with another selector: Kubernetes does not change one, so that the update would fail."""
        return self._before_create("daemon-set", partial(check_daemon_set, sensor=self._name))

    def refuse_without_policies(self, expected: str) -> pulumi.ResourceHookBinding:
        """Refuse an API server that has no ValidatingAdmissionPolicy; `expected` says what to do about it."""
        return self._before_create("policy", partial(check_policies, expected=expected))

    def _before_create(self, subject: str, check: Check) -> pulumi.ResourceHookBinding:
        async def look(args: pulumi.ResourceHookArgs) -> None:
            kubeconfig = await cast("Any", self._kubeconfig.future())
            if kubeconfig:
                await self._look(kubeconfig, check, cast("Inputs", args.new_inputs))

        options = pulumi.ResourceHookOptions(on_dry_run=True)
        return pulumi.ResourceHookBinding(before_create=[pulumi.ResourceHook(f"{self._name}-{subject}", look, options)])

    async def _look(self, kubeconfig: Kubeconfig, check: Check, new: Inputs) -> None:
        try:
            await check(kubeconfig, self._context, new)
        except StackError:
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


async def check_namespace(kubeconfig: Kubeconfig, context: str | None, new: Inputs) -> None:
    """Raise OccupiedError where the namespace exists and is not the stack's."""
    from lightkube.resources.core_v1 import Namespace

    name = str(new["metadata"]["name"])
    found = await _get(kubeconfig, context, Namespace, name)
    if found is not None and not PART_OF.items() <= (found.metadata.labels or {}).items():
        key, value = next(iter(PART_OF.items()))
        raise OccupiedError(
            f"found the namespace {name} in the cluster, expected none: something else is installed there. "
            f"Uninstall that Falco (`helm uninstall falco --namespace {name}`) and delete the namespace, or hand "
            f"an empty one over to the stack: `kubectl label namespace {name} {key}={value}`"
        )


async def check_daemon_set(kubeconfig: Kubeconfig, context: str | None, new: Inputs, *, sensor: str) -> None:
    """Raise OccupiedError where the DaemonSet exists and selects other pods; `sensor` is the component's name."""
    from lightkube.resources.apps_v1 import DaemonSet

    name, namespace = str(new["metadata"]["name"]), str(new["metadata"]["namespace"])
    found = await _get(kubeconfig, context, DaemonSet, name, namespace)
    if found is not None and found.spec.selector.matchLabels != new["spec"]["selector"]["matchLabels"]:
        raise OccupiedError(
            f"found the DaemonSet {namespace}/{name} with another selector, expected none: falco.install was changed, "
            "and Kubernetes does not change what a DaemonSet selects. Take the old one away first, then deploy again: "
            f"`pulumi destroy --target '**::{sensor}-falco**'`. The cluster is without Falco in between"
        )


async def check_policies(kubeconfig: Kubeconfig, context: str | None, new: Inputs, *, expected: str) -> None:
    """Raise UnsupportedError where the API server knows no ValidatingAdmissionPolicy in the version that is stable.

    Of an object that is not there it says the name; of a kind that it does not know it says only that.
    """
    from lightkube import ApiError
    from lightkube.resources.admissionregistration_v1 import ValidatingAdmissionPolicy

    try:
        await _ask(kubeconfig, context, ValidatingAdmissionPolicy, str(new["metadata"]["name"]))
    except ApiError as error:
        if error.status.code != 404:
            raise
        if error.status.details and error.status.details.name:
            return
        found = "an API server without ValidatingAdmissionPolicy in admissionregistration.k8s.io/v1"
        raise UnsupportedError(f"found {found}, expected {expected}") from None


async def _get(kubeconfig: Kubeconfig, context: str | None, kind: Any, name: str, namespace: str | None = None) -> Any:
    """Return the object, or None where there is none."""
    from lightkube import ApiError

    try:
        return await _ask(kubeconfig, context, kind, name, namespace)
    except ApiError as error:
        if error.status.code == 404:
            return None
        raise


async def _ask(kubeconfig: Kubeconfig, context: str | None, kind: Any, name: str, namespace: str | None = None) -> Any:
    """Return the object.

    On the event loop, where hooks of many clusters wait side by side. In threads the interpreter crashes at times: two
    of them may not convert to the same type for the first time (seen with msgspec 0.22.0, which lightkube uses).
    """
    # Imported here, since most previews create no sensor.
    from httpx2 import Timeout
    from lightkube import AsyncClient, KubeConfig

    config = KubeConfig.from_dict(dict(kubeconfig)).get(context_name=context)
    client = AsyncClient(config=config, timeout=Timeout(SECONDS))
    try:
        return await client.get(kind, name, namespace=namespace)
    finally:
        await client.close()
