import json

from tests.unit.components.cloud import ACCOUNT, Deployed, deploy
from tests.unit.components.stacks import CREATED

TOLD = [
    {"protocol": "email", "endpoint": "soc@example.com"},
    {"protocol": "sqs", "endpoint": f"arn:aws:sqs:eu-west-1:{ACCOUNT}:alarms"},
]
CONDITION = {
    "StringEquals": {"aws:SourceAccount": ACCOUNT},
    "ArnLike": {"aws:SourceArn": f"arn:aws:cloudwatch:eu-west-1:{ACCOUNT}:alarm:falco-unit-*"},
}


def test_alarms_of_this_stack_alone_may_publish_and_use_the_key(created: Deployed) -> None:
    (statement,) = json.loads(created.one("TopicPolicy", "insights-topic").inputs["policy"])["Statement"]
    assert statement["Action"] == ["sns:Publish"]
    assert statement["Resource"] == f"arn:aws:sns:eu-west-1:{ACCOUNT}:falco-unit"
    _, key = json.loads(created.one("Key", "insights-topic-key").inputs["policy"])["Statement"]
    assert key["Action"] == ["kms:Decrypt", "kms:GenerateDataKey"]
    for each in (statement, key):
        assert each["Principal"] == {"Service": "cloudwatch.amazonaws.com"}
        assert each["Condition"] == CONDITION


def test_the_names_of_all_alarms_are_among_those_that_may(created: Deployed) -> None:
    names = [item.inputs["name"] for item in created.of("MetricAlarm")]
    names += [item.inputs["alarmName"] for item in created.of("CompositeAlarm")]
    assert names and all(name.startswith("falco-unit-") for name in names)


def test_the_topic_is_encrypted_with_its_own_key(created: Deployed) -> None:
    topic = created.one("Topic", "insights-topic")
    assert topic.inputs["name"] == "falco-unit"
    assert topic.inputs["kmsMasterKeyId"].endswith("insights-topic-key")


def test_everybody_named_is_subscribed_and_no_address_is_in_a_logical_name() -> None:
    stack = deploy({**CREATED, "notifications": TOLD})
    # The mocks register what does not depend on each other in any order.
    subscriptions = sorted(stack.of("TopicSubscription"), key=lambda item: item.inputs["protocol"])
    assert [{key: item.inputs[key] for key in ("protocol", "endpoint")} for item in subscriptions] == TOLD
    assert not [item.name for item in subscriptions if "soc" in item.name]
    fewer = deploy({**CREATED, "notifications": TOLD[1:]}).of("TopicSubscription")
    assert [item.name for item in fewer] == [subscriptions[1].name]


def test_every_alarm_tells_when_it_goes_off_and_the_last_when_all_is_well(created: Deployed) -> None:
    topic = [created.one("Topic", "insights-topic").inputs["name"]]
    for alarm in created.of("MetricAlarm"):
        assert [arn.rpartition(":")[2] for arn in alarm.inputs["alarmActions"]] == topic
        assert "okActions" not in alarm.inputs
    (attention,) = (item for item in created.of("CompositeAlarm") if item.name == "insights-attention")
    assert [arn.rpartition(":")[2] for arn in attention.inputs["okActions"]] == topic
    below = [item for item in created.of("CompositeAlarm") if item != attention]
    assert len(below) == 3 and not any("okActions" in item.inputs for item in below)
    assert not any("alarmActions" in item.inputs for item in created.of("CompositeAlarm"))


def test_a_composite_alarm_is_made_after_the_alarms_that_its_rule_names(created: Deployed) -> None:
    names = {item.urn: item.inputs["name"] for item in created.of("MetricAlarm")}
    names |= {item.urn: item.inputs["alarmName"] for item in created.of("CompositeAlarm")}
    for item in created.of("CompositeAlarm"):
        named = set(item.inputs["alarmRule"].split('"')[1::2])
        assert named and named == {names[urn] for urn in item.dependencies if urn in names}
