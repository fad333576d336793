"""20,000 events to two destinations, each of which fails for a while: neither stops nor loses the other."""

import pytest

from falco_firelens.contract import Platform
from testbed import faults
from testbed.destination import Destination
from testbed.outages import Outages
from tests.pipeline.conftest import LOG_GROUP, STREAMS, NodeFactory

pytestmark = pytest.mark.pipeline

EVENTS = 20_000
TO_S3 = STREAMS[0]


@pytest.mark.parametrize("platform", ["eks", "ecs"])
def test_each_gets_everything_though_each_fails_in_turn(
    platform: Platform, new_node: NodeFactory, destination: Destination
) -> None:
    node = new_node(platform, streams=(TO_S3,))
    places = {"Logs": f"{LOG_GROUP}:shop/{node.name}", "Firehose": TO_S3.name}
    outages = Outages(node, destination, places)

    outcomes = outages.run(EVENTS)

    assert outages.held_up == []
    assert {service: len(outcome.lost) for service, outcome in outcomes.items()} == {"Logs": 0, "Firehose": 0}
    assert not any(outcome.strange for outcome in outcomes.values())
    for operation in ("PutLogEvents", "PutRecordBatch"):
        for answer in ("silent", "ThrottlingException", "InternalFailure"):
            assert destination.answers[f"{operation} {answer}"], "each has failed in each way"


def test_kubernetes_loses_nothing_at_either_whatever_goes_wrong(
    new_node: NodeFactory, destination: Destination
) -> None:
    node = new_node("eks", streams=(TO_S3,))
    faults.write(node, EVENTS, faults.everything(node, destination))

    for place in (f"{LOG_GROUP}:shop/{node.name}", TO_S3.name):
        outcome = faults.count(node, destination, EVENTS, place=place)
        assert not outcome.lost
        assert not outcome.strange
        assert len(outcome.twice) <= EVENTS // 4  # only what was under way at a kill
