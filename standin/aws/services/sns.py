"""SNS: topics, their policies and subscriptions."""

import json
from collections.abc import Iterator
from typing import ClassVar

from botocore.exceptions import ClientError

from standin.aws import tags
from standin.aws.check import Failure
from standin.aws.cloud import Region
from standin.aws.naming import AutoName
from standin.aws.resource import Defaults, Properties, Resource, changed


class Topic(Resource):
    """A topic; its id is its ARN."""

    token = "aws:sns/topic:Topic"
    service = "sns"
    autoname = AutoName(longest=256)
    create_only = frozenset({"name", "namePrefix", "fifoTopic"})
    defaults: ClassVar[Defaults] = {"contentBasedDeduplication": False, "fifoTopic": False}
    tagging = tags.BY_CAPITAL_ARN

    def check(self, inputs: Properties) -> Iterator[Failure]:
        """Refuse a policy, which would have no effect here: a `TopicPolicy` has."""
        if inputs.get("policy"):
            yield Failure("policy", "is nothing that the stand-in builds: give the topic a TopicPolicy")

    def create(self, region: Region, inputs: Properties) -> str:
        key = inputs.get("kmsMasterKeyId")
        attributes = {"KmsMasterKeyId": key} if key else {}
        return self.client(region).create_topic(Name=self.given_name(inputs), Attributes=attributes)["TopicArn"]

    def configure(self, region: Region, identity: str, inputs: Properties, old: Properties | None) -> None:
        """Another key, or another name to show."""
        for name in ("kmsMasterKeyId", "displayName"):
            if changed(inputs, old, name) and (old is not None or name == "displayName"):
                attribute = name[0].upper() + name[1:]
                value = inputs.get(name, "")
                self.client(region).set_topic_attributes(
                    TopicArn=identity, AttributeName=attribute, AttributeValue=value
                )

    def read(self, region: Region, identity: str, state: Properties) -> Properties | None:
        attributes = self.client(region).get_topic_attributes(TopicArn=identity)["Attributes"]
        return self.outputs(
            attributes,
            arn=identity,
            name=identity.rpartition(":")[2],
            owner=region.account,
            fifoTopic=False,
            contentBasedDeduplication=False,
        )

    def delete(self, region: Region, identity: str, state: Properties) -> None:
        self.client(region).delete_topic(TopicArn=identity)


class TopicPolicy(Resource):
    """Who may publish to a topic; its id is the topic's ARN."""

    token = "aws:sns/topicPolicy:TopicPolicy"
    service = "sns"
    create_only = frozenset({"arn"})

    def create(self, region: Region, inputs: Properties) -> str:
        """Return the topic's ARN; the policy comes with `configure`."""
        return inputs["arn"]

    def configure(self, region: Region, identity: str, inputs: Properties, old: Properties | None) -> None:
        self.client(region).set_topic_attributes(
            TopicArn=identity, AttributeName="Policy", AttributeValue=inputs["policy"]
        )

    def read(self, region: Region, identity: str, state: Properties) -> Properties | None:
        attributes = self.client(region).get_topic_attributes(TopicArn=identity)["Attributes"]
        return {"arn": identity, "policy": attributes["Policy"], "owner": region.account}

    def delete(self, region: Region, identity: str, state: Properties) -> None:
        """Leaves the topic to its account alone, as a new one is."""
        own = {"Effect": "Allow", "Principal": {"AWS": region.account}, "Action": "sns:Publish", "Resource": identity}
        policy = json.dumps({"Version": "2012-10-17", "Statement": [own]})
        self.client(region).set_topic_attributes(TopicArn=identity, AttributeName="Policy", AttributeValue=policy)


class TopicSubscription(Resource):
    """One endpoint that gets what is published; its id is its ARN."""

    token = "aws:sns/topicSubscription:TopicSubscription"
    service = "sns"
    create_only = frozenset({"topic", "protocol", "endpoint"})
    defaults: ClassVar[Defaults] = {
        "confirmationTimeoutInMinutes": 1,
        "endpointAutoConfirms": False,
        "rawMessageDelivery": False,
    }
    write_only = frozenset({"confirmationTimeoutInMinutes", "endpointAutoConfirms"})

    def create(self, region: Region, inputs: Properties) -> str:
        return self.client(region).subscribe(
            TopicArn=inputs["topic"],
            Protocol=inputs["protocol"],
            Endpoint=inputs["endpoint"],
            ReturnSubscriptionArn=True,
        )["SubscriptionArn"]

    def read(self, region: Region, identity: str, state: Properties) -> Properties | None:
        attributes = self.client(region).get_subscription_attributes(SubscriptionArn=identity)["Attributes"]
        return {
            "arn": identity,
            "topic": attributes["TopicArn"],
            "protocol": attributes["Protocol"],
            "endpoint": attributes["Endpoint"],
            "ownerId": region.account,
            "pendingConfirmation": attributes.get("PendingConfirmation") == "true",
            "confirmationWasAuthenticated": attributes.get("ConfirmationWasAuthenticated") == "true",
            "filterPolicyScope": state.get("filterPolicyScope", ""),
        }

    def delete(self, region: Region, identity: str, state: Properties) -> None:
        """End the subscription; one that nobody confirmed goes with its topic."""
        try:
            self.client(region).unsubscribe(SubscriptionArn=identity)
        except ClientError as error:
            if "pending confirmation" not in str(error):
                raise


RESOURCES = (Topic, TopicPolicy, TopicSubscription)
