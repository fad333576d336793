"""SpokeLink: shares a stack's log group and metrics with its hub, or sends the log group's events there."""

from collections.abc import Mapping
from typing import NotRequired, TypedDict

import pulumi
from pulumi_aws import cloudwatch, oam

from falco_firelens.insight.hub_dashboard import SHARED_NAMESPACES

SHARED = ("AWS::CloudWatch::Metric", "AWS::Logs::LogGroup")
"""The kinds of things that a spoke shares with its hub."""

SUBSCRIPTION = "hub"
"""The name of the subscription filter, of which a log group can have two."""


class LogSubscriptionArgs(TypedDict):
    """A log group that sends its events to a hub's log destination."""

    log_group_name: pulumi.Input[str]
    destination_arn: str


class SpokeLinkArgs(TypedDict):
    """`log_group` is the plain name of the group that is shared with the hub, by the hub's sink in this region."""

    log_group: str
    sink_arn: NotRequired[str]
    subscription: NotRequired[LogSubscriptionArgs]
    tags: Mapping[str, str]


class SpokeLink(pulumi.ComponentResource):
    """Nothing of the account is shared but one log group, and the metrics of the namespaces that the hub shows."""

    def __init__(self, name: str, args: SpokeLinkArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("falco-firelens:index:SpokeLink", name, {}, opts)
        child = pulumi.ResourceOptions(parent=self)
        if "sink_arn" in args:
            namespaces = ", ".join(f"'{namespace}'" for namespace in SHARED_NAMESPACES)
            oam.Link(
                name,
                sink_identifier=args["sink_arn"],
                label_template="$AccountName",
                resource_types=list(SHARED),
                # https://docs.aws.amazon.com/OAM/latest/APIReference/API_LinkConfiguration.html
                link_configuration={
                    "log_group_configuration": {"filter": f"LogGroupName = '{args['log_group']}'"},
                    "metric_configuration": {"filter": f"Namespace IN ({namespaces})"},
                },
                tags=args["tags"],
                opts=child,
            )
        if "subscription" in args:
            cloudwatch.LogSubscriptionFilter(
                name,
                name=SUBSCRIPTION,
                log_group=args["subscription"]["log_group_name"],
                destination_arn=args["subscription"]["destination_arn"],
                filter_pattern="",
                opts=child,
            )
        self.register_outputs({})
