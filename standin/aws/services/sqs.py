"""SQS: queues."""

from typing import Any, ClassVar

from standin.aws import tags
from standin.aws.cloud import Region
from standin.aws.naming import AutoName, from_prefix
from standin.aws.resource import Defaults, Properties, Resource, changed

FIFO = ".fifo"
ATTRIBUTES = {
    "contentBasedDeduplication": "ContentBasedDeduplication",
    "deduplicationScope": "DeduplicationScope",
    "delaySeconds": "DelaySeconds",
    "fifoQueue": "FifoQueue",
    "fifoThroughputLimit": "FifoThroughputLimit",
    "kmsDataKeyReusePeriodSeconds": "KmsDataKeyReusePeriodSeconds",
    "kmsMasterKeyId": "KmsMasterKeyId",
    "maxMessageSize": "MaximumMessageSize",
    "messageRetentionSeconds": "MessageRetentionPeriod",
    "policy": "Policy",
    "receiveWaitTimeSeconds": "ReceiveMessageWaitTimeSeconds",
    "redriveAllowPolicy": "RedriveAllowPolicy",
    "redrivePolicy": "RedrivePolicy",
    "sqsManagedSseEnabled": "SqsManagedSseEnabled",
    "visibilityTimeoutSeconds": "VisibilityTimeout",
}
FOR_FIFO = ("contentBasedDeduplication", "deduplicationScope", "fifoQueue", "fifoThroughputLimit")
"""SQS refuses to hear of these for any other queue."""
EMPTIED = ("kmsMasterKeyId", "policy", "redriveAllowPolicy", "redrivePolicy")
"""What an empty text takes off a queue."""


class Queue(Resource):
    """A queue; its id is its URL."""

    token = "aws:sqs/queue:Queue"
    service = "sqs"
    autoname = AutoName(longest=80)
    create_only = frozenset({"name", "namePrefix", "fifoQueue"})
    defaults: ClassVar[Defaults] = {
        "contentBasedDeduplication": False,
        "delaySeconds": 0,
        "fifoQueue": False,
        "maxMessageSize": 262144,
        "messageRetentionSeconds": 345600,
        "receiveWaitTimeSeconds": 0,
        "visibilityTimeoutSeconds": 30,
    }
    write_only = frozenset({"namePrefix"})
    tagging = tags.Tagging(
        ("list_queue_tags", "Tags"), "tag_queue", "untag_queue", "QueueUrl", keys="TagKeys", tags="Tags"
    )

    def create(self, region: Region, inputs: Properties) -> str:
        name = inputs.get("name") or from_prefix(inputs["namePrefix"])
        if inputs.get("fifoQueue") and not name.endswith(FIFO):
            name += FIFO
        return self.client(region).create_queue(QueueName=name, Attributes=_attributes(inputs))["QueueUrl"]

    def configure(self, region: Region, identity: str, inputs: Properties, old: Properties | None) -> None:
        """All attributes: moto forgets a policy that is not said again."""
        if old is not None and changed(inputs, old, *ATTRIBUTES):
            gone = {ATTRIBUTES[name]: "" for name in EMPTIED if old.get(name) and not inputs.get(name)}
            self.client(region).set_queue_attributes(QueueUrl=identity, Attributes={**gone, **_attributes(inputs)})

    def read(self, region: Region, identity: str, state: Properties) -> Properties | None:
        """Return the queue's attributes; SQS encrypts by itself unless there is a key."""
        answer = self.client(region).get_queue_attributes(QueueUrl=identity, AttributeNames=["All"])["Attributes"]
        renamed = {name: answer[attribute] for name, attribute in ATTRIBUTES.items() if answer.get(attribute)}
        managed = renamed.pop("sqsManagedSseEnabled", "true") == "true" and not renamed.get("kmsMasterKeyId")
        absent = {"deduplicationScope": "", "fifoThroughputLimit": "", "policy": "", "redriveAllowPolicy": ""}
        return {
            **absent,
            "kmsDataKeyReusePeriodSeconds": 300,
            "redrivePolicy": "",
            **self.outputs(renamed),
            "arn": answer["QueueArn"],
            "contentBasedDeduplication": answer.get("ContentBasedDeduplication") == "true",
            "fifoQueue": answer.get("FifoQueue") == "true",
            "name": identity.rpartition("/")[2],
            "namePrefix": state.get("namePrefix", ""),
            "sqsManagedSseEnabled": managed,
            "url": identity,
        }

    def delete(self, region: Region, identity: str, state: Properties) -> None:
        """Delete the queue and what is in it."""
        self.client(region).delete_queue(QueueUrl=identity)


def _attributes(inputs: Properties) -> dict[str, str]:
    fifo = bool(inputs.get("fifoQueue"))
    given = {name: value for name, value in inputs.items() if name in ATTRIBUTES and (fifo or name not in FOR_FIFO)}
    return {ATTRIBUTES[name]: _text(value) for name, value in given.items()}


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


RESOURCES = (Queue,)
