import json

import pytest

from localcloud.check import compare
from localcloud.errors import LocalCloudError

CLUSTER = {"name": "shop", "platform": "ecs", "node": "i-1"}
SENT = [json.dumps({"rule": rule, "hostname": "check-1", "output_fields": {"a.b": None}}) for rule in ("One", "Two")]
ARRIVED = [{**json.loads(line), "cluster": {**CLUSTER, "account": "123456789012"}} for line in SENT]


def test_events_that_arrived_as_they_were_are_fine():
    compare(SENT, ARRIVED, CLUSTER, "s3")


@pytest.mark.parametrize(
    ("arrived", "message"),
    [
        (ARRIVED[:1], "found 1 events, expected the 2 that were sent; the first that is missing or changed: .*Two"),
        ([*ARRIVED, ARRIVED[0]], "found 3 events, expected the 2"),
        ([ARRIVED[0], {**ARRIVED[1], "output_fields": {}}], "the first that is missing or changed: .*Two"),
        ([ARRIVED[0], {**ARRIVED[1], "extra": 1}], "the first that is missing or changed: .*Two"),
        ([ARRIVED[0], {**ARRIVED[1], "cluster": {**CLUSTER, "name": "other"}}], "found {'name': 'other'}"),
        ([json.loads(line) for line in SENT], "found {'name': None"),
    ],
    ids=["lost", "twice", "changed", "more", "another cluster", "no cluster"],
)
def test_events_that_did_not_are_told(arrived, message):
    with pytest.raises(LocalCloudError, match=f"^s3: .*{message}"):
        compare(SENT, arrived, CLUSTER, "s3")
