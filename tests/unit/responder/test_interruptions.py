"""Throttled AWS calls, and an invocation that dies between an action and its being written down."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError
from moto.server import ThreadedMotoServer

from falco_firelens.responder import clients
from falco_firelens.responder.actions.context import Context
from falco_firelens.responder.outcome import Done
from tests.unit.responder.account import ENVIRONMENT, Account, Throttle, deliver, forget_moto, moto_account
from tests.unit.responder.events import acting, configuration, document, playbook
from tests.waiting import PATIENCE

PLAN = configuration(playbook(actions=["evidence", "isolate", "notify"]))
ALWAYS = 10**6


class World:
    """What `isolate` is done to: once in effect, however often it is tried."""

    def __init__(self) -> None:
        self.tried: list[str] = []
        self.isolated: set[str] = set()

    def isolate(self, context: Context) -> Done:
        name = context.target.name
        self.tried.append(name)
        changed = name not in self.isolated
        self.isolated.add(name)
        return Done("cut off", "it", changed=changed)


def _keep(context: Context) -> Done:
    context.aws("s3").put_object(
        Bucket=context.environment.bucket, Key=f"evidence/{context.target.reference}", Body=b"x"
    )
    return Done("kept")


@pytest.fixture
def throttle(monkeypatch: pytest.MonkeyPatch) -> Iterator[Throttle]:
    monkeypatch.setattr("time.sleep", lambda _: None)  # botocore's own pauses between tries
    with moto_account(monkeypatch) as made:
        yield made


@pytest.fixture
def account(throttle: Throttle) -> Account:
    made = Account(clients.AWS)
    throttle.sent.clear()
    return made


@pytest.fixture
def world(account: Account) -> World:
    made = World()
    account.actions = acting(isolate=made.isolate, evidence=_keep)
    return made


OPERATIONS = ["dynamodb.PutItem", "dynamodb.UpdateItem", "s3.PutObject", "sns.Publish"]


@pytest.mark.parametrize("operation", OPERATIONS)
def test_a_call_that_is_throttled_twice_is_repeated_by_the_client(
    throttle: Throttle, account: Account, world: World, operation: str
) -> None:
    throttle.refused[operation] = 2
    account.invocation(PLAN).answer_delivery(deliver(document()))
    assert throttle.sent[operation] >= 3 and throttle.refused[operation] == 0
    assert world.tried == ["web-0"] and len(account.notices()) == 1 and account.messages("retries") == []


@pytest.mark.parametrize(
    ("operation", "again"),
    [
        ("dynamodb.PutItem", ["isolate", "evidence", "notify"]),
        ("dynamodb.UpdateItem", ["isolate", "evidence", "notify"]),
        ("s3.PutObject", ["evidence", "notify"]),
        ("sns.Publish", ["notify"]),
    ],
)
def test_what_is_throttled_for_longer_waits_in_the_retry_queue(
    throttle: Throttle, account: Account, world: World, operation: str, again: list[str]
) -> None:
    throttle.refused.update({operation: ALWAYS, "sqs.SendMessage": 2})
    account.invocation(PLAN).answer_delivery(deliver(document()))
    assert [one["actions"] for one in account.messages("retries")] == [again]
    assert throttle.sent["sqs.SendMessage"] == 3, "the queue's own throttling was waited for"
    assert len(account.poll(PLAN)) == 1
    throttle.refused[operation] = 0
    assert account.poll(PLAN) == []
    assert world.tried == ["web-0"]
    last = account.notices()[-1]
    assert "evidence pod eks/shop/web-0: done" in last and "isolate pod eks/shop/web-0: done" in last
    assert "To undo:\n  uvx falco-firelens undo isolate it" in last, "a later notice knows what was done at first"
    assert len(account.notices()) == (2 if operation == "s3.PutObject" else 1)


def test_where_the_queue_is_throttled_too_the_whole_delivery_comes_again(
    throttle: Throttle, account: Account, world: World
) -> None:
    throttle.refused.update({"sqs.SendMessage": ALWAYS, "s3.PutObject": ALWAYS})
    with pytest.raises(ClientError, match="ThrottlingException"):
        account.invocation(PLAN).answer_delivery(deliver(document()))
    throttle.refused.clear()
    account.invocation(PLAN).answer_delivery(deliver(document()))
    assert world.tried == ["web-0"] and account.messages("retries") == []
    assert ["evidence pod eks/shop/web-0: done" in one for one in account.notices()] == [False, True]


def test_a_bucket_that_takes_nothing_keeps_no_event_from_being_answered(
    throttle: Throttle, account: Account, world: World
) -> None:
    throttle.refused["s3.PutObject"] = ALWAYS
    with pytest.raises(ClientError):
        account.invocation(configuration(playbook(actions=["isolate"]))).answer_delivery(
            deliver(document(), {"not": "one"})
        )
    assert world.isolated == {"web-0"}


class Died(BaseException):
    """Ends an invocation as little politely as the end of its process."""


MOMENTS = ["before isolate", "in isolate", "before it is written down", "after it is written down", "in notify"]


@pytest.mark.parametrize("moment", MOMENTS)
def test_an_invocation_that_dies_is_gone_on_from_and_told_once(account: Account, world: World, moment: str) -> None:
    working = account.actions
    dead = False

    def dies(name: str, when: str) -> Any:
        def act(context: Context) -> Done:
            nonlocal dead
            if moment == f"before {name}" and not dead:
                dead = True
                raise Died
            done = working[name].run(context)
            if moment == when and not dead:
                dead = True
                raise Died
            return done

        return act

    account.actions = acting(evidence=_keep, isolate=dies("isolate", "in isolate"), notify=dies("notify", "in notify"))
    if moment.endswith("written down"):
        _die_at_update(account, before=moment.startswith("before"))
    batch = deliver(document(), document(pod="web-1"))
    with pytest.raises(Died):
        account.invocation(PLAN, 1_000).answer_delivery(batch)
    # Lambda comes again while the dead invocation's time has not run out, and the retry queue after that.
    account.invocation(PLAN, 1_000).answer_delivery(batch)
    _run_out(account)
    assert account.poll(PLAN) == []
    assert world.isolated == {"web-0", "web-1"} and len(world.tried) <= 3
    told = [sum(f"isolate pod eks/shop/{pod}" in text for text in account.notices()) for pod in ("web-0", "web-1")]
    assert told == [1, 1]
    assert account.messages("retries") == account.messages("dead") == []
    count = len(account.notices())
    account.invocation(PLAN).answer_delivery(batch)
    assert len(account.notices()) == count and len(world.tried) <= 3


def _die_at_update(account: Account, *, before: bool) -> None:
    """Die at the ledger's writing down that `isolate` is done: the second of a case, after that of `evidence`."""
    seen, events = [0], account.aws("dynamodb").meta.events

    def count(params: Any, **_: Any) -> None:
        body = json.loads(params["body"])
        if "ExpressionAttributeValues" in body and "response_data" in str(body.get("ExpressionAttributeNames")):
            seen[0] += 1
            if seen[0] == 2 and before:
                raise Died

    def after(**_: Any) -> None:
        if seen[0] == 2 and not before:
            seen[0] += 1
            raise Died

    events.register("before-call.dynamodb.UpdateItem", count)
    events.register("after-call.dynamodb.UpdateItem", after)


def _run_out(account: Account) -> None:
    """As if the time of every invocation that is under way in the ledger had run out."""
    table = account.aws("dynamodb")
    for item in table.scan(TableName="ledger")["Items"]:
        if item.get("status", {}).get("S") == "INPROGRESS":
            table.put_item(TableName="ledger", Item={**item, "in_progress_expiration": {"N": "1"}})


def test_what_another_invocation_is_at_is_told_by_that_one_alone(account: Account, world: World) -> None:
    began, go_on = threading.Event(), threading.Event()
    isolate = world.isolate

    def slow(context: Context) -> Done:
        began.set()
        assert go_on.wait(PATIENCE)
        return isolate(context)

    account.actions = acting(isolate=slow, evidence=_keep)
    first = threading.Thread(target=lambda: account.invocation(PLAN).answer_delivery(deliver(document())))
    first.start()
    assert began.wait(PATIENCE)
    said = account.invocation(PLAN).answer_delivery(deliver(document()))
    assert said["in progress"] == 2 and account.notices() == []
    go_on.set()
    first.join()
    assert account.poll(PLAN) == [] and len(account.notices()) == 1 and world.tried == ["web-0"]


KILLED = """
import json, os, sys
from falco_firelens.responder.clients import AwsClients
from falco_firelens.responder.handler import Invocation
from falco_firelens.responder.environment import Environment
from tests.unit.responder.account import LambdaContext
from tests.unit.responder.events import acting
from tests.unit.responder.test_interruptions import PLAN, _keep, cut_off
from tests.waiting import PATIENCE

def isolate(context):
    cut_off(context)
    os._exit(9)

actions = acting(evidence=_keep, isolate=isolate)
invocation = Invocation(PLAN, AwsClients(), Environment.of(os.environ), LambdaContext(100), actions)
invocation.answer_delivery(json.load(sys.stdin))
"""


def cut_off(context: Context) -> Done:
    """An isolation that can be seen from outside of the process."""
    key = f"isolated/{context.target.name}"
    found = context.aws("s3").list_objects_v2(Bucket="kept", Prefix=key)["KeyCount"]
    context.aws("s3").put_object(Bucket="kept", Key=key, Body=b"x")
    return Done("cut off", "it", changed=not found)


def test_a_process_that_is_killed_leaves_what_the_next_one_goes_on_from(monkeypatch: pytest.MonkeyPatch) -> None:
    """Really killed after the action, before the ledger knows: nothing of Python's own cleaning up helps."""
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    server = ThreadedMotoServer("127.0.0.1", 0)
    server.start()
    try:
        monkeypatch.setenv("AWS_ENDPOINT_URL", "http://{}:{}".format(*server.get_host_and_port()))
        account, batch = Account(), deliver(document())
        account.actions = acting(evidence=_keep, isolate=cut_off)
        process = subprocess.run(
            [sys.executable, "-c", KILLED],
            input=json.dumps(batch),
            text=True,
            env={**os.environ, **account.environment},
            check=False,
            timeout=PATIENCE,
        )
        assert process.returncode == 9
        assert account.objects("isolated/") == ["isolated/web-0"] and account.notices() == []
        said = account.invocation(PLAN, 100).answer_delivery(batch)
        assert (said["done"], said["in progress"]) == (1, 2), "evidence is kept, the rest waits"
        _run_out(account)
        assert account.poll(PLAN) == [] and account.messages("retries") == account.messages("dead") == []
        (notice,) = account.notices()
        assert "evidence pod eks/shop/web-0: done" in notice and "isolate pod eks/shop/web-0: unchanged" in notice
        assert account.objects("evidence/") == ["evidence/eks/shop/web-0"]
    finally:
        server.stop()
        forget_moto()
