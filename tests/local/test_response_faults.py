"""A cluster's API that is slow, hung, down, forbidding or talks nonsense: the rest goes on, nothing is lost."""

import io
import json
from collections.abc import Iterator
from typing import Any

import pytest
from lightkube.resources.core_v1 import Pod

from falco_firelens.responder import clients, handler
from falco_firelens.responder.clients import connect
from falco_firelens.responder.commands import replay
from falco_firelens.responder.configuration import Configuration
from falco_firelens.responder.marks import ISOLATED
from localcloud.cloud import LocalCloud
from tests.local.faulty_api import Fault, FaultyApi, faulty_api
from tests.local.response import Api
from tests.unit.responder.account import TRIES, Account, deliver, moto_account
from tests.unit.responder.events import configuration, document, playbook
from tests.waiting import PATIENCE

pytestmark = pytest.mark.local

LIMIT = 1
"""Seconds of a request to a cluster that does not answer, in place of the function's seven: the tests are quicker."""

STATUS = {
    "kind": "Status",
    "apiVersion": "v1",
    "status": "Failure",
    "message": "forbidden: ask somebody else",
    "reason": "Forbidden",
    "code": 403,
}
JSON = {"Content-Type": "application/json"}
FAULTS = {
    "hung": Fault(hang=True),
    "slower than the limit": Fault(late=True),
    "dripping": Fault(drip=0.05),
    "forbidding": Fault(status=403, headers=JSON, body=json.dumps(STATUS).encode()),
    "failing": Fault(status=500, headers={"Content-Type": "text/html"}, body=b"<h1>oh no</h1>"),
    "failing without a word": Fault(status=503),
    "failing in broken JSON": Fault(status=500, headers=JSON, body=b'{"kind":'),
    "talking nonsense": Fault(status=200, headers=JSON, body=b"<h1>Welcome</h1>"),
    "talking of something else": Fault(status=200, headers=JSON, body=b'["x", 1]'),
    "empty": Fault(status=200),
}


NEVER_ANSWERING = ("hung", "slower than the limit", "dripping")


class Scene:
    """Cluster `eks` behind a server with faults, cluster `own` as it is, both with pods of the namespace `faults`."""

    def __init__(self, eks: Api, own: Api, front: FaultyApi, monkeypatch: pytest.MonkeyPatch) -> None:
        self.eks, self.own, self.front, self._patch = eks, own, front, monkeypatch
        self.account = Account(eks=self._client(eks, front.url), own=self._client(own))
        self.account.now = lambda: front.clock

    def _client(self, api: Api, server: str = "", seconds: float = PATIENCE) -> Any:
        self._patch.setattr(clients, "TIMEOUT_SECONDS", seconds)
        access = api.access(api.admin.config.user.token)
        return connect(**{**access, "server": server or access["server"]})

    def fail(self, name: str) -> None:
        """Let `eks` fail so. Only of what never answers is the answer not waited for, however busy the machine is."""
        self.front.fault = FAULTS[name]
        self.account.clients["eks"] = self._client(
            self.eks, self.front.url, LIMIT if name in NEVER_ANSWERING else PATIENCE
        )

    def fix(self) -> None:
        self.front.fault = Fault()
        self.account.clients["eks"] = self._client(self.eks, self.front.url)

    def isolated(self, api: Api) -> set[str]:
        pods = api.admin.list(Pod, namespace="faults")
        return {pod.metadata.name for pod in pods if ISOLATED in (pod.metadata.labels or {})}

    def deliver(self, plan: Configuration, *pods: str, seconds: float = 60) -> dict[str, Any]:
        return self.account.invocation(plan, seconds).answer_delivery(deliver(*(incident(pod) for pod in pods)))


def incident(pod: str, cluster: str = "eks", **changes: Any) -> dict[str, Any]:
    platform = "eks" if cluster == "eks" else "kubernetes"
    return document(pod=pod, cluster=cluster, platform=platform, age=-1, fields={"k8s.ns.name": "faults"}, **changes)


@pytest.fixture
def scene(local_cloud: LocalCloud, monkeypatch: pytest.MonkeyPatch) -> Iterator[Scene]:
    monkeypatch.setattr(handler, "RESERVE_MILLISECONDS", 4_500 * LIMIT)
    eks, own = Api(local_cloud.layout), Api(local_cloud.layout, "selfmanaged")
    for api in (eks, own):
        api.pods(*(f"faults/web-{n}" for n in range(6)))
    with faulty_api(eks) as front, moto_account(monkeypatch):
        yield Scene(eks, own, front, monkeypatch)
    for api in (eks, own):
        api.clear("faults")


@pytest.mark.parametrize("name", FAULTS)
def test_what_fails_is_tried_again_beside_another_cluster_and_succeeds_later(scene: Scene, name: str) -> None:
    plan = configuration(playbook(actions=["evidence", "isolate", "notify"]))
    scene.fail(name)
    scene.deliver(plan, "web-0", "web-1", "web-2")
    if name in NEVER_ANSWERING:
        assert len(scene.front.asked) <= 2, "a cluster that does not answer is asked once an invocation"
    waiting = scene.account.messages("retries")
    assert [one["event"]["output_fields"]["k8s.pod.name"] for one in waiting] == ["web-0", "web-1", "web-2"]
    assert all(one["actions"] == ["isolate", "evidence", "notify"] and one["reasons"]["isolate"] for one in waiting)
    assert scene.isolated(scene.eks) == set()

    # A message of the other cluster, behind those of the first in the same batch, is answered anyway.
    other = {**waiting[0], "event": incident("web-0", "own")}
    scene.account.aws("sqs").send_message(QueueUrl=scene.account.urls["retries"], MessageBody=json.dumps(other))
    assert len(scene.account.poll(plan)) == 3
    assert scene.isolated(scene.own) == {"web-0"} and scene.isolated(scene.eks) == set()

    scene.fix()
    assert scene.account.poll(plan) == []
    assert scene.isolated(scene.eks) == {"web-0", "web-1", "web-2"}
    told = [text for text in scene.account.notices() if "isolate pod eks/faults/web-1: done" in text]
    assert len(told) == 1 and "undo isolate eks/faults/web-1" in told[0]
    assert scene.account.messages("retries") == scene.account.messages("dead") == []


def test_what_never_succeeds_is_a_dead_letter_and_succeeds_when_it_is_run_again(scene: Scene) -> None:
    plan, account = configuration(playbook(actions=["isolate"])), scene.account
    scene.front.fault = Fault(status=500)
    scene.deliver(plan, "web-0", "web-1")
    for _ in range(TRIES):
        assert len(account.poll(plan)) == 2
    account.poll(plan)
    assert account.messages("retries") == [] and len(account.messages("dead")) == 2

    class Lambda:
        """The function's invocation, in this process."""

        def invoke(self, FunctionName: str, Payload: bytes) -> dict[str, Any]:  # noqa: N803
            said = account.invocation(plan).retry_messages(json.loads(Payload))
            return {"Payload": io.BytesIO(json.dumps(said).encode())}

    def aws(service: str) -> Any:
        return Lambda() if service == "lambda" else account.aws(service)

    dead = account.urls["dead"]
    shown = list(map(str, replay.replay_queue(aws, "f", dead, act=False)))
    assert len(shown) == 2 and all(line.startswith("contain of eks, Terminal shell") for line in shown)
    still = list(map(str, replay.replay_queue(aws, "f", dead, act=True)))
    assert all("failed: it failed again" in line for line in still) and len(account.messages("dead")) == 2
    scene.fix()
    account.show("dead")
    assert all(line.state == "done" for line in replay.replay_queue(aws, "f", dead, act=True))
    assert account.messages("dead") == [] and scene.isolated(scene.eks) == {"web-0", "web-1"}


def test_a_slow_cluster_is_answered_as_far_as_the_time_goes_and_takes_none_of_the_others(scene: Scene) -> None:
    plan, account = configuration(playbook(actions=["isolate"])), scene.account
    scene.front.fault = Fault(seconds=0.6 * LIMIT)
    seconds = 4.5 * LIMIT + 9
    began = scene.front.clock
    scene.deliver(plan, *(f"web-{n}" for n in range(6)), seconds=seconds)
    assert scene.front.clock - began < seconds
    first = scene.isolated(scene.eks)
    assert 1 <= len(first) < 6 and len(account.messages("retries")) == 6 - len(first)
    assert "no time was left" in account.messages("retries")[-1]["reasons"]["isolate"]

    for pod in ("web-1", "web-2"):
        other = {**account.messages("retries")[-1], "event": incident(pod, "own")}
        account.aws("sqs").send_message(QueueUrl=account.urls["retries"], MessageBody=json.dumps(other))
    began = scene.front.clock
    account.poll(plan, seconds)
    assert scene.front.clock - began < seconds
    assert scene.isolated(scene.own) == {"web-1", "web-2"}, "they came last and were not left to the end"
    while account.poll(plan, seconds):
        pass
    assert scene.isolated(scene.eks) == {f"web-{n}" for n in range(6)} and account.messages("dead") == []


def test_a_redirect_takes_the_token_nowhere(scene: Scene) -> None:
    with faulty_api(scene.eks) as elsewhere:
        scene.front.fault = Fault(status=307, headers={"Location": f"{elsewhere.url}/api/v1/namespaces/faults/pods/x"})
        scene.deliver(configuration(playbook(actions=["isolate"])), "web-0")
        assert scene.front.asked and elsewhere.asked == []
        assert len(scene.account.messages("retries")) == 1


@pytest.mark.parametrize("name", ["hung", "forbidding", "failing without a word"])
def test_labels_that_cannot_be_looked_up_stop_nothing_else_and_are_asked_for_again(scene: Scene, name: str) -> None:
    labelled = playbook("web", actions=["isolate"], match={"rules": ["Terminal*"], "labels": {"app": "web"}})
    plan = configuration(labelled, playbook("rest", actions=["notify"]))
    scene.fail(name)
    events = [incident("web-0"), incident("web-0"), incident("web-1", rule="Other"), incident("web-9")]
    said = scene.account.invocation(plan).answer_delivery(deliver(*events))
    assert said["done"] == 1 and len(scene.account.notices()) == 1, "the event that needs no labels is answered"
    waiting = scene.account.messages("retries")
    assert [(one["playbook"], one["count"]) for one in waiting] == [("(undecided)", 2), ("(undecided)", 1)]
    assert len(scene.account.poll(plan)) == 2 and scene.isolated(scene.eks) == set()
    scene.fix()
    assert scene.account.poll(plan) == []
    assert scene.isolated(scene.eks) == {"web-0"}
    assert any("web-9" in text for text in scene.account.notices()), "a pod that is gone has no labels"
