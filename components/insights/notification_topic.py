"""NotificationTopic: the encrypted SNS topic that alarms publish to, and who is subscribed to it."""

import hashlib
from collections.abc import Mapping, Sequence
from typing import TypedDict

import pulumi
from pulumi_aws import sns

from ..aws.encryption_key import EncryptionKey
from ..aws.location import AwsLocation, arn
from ..aws.policy_document import Statement, policy_document


class SubscriptionArgs(TypedDict):
    """`protocol` and `endpoint` as SNS takes them; the endpoint is kept secret."""

    protocol: str
    endpoint: str


class NotificationTopicArgs(TypedDict):
    """`alarm_prefix` is what the names of the alarms that may publish begin with."""

    location: AwsLocation
    topic: str
    alarm_prefix: str
    subscriptions: Sequence[SubscriptionArgs]
    tags: Mapping[str, str]


class NotificationTopic(pulumi.ComponentResource):
    """A topic encrypted with a key of its own, since CloudWatch cannot use the key that AWS keeps for SNS."""

    arn: pulumi.Output[str]

    def __init__(self, name: str, args: NotificationTopicArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("falco-firelens:index:NotificationTopic", name, {}, opts)
        child = pulumi.ResourceOptions(parent=self)
        location, topic_name = args["location"], args["topic"]
        alarms = arn(location, "cloudwatch", f"alarm:{args['alarm_prefix']}-*")
        key = EncryptionKey(
            f"{name}-key",
            {
                "location": location,
                "alias": f"sns/{topic_name}",
                "description": f"Encrypts the notifications of {topic_name}",
                "statements": [_statement(location, alarms, ["kms:Decrypt", "kms:GenerateDataKey"], "*")],
                "tags": args["tags"],
            },
            child,
        )
        topic = sns.Topic(name, name=topic_name, kms_master_key_id=key.arn, tags=args["tags"], opts=child)
        publish = _statement(location, alarms, ["sns:Publish"], arn(location, "sns", topic_name))
        allowed = sns.TopicPolicy(name, arn=topic.arn, policy=policy_document(publish), opts=child)
        for subscription in args["subscriptions"]:
            subscribe(name, topic.arn, subscription, child)
        self.arn = pulumi.Output.all(topic.arn, allowed.id).apply(lambda made: str(made[0]))
        self.register_outputs({"arn": self.arn})


def subscribe(
    name: str, topic_arn: pulumi.Input[str], subscription: SubscriptionArgs, opts: pulumi.ResourceOptions
) -> None:
    """Add a subscription to a topic.

    The logical name, which `name` begins, neither moves when another subscription goes, nor shows an address.
    """
    endpoint = hashlib.sha256(subscription["endpoint"].encode()).hexdigest()
    sns.TopicSubscription(
        f"{name}-{subscription['protocol']}-{endpoint[:8]}",
        topic=topic_arn,
        protocol=subscription["protocol"],
        endpoint=pulumi.Output.secret(subscription["endpoint"]),
        opts=opts,
    )


def _statement(location: AwsLocation, alarms: str, actions: list[str], resource: str) -> Statement:
    """Lets the alarms of this stack, and no others, do something through CloudWatch.

    https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html#compatibility-with-aws-services
    """
    return {
        "Sid": "Alarms",
        "Effect": "Allow",
        "Principal": {"Service": "cloudwatch.amazonaws.com"},
        "Action": actions,
        "Resource": resource,
        "Condition": {"StringEquals": {"aws:SourceAccount": location["account"]}, "ArnLike": {"aws:SourceArn": alarms}},
    }
