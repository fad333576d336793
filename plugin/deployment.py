"""Deployment: a whole stack, with the keys of a stack file."""

# pyright: reportIncompatibleVariableOverride=false
# The values are the component's own; only their types are plainer here, since the inference knows no unions.

from collections.abc import Mapping
from typing import Any, cast

import pulumi

from components.stack import deployment
from falco_firelens.settings import plain_keys

from .inputs import refuse_provider, settings_of
from .outputs import (
    ClusterOutput,
    DestinationsOutput,
    HubOutput,
    InsightsOutput,
    LogGroupOutput,
    ResponseOutput,
    WatchOutput,
)
from .settings import Stack


class Deployment(deployment.Deployment):
    """A whole stack: clusters made or adopted, a sensor on every node of each, and what all of them ship to.

    Takes the keys of a stack file, `Pulumi.<stack>.yaml`, and checks them in the same way: every mistake is reported at
    once, with its path, before anything is created. Region and credentials are those of the program's own `aws`
    configuration.
    """

    log_group: LogGroupOutput
    """The log group that every event goes to; empty where there is none."""
    insights: InsightsOutput
    """Alarms and the dashboard; empty where there is no log group."""
    watch: WatchOutput
    """The function that watches the sensors; empty where `alarms.watch` is false."""
    response: ResponseOutput
    """The function that answers events; empty where nothing answers them."""
    destinations: DestinationsOutput
    """The destinations beside the log group, those that the stack has."""
    hub: HubOutput
    """What spokes need to know of a hub; empty where the stack is none."""
    clusters: Mapping[str, ClusterOutput]
    """Each cluster and its sensor, by the cluster's name."""
    kubeconfigs: Mapping[str, pulumi.Output[str]]
    """The kubeconfig of each Kubernetes cluster, a secret, by the cluster's name."""

    def __init__(self, name: str, args: Stack, opts: pulumi.ResourceOptions | None = None) -> None:
        refuse_provider("aws", opts, "what the stack adopts is looked up with the program's own aws configuration")
        settings = settings_of(cast("Mapping[str, Any]", args), plain_keys())
        super().__init__(name, {"settings": settings, "file": name}, opts)
