"""Hub: what lets a hub see and receive the events of its spokes, beside the archive that they write to."""

import json
from collections.abc import Mapping, Sequence
from typing import NotRequired, TypedDict

import pulumi
from pulumi_aws import cloudwatch, oam, observabilityadmin

from falco_firelens.insight import hub_dashboard
from falco_firelens.insight.alarms import Alarm

from ..aws.location import AwsLocation, dashboard_link, global_arn
from ..aws.policy_document import Statement, policy_document
from ..delivery.event_log import EventLog
from ..delivery.stream_names import received_stream, slug_of
from ..insights.metric_alarm import metric_alarm
from ..insights.notification_topic import NotificationTopic, SubscriptionArgs
from .centralization import KEY_TAG
from .log_receiver import ArchiveArgs, LogReceiver
from .spoke import SHARED


class CentralArgs(TypedDict):
    """The log group, of this stack, to which an organization's rule copies the spokes' log groups."""

    organization_id: str
    log_group: str
    retention_days: int
    protect: bool


class SpokeArgs(TypedDict):
    """One account that sends events; with `subscription` it sends them to log destinations of the hub's."""

    account: str
    regions: Sequence[str]
    subscription: bool


class WatchArgs(TypedDict):
    """What watches the hub. `prefix` begins the names; `view` is what the dashboard shows, if there is one.

    `alarms`: for streams that the hub itself delivers; empty if every spoke has its own stream.
    """

    prefix: str
    view: hub_dashboard.View
    alarms: Sequence[Alarm]
    subscriptions: Sequence[SubscriptionArgs]


class HubArgs(TypedDict):
    """`log_group` is what the spokes' log groups are called.

    With `observability` there is a sink in every region, and with it the dashboard.
    """

    location: AwsLocation
    log_group: str
    spokes: Sequence[SpokeArgs]
    observability: bool
    central: NotRequired[CentralArgs]
    archive: ArchiveArgs
    watch: WatchArgs
    tags: Mapping[str, str]


class HubOutput(TypedDict):
    """The stack output `hub`, which spokes read.

    What is by region or by account has an entry only where the hub has made something, and a text is empty where it
    has not.
    """

    bucketArn: pulumi.Input[str]
    kmsKeyArn: pulumi.Input[str]
    format: str
    spokes: Mapping[str, list[str]]
    sinkArns: Mapping[str, pulumi.Input[str]]
    logDestinationArns: Mapping[str, Mapping[str, pulumi.Input[str]]]
    dashboard: str
    topic: pulumi.Input[str]


class Hub(pulumi.ComponentResource):
    """Sinks, log destinations, the organization's rule and the dashboard. `output` is for the spokes."""

    output: HubOutput

    def __init__(self, name: str, args: HubArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("falco-firelens:index:Hub", name, {}, opts)
        self._name, self._args, self._location = name, args, args["location"]
        self._child = pulumi.ResourceOptions(parent=self)
        archive, spokes = args["archive"], args["spokes"]
        others = [spoke["account"] for spoke in spokes if spoke["account"] != self._location["account"]]
        regions = sorted({region for spoke in spokes for region in spoke["regions"]})
        sinks = {region: self._sink(region, others) for region in regions if args["observability"] and others}
        destinations = {
            spoke["account"]: {region: self._receiver(spoke["account"], region) for region in spoke["regions"]}
            for spoke in spokes
            if spoke["subscription"]
        }
        central = args.get("central")
        if central:
            self._centralization(central, regions)
        self.output = {
            "bucketArn": archive["bucket_arn"],
            "kmsKeyArn": archive["key_arn"],
            "format": archive["format"],
            "spokes": {spoke["account"]: list(spoke["regions"]) for spoke in spokes},
            "sinkArns": sinks,
            "logDestinationArns": destinations,
            "dashboard": self._dashboard() if args["observability"] else "",
            "topic": self._alarms() if args["watch"]["alarms"] else "",
        }
        self.register_outputs({"output": self.output})

    def _sink(self, region: str, accounts: Sequence[str]) -> pulumi.Output[str]:
        """https://docs.aws.amazon.com/OAM/latest/APIReference/API_PutSinkPolicy.html"""
        sink = oam.Sink(
            f"{self._name}-{region}",
            name=slug_of(self._args["log_group"]),
            region=region,
            tags=self._args["tags"],
            opts=self._child,
        )
        statement: Statement = {
            "Sid": "Link",
            "Effect": "Allow",
            "Principal": {"AWS": [global_arn(self._location, "iam", "root", account) for account in accounts]},
            "Action": ["oam:CreateLink", "oam:UpdateLink"],
            "Resource": "*",
            "Condition": {"ForAllValues:StringEquals": {"oam:ResourceTypes": list(SHARED)}},
        }
        policy = oam.SinkPolicy(
            f"{self._name}-{region}",
            sink_identifier=sink.arn,
            policy=policy_document(statement),
            region=region,
            opts=self._child,
        )
        # A link waits for the permission to be made.
        return pulumi.Output.all(sink.arn, policy.id).apply(lambda ids: str(ids[0]))

    def _receiver(self, account: str, region: str) -> pulumi.Output[str]:
        args = self._args
        receiver = LogReceiver(
            f"{self._name}-{account}-{region}",
            {
                "location": self._location,
                "account": account,
                "region": region,
                "stream_name": received_stream(args["log_group"], account, region),
                "archive": args["archive"],
                "tags": args["tags"],
            },
            self._child,
        )
        return receiver.destination_arn

    def _centralization(self, central: CentralArgs, regions: Sequence[str]) -> None:
        """Copy events from the spokes' log groups from now on, encrypted ones too, with their source added.

        https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CloudWatchLogs_Centralization.html
        """
        log = EventLog(
            f"{self._name}-log",
            {
                "location": self._location,
                "log_group": central["log_group"],
                "retention_days": central["retention_days"],
                "protect": central["protect"],
                "tags": self._args["tags"],
                "key_tags": KEY_TAG,
            },
            self._child,
        )
        observabilityadmin.CentralizationRuleForOrganization(
            self._name,
            rule_name=slug_of(self._args["log_group"]),
            rule={
                "source": {
                    "regions": list(regions),
                    "scope": f"OrganizationId = '{central['organization_id']}'",
                    "source_logs_configuration": {
                        "log_group_selection_criteria": f"LogGroupName = '{self._args['log_group']}'",
                        "encrypted_log_group_strategy": "ALLOW",
                    },
                },
                "destination": {
                    "account": self._location["account"],
                    "region": self._location["region"],
                    "destination_logs_configuration": {
                        "log_group_name_configuration": {"log_group_name_pattern": log.log_group_name},
                        "logs_encryption_configuration": {
                            "encryption_strategy": "CUSTOMER_MANAGED",
                            "kms_key_arn": log.kms_key_arn,
                            "encryption_conflict_resolution_strategy": "SKIP",
                        },
                    },
                },
            },
            tags=self._args["tags"],
            opts=self._child,
        )

    def _alarms(self) -> pulumi.Output[str]:
        """Return the alarms of the hub's own streams, which spokes without a stream of their own cannot have."""
        args, watch, prefix = self._args, self._args["watch"], self._args["watch"]["prefix"]
        topic = NotificationTopic(
            f"{self._name}-topic",
            {
                "location": self._location,
                "topic": prefix,
                "alarm_prefix": prefix,
                "subscriptions": watch["subscriptions"],
                "tags": args["tags"],
            },
            self._child,
        )
        for each in watch["alarms"]:
            name = f"{self._name}-{each.name.removeprefix(f'{prefix}-')}"
            metric_alarm(name, each, topic.arn, args["tags"], self._child)
        return topic.arn

    def _dashboard(self) -> str:
        name = self._args["watch"]["prefix"]
        cloudwatch.Dashboard(
            self._name,
            dashboard_name=name,
            dashboard_body=json.dumps(hub_dashboard.body(self._args["watch"]["view"])),
            opts=self._child,
        )
        return dashboard_link(self._location, name)
