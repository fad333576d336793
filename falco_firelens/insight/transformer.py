"""How the events' log group knows a cluster: by the name of the log stream, which a cluster's role cannot choose.

A sender chooses what an event says about itself. The transformer of the log group puts the event under a key of
its own, so that nothing of its text is beside what the transformer adds: whether AWS would let an event's own key
`@logGroupStream` replace the metadata of that name is not documented. An event that is not a JSON object, has 512 KB or
more, or more than 200 fields is not transformed, and no metric filter of `metrics` sees it.
https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CloudWatch-Logs-Transformation.html
"""

from typing import Final

EVENT: Final = "event"
"""The key of the event as it was sent."""

STREAM_CLUSTER: Final = "stream_cluster"
"""The key of the cluster that the log stream belongs to."""

STREAM_NAME: Final = "@logGroupStream"
"""The metadata key of a log stream's name:
https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CloudWatch-Logs-Transformation-JSONMutate.html#CloudWatch-Logs-Transformation-copyValue
"""

WHOLE_NAME: Final = "([^/]*)/[^:]*"
THE_CLUSTER: Final = "$1"
"""What stays of a log stream's name, `<cluster>/<node>`: what is before its first slash. The role is bound to
`<cluster>/`; the rest is the sender's to choose, further slashes and line breaks included. No name of a log stream has
a colon, so the expression matches all of it in every dialect.
https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_CreateLogStream.html"""
