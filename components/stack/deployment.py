"""Deployment: the whole stack, and the only room where components meet."""

from collections.abc import Mapping
from typing import Any, TypedDict

import pulumi

from falco_firelens.settings import Hub as HubSettings
from falco_firelens.settings import Settings

from ..aws.location import dashboard_link, log_group_link
from ..delivery.event_destinations import EventDestinations
from ..delivery.event_log import EventLog
from ..hub.hub import Hub, HubOutput
from ..hub.spoke import SpokeLink
from ..insights.event_insights import EventInsights
from ..sensors.shipping_role import ShippingTargets
from .clusters import Clusters, DeployedCluster
from .delivery import destinations_args, event_log_args
from .discovery import discover
from .hub import hub_args
from .insights import insights_args, name_prefix
from .rendering import by_tag, render
from .response import Response, Surroundings, deploy, prepare
from .spoke import HubReference, spoke_args, with_archive
from .watch import deploy_watch, prepare_watch

EVENTS = "events"
DESTINATIONS = "destinations"
INSIGHTS = "insights"
HUB = "hub"
SPOKE = "spoke"
"""Logical names are state: once landed they do not change without an alias."""


class DeploymentArgs(TypedDict):
    """`file` is the stack file's name, for messages."""

    settings: Settings
    file: str


class Deployment(pulumi.ComponentResource):
    """Clusters made or adopted, a sensor on every node of each, and what all of them ship to: a log group, Firehose.

    `log_group` and `insights` are empty where the stack file wants no log group, and `hub` where the stack is none.

    Raises, before anything is registered:
        StackError: the stack file does not fit the account, a sensor cannot be rendered, such as for rules files that
            are too long, or the response function's package cannot be built.
    """

    log_group: Mapping[str, pulumi.Input[str]]
    destinations: Mapping[str, Mapping[str, Any]]
    insights: Mapping[str, pulumi.Input[str]]
    watch: Mapping[str, pulumi.Input[str]]
    response: Mapping[str, Any]
    hub: HubOutput | Mapping[str, Any]
    clusters: Mapping[str, Mapping[str, Any]]
    kubeconfigs: Mapping[str, pulumi.Output[str]]

    def __init__(self, name: str, args: DeploymentArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        found = discover(args["settings"], args["file"])
        settings = with_archive(args["settings"], found.hub)
        sensors = render(settings, found.location)
        for line in by_tag(settings) if settings.clusters else ():
            pulumi.log.warn(line)
        response = prepare(settings, name_prefix(pulumi.get_stack()))
        watch = prepare_watch(settings, found.location, response)
        super().__init__("falco-firelens:index:Deployment", name, {}, opts)
        self._settings, self._location = settings, found.location
        self._quarantine_groups = found.quarantine_groups
        self._child = pulumi.ResourceOptions(parent=self)
        events = self._event_log() if settings.events.cloudwatch and settings.clusters else None
        streams = self._event_destinations() if settings.events.destinations.names else None
        clusters = Clusters(settings, found, _targets(events, streams), self)
        deployed = {cluster.name: clusters.deploy(cluster, sensors) for cluster in settings.clusters}
        self.clusters = {name: one.output for name, one in deployed.items()}
        self.kubeconfigs = {name: one.kubeconfig for name, one in deployed.items() if one.kubeconfig is not None}
        self.log_group = self._log_group(events) if events else {}
        self.insights = self._insights(events) if events else {}
        self.watch = (
            deploy_watch(watch, settings, found.location, events.log_group_arn, self) if events and watch else {}
        )
        self.response = self._response(events, response, clusters, deployed) if events and response else {}
        self.destinations = streams.outputs if streams else {}
        self.hub = self._hub(settings.hub, streams) if settings.hub and streams else {}
        if found.hub:
            self._spoke(found.hub, events)
        self.register_outputs(
            {
                "logGroup": self.log_group,
                "insights": self.insights,
                "watch": self.watch,
                "response": self.response,
                "destinations": self.destinations,
                "hub": self.hub,
                "clusters": self.clusters,
                "kubeconfigs": self.kubeconfigs,
            }
        )

    def _event_log(self) -> EventLog:
        return EventLog(EVENTS, event_log_args(self._settings, self._location), self._child)

    def _event_destinations(self) -> EventDestinations:
        return EventDestinations(DESTINATIONS, destinations_args(self._settings, self._location), self._child)

    def _log_group(self, events: EventLog) -> Mapping[str, pulumi.Input[str]]:
        return {
            "name": events.log_group_name,
            "arn": events.log_group_arn,
            "console": log_group_link(self._location, self._settings.events.log_group),
        }

    def _insights(self, events: EventLog) -> Mapping[str, pulumi.Input[str]]:
        args = insights_args(self._settings, self._location, pulumi.get_stack(), events)
        insights = EventInsights(INSIGHTS, args, self._child)
        return {"topic": insights.topic_arn, "dashboard": dashboard_link(self._location, insights.dashboard_name)}

    def _response(
        self, events: EventLog, response: Response, clusters: Clusters, deployed: Mapping[str, DeployedCluster]
    ) -> Mapping[str, Any]:
        around = Surroundings(
            location=self._location,
            log_group=events.log_group_name,
            log_group_arn=events.log_group_arn,
            topic_arn=self.insights["topic"],
            vpc_id=clusters.network["vpc_id"],
            subnet_ids=clusters.network["private_subnet_ids"],
            quarantine_groups=self._quarantine_groups,
            reached={name: one.reached for name, one in deployed.items() if one.reached},
        )
        return deploy(response, around, self)

    def _hub(self, hub: HubSettings, streams: EventDestinations) -> HubOutput:
        assert streams.archive
        args = hub_args(self._settings, hub, self._location, pulumi.get_stack(), streams.archive, streams.key_arn)
        return Hub(HUB, args, self._child).output

    def _spoke(self, hub: HubReference, events: EventLog | None) -> None:
        log_group_name = events.log_group_name if events else None
        SpokeLink(SPOKE, spoke_args(self._settings, self._location, hub, log_group_name), self._child)


def _targets(events: EventLog | None, streams: EventDestinations | None) -> ShippingTargets:
    """Return what every sensor ships to."""
    targets: ShippingTargets = {}
    if events:
        targets["log_group_arn"] = events.log_group_arn
    if streams:
        targets["delivery_stream_arns"] = list(streams.streams.values())
    return targets
