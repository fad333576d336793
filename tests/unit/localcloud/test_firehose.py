"""What the local Firehose makes of the batches that a log group's subscription sends."""

import gzip
import json

from components.hub.log_receiver import PROCESSORS
from localcloud.aws.firehose import processed

KINDS = [{"Type": processor["type"]} for processor in PROCESSORS]


def batch(kind: str, *messages: str) -> dict[str, bytes]:
    events = [{"id": str(number), "timestamp": 0, "message": message} for number, message in enumerate(messages)]
    envelope = {"messageType": kind, "owner": "1", "logGroup": "g", "logStream": "s", "logEvents": events}
    return {"Data": gzip.compress(json.dumps(envelope).encode())}


def test_each_message_becomes_a_line() -> None:
    records = [batch("DATA_MESSAGE", '{"a": 1}', '{"b": "ü"}'), batch("DATA_MESSAGE", '{"c": 3}')]
    assert (
        b"".join(record["Data"] for record in processed(records, KINDS)) == '{"a": 1}\n{"b": "ü"}\n{"c": 3}\n'.encode()
    )


def test_the_message_that_tests_a_destination_is_no_event() -> None:
    assert processed([batch("CONTROL_MESSAGE", "CWL CONTROL MESSAGE: Checking health of destination")], KINDS) == []


def test_without_processors_nothing_changes() -> None:
    assert processed([{"Data": b"x"}], ()) == [{"Data": b"x"}]
