"""The attacker holds one cluster's shipping credentials, or makes pods in it, and wants no answer elsewhere."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from falco_firelens.responder.event import pack
from falco_firelens.responder.outcome import Done
from tests.unit.responder.account import Account, moto_account
from tests.unit.responder.events import acting, configuration, document, playbook

LIMIT = 3
DONE, GONE = Done("isolated"), Done("the pod is gone", changed=False)
PLATFORMS = {"eks": "eks", "own": "kubernetes"}


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> Iterator[Account]:
    with moto_account(monkeypatch):
        yield Account()


def answer(account: Account, cluster: str, *pods: str, **protect: list[str]) -> dict[str, Any]:
    """What the function says about events of pods of a cluster."""
    plan = configuration(playbook(actions=["isolate"], most_targets=LIMIT), **protect)
    events = [json.dumps(document(pod=pod, cluster=cluster, platform=PLATFORMS[cluster])) for pod in pods]
    return account.invocation(plan).answer_delivery(pack(events, f"{cluster}/node-1"))


def forged(number: int = LIMIT) -> list[str]:
    return [f"never-{one}" for one in range(number)]


def test_pods_that_never_existed_use_up_the_limit_of_those_that_do(account: Account) -> None:
    account.actions = acting(isolate=lambda context: GONE if context.target.name.startswith("never") else DONE)

    assert answer(account, "eks", *forged()) == {"events": LIMIT, "setAside": 0, "unchanged": LIMIT}
    assert answer(account, "eks", "web-0").get("done") == 1


def test_a_protected_workload_uses_up_the_limit_of_the_others(account: Account) -> None:
    account.actions = acting(isolate=lambda context: DONE)
    ledgers = [f"ledger-{one}" for one in range(LIMIT)]

    assert answer(account, "eks", *ledgers, workloads=["shop/ledger-*"]).get("protected") == LIMIT
    assert answer(account, "eks", "web-0", workloads=["shop/ledger-*"]).get("done") == 1


def test_one_cluster_uses_up_the_limit_of_another(account: Account) -> None:
    account.actions = acting(isolate=lambda context: DONE)

    assert answer(account, "eks", *(f"mine-{one}" for one in range(LIMIT + 1))).get("held back") == 1
    assert answer(account, "own", "web-0").get("done") == 1


def test_what_is_held_back_stays_unseen(account: Account, caplog: pytest.LogCaptureFixture) -> None:
    account.actions = acting(isolate=lambda context: DONE)
    answer(account, "eks", *(f"mine-{one}" for one in range(LIMIT + 2)))

    said = [getattr(record, "held_back", 0) for record in caplog.records]
    assert [number for number in said if number] == [2]
