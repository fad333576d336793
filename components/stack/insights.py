"""What a stack file says about alarms and notifications, as the components take it."""

import re
from collections.abc import Iterable

from falco_firelens.insight import alarms
from falco_firelens.insight.watch_alarms import Watched, ingested, watch_alarms
from falco_firelens.settings import Cluster, EksCluster, Settings

from ..aws.location import AwsLocation
from ..delivery.event_log import EventLog
from ..delivery.stream_names import stream_names
from ..insights.event_insights import EventInsightsArgs
from ..insights.notification_topic import SubscriptionArgs


def insights_args(settings: Settings, location: AwsLocation, stack: str, log: EventLog) -> EventInsightsArgs:
    """Return the alarms, the dashboard and the recipients of the stack of this name."""
    events = settings.events
    streams = stream_names(events.destinations.names, events.log_group)
    return {
        "location": location,
        "prefix": name_prefix(stack),
        "log_group_name": log.log_group_name,
        "log_group_arn": log.log_group_arn,
        "delivery": alarms.Delivery(
            events.log_group,
            settings.alarms.delivery_late_minutes,
            tuple(alarms.Stream(streams[each], each) for each in alarms.DESTINATIONS if each in streams),
        ),
        "thresholds": [_thresholds(settings, cluster.name) for cluster in settings.clusters],
        "further": [*_watch_alarms(settings, stack), _ingested(settings, stack)],
        "minimum_priority": settings.alarms.minimum_priority,
        "subscriptions": subscription_args(settings),
        "tags": settings.tags,
    }


def name_prefix(stack: str) -> str:
    """Return what the names begin with of whatever an account has only once in a region."""
    return f"falco-{re.sub('[^A-Za-z0-9_-]', '-', stack)}"


def subscription_args(settings: Settings) -> list[SubscriptionArgs]:
    """Return the recipients of alarms."""
    return [{"protocol": to.protocol, "endpoint": to.endpoint.get_secret_value()} for to in settings.notifications]


def _thresholds(settings: Settings, cluster: str) -> alarms.Thresholds:
    own = settings.alarms.of(cluster)
    return alarms.Thresholds(cluster, own.minimum_priority, own.silent_minutes, own.dropped_percent)


def _watch_alarms(settings: Settings, stack: str) -> Iterable[alarms.Alarm]:
    if not settings.alarms.watch:
        return ()
    return watch_alarms(
        name_prefix(stack),
        [watched(settings, one) for one in settings.clusters],
        response=settings.response is not None,
    )


def watched(settings: Settings, cluster: Cluster) -> Watched:
    """Return what is watched of a cluster. Of EKS clusters those that the stack creates keep their audit logs."""
    audited = settings.alarms.watch and isinstance(cluster, EksCluster) and cluster.create is not None
    return Watched(cluster.name, settings.alarms.of(cluster.name).silent_nodes, cluster.platform, audited)


def _ingested(settings: Settings, stack: str) -> alarms.Alarm:
    return ingested(name_prefix(stack), settings.events.log_group, settings.alarms.hourly_mebibytes)
