"""EventInsights: saved queries, metrics, alarms and the dashboard of a log group."""

import json
from collections.abc import Mapping, Sequence
from typing import TypedDict

import pulumi
from pulumi_aws import cloudwatch

from falco_firelens.insight import alarms, dashboard, transformer
from falco_firelens.insight.metrics import NAMESPACE, MetricFilter, filters
from falco_firelens.insight.queries import QUERIES

from ..aws.location import AwsLocation, arn
from .metric_alarm import metric_alarm
from .notification_topic import NotificationTopic, SubscriptionArgs


class EventInsightsArgs(TypedDict):
    """`delivery` has the log group's plain name; `log_group_name` and `log_group_arn` are of the one that is there.

    `prefix` begins the names of alarms, topic and dashboard, which an account has only once in a region.
    `minimum_priority` is the dashboard's. `further` are alarms beside those on the events themselves.
    """

    location: AwsLocation
    prefix: str
    log_group_name: pulumi.Input[str]
    log_group_arn: pulumi.Input[str]
    delivery: alarms.Delivery
    thresholds: Sequence[alarms.Thresholds]
    further: Sequence[alarms.Alarm]
    minimum_priority: str
    subscriptions: Sequence[SubscriptionArgs]
    tags: Mapping[str, str]


class EventInsights(pulumi.ComponentResource):
    """What is seen of the events without anybody asking, and what is ready for those who ask."""

    topic_arn: pulumi.Output[str]
    dashboard_name: str

    def __init__(self, name: str, args: EventInsightsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("falco-firelens:index:EventInsights", name, {}, opts)
        self._name, self._args, prefix = name, args, args["prefix"]
        self._child = pulumi.ResourceOptions(parent=self)
        self._queries()
        transformed = self._transformer()
        thresholds = args["thresholds"]
        for each in filters((one.cluster for one in thresholds), (one.minimum_priority for one in thresholds)):
            self._metric_filter(each, transformed)
        self.topic_arn = self._topic().arn
        wanted = (*alarms.alarms(prefix, thresholds, args["delivery"], topic=prefix), *args["further"])
        made: dict[str, pulumi.Resource] = {
            each.name: metric_alarm(self._logical(each.name), each, self.topic_arn, args["tags"], self._child)
            for each in wanted
        }
        for each in alarms.composites(prefix, wanted):
            made[each.name] = self._composite(each, [made[child] for child in each.children])
        self.dashboard_name = prefix
        self._dashboard(sorted(made, key=lambda alarm: not alarm.endswith("-attention")))
        self.register_outputs({"topicArn": self.topic_arn, "dashboardName": prefix})

    def _queries(self) -> None:
        """Create the saved queries, which the console shows in folders by the part of their name before a slash."""
        for query in QUERIES:
            cloudwatch.QueryDefinition(
                f"{self._name}-{query.name.replace(' ', '-')}",
                name=f"{self._args['prefix']}/{query.name}",
                log_group_names=[self._args["log_group_name"]],
                query_string=f"# {query.description}\n{query.text}",
                opts=self._child,
            )

    def _transformer(self) -> cloudwatch.LogTransformer:
        """Add the cluster of its log stream to every event, beside what the event says about itself."""
        copied: cloudwatch.LogTransformerTransformerConfigCopyValueEntryArgsDict = {
            "source": transformer.STREAM_NAME,
            "target": transformer.STREAM_CLUSTER,
            "overwrite_if_exists": True,
        }
        cut: cloudwatch.LogTransformerTransformerConfigSubstituteStringEntryArgsDict = {
            "source": transformer.STREAM_CLUSTER,
            "from_": transformer.WHOLE_NAME,
            "to": transformer.THE_CLUSTER,
        }
        return cloudwatch.LogTransformer(
            self._name,
            log_group_arn=self._args["log_group_arn"],
            transformer_configs=[
                {"parse_jsons": [{"destination": transformer.EVENT}]},
                {"copy_value": {"entries": [copied]}},
                {"substitute_strings": [{"entries": [cut]}]},
            ],
            opts=self._child,
        )

    def _metric_filter(self, wanted: MetricFilter, transformed: cloudwatch.LogTransformer) -> None:
        cloudwatch.LogMetricFilter(
            f"{self._name}-{wanted.name}",
            name=f"{self._args['prefix']}-{wanted.name}",
            log_group_name=self._args["log_group_name"],
            pattern=wanted.pattern,
            metric_transformation={
                "name": wanted.metric,
                "namespace": NAMESPACE,
                "value": "1",
                "dimensions": dict(wanted.dimensions),
            },
            apply_on_transformed_logs=True,
            opts=pulumi.ResourceOptions(parent=self, depends_on=[transformed]),
        )

    def _topic(self) -> NotificationTopic:
        args = self._args
        return NotificationTopic(
            f"{self._name}-topic",
            {
                "location": args["location"],
                "topic": args["prefix"],
                "alarm_prefix": args["prefix"],
                "subscriptions": args["subscriptions"],
                "tags": args["tags"],
            },
            self._child,
        )

    def _logical(self, alarm: str) -> str:
        return f"{self._name}-{alarm.removeprefix(self._args['prefix'] + '-')}"

    def _composite(self, wanted: alarms.Composite, children: Sequence[pulumi.Resource]) -> cloudwatch.CompositeAlarm:
        """Each alarm notifies when it fires; the top one alone when all have cleared."""
        return cloudwatch.CompositeAlarm(
            self._logical(wanted.name),
            alarm_name=wanted.name,
            alarm_description=wanted.description,
            alarm_rule=wanted.rule,
            ok_actions=[self.topic_arn] if wanted.top else None,
            tags=self._args["tags"],
            opts=pulumi.ResourceOptions(parent=self, depends_on=list(children)),
        )

    def _dashboard(self, alarm_names: Sequence[str]) -> None:
        args = self._args
        view = dashboard.View(
            region=args["location"]["region"],
            log_group=args["delivery"].log_group,
            clusters=tuple(threshold.cluster for threshold in args["thresholds"]),
            minimum_priority=args["minimum_priority"],
            streams=args["delivery"].streams,
            alarm_arns=tuple(arn(args["location"], "cloudwatch", f"alarm:{name}") for name in alarm_names),
        )
        cloudwatch.Dashboard(
            self._name,
            dashboard_name=args["prefix"],
            dashboard_body=json.dumps(dashboard.body(view)),
            opts=self._child,
        )
