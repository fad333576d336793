"""Guards, rate limit, once a target, order and failures, with actions that only write down that they were called."""

from typing import Any

import pytest

from falco_firelens.contract import SENSOR_NAMESPACE
from falco_firelens.responder.actions.context import Context
from falco_firelens.responder.actions.registry import ACTIONS
from falco_firelens.responder.environment import Environment
from falco_firelens.responder.outcome import Done, Outcome
from falco_firelens.responder.responder import Responder
from falco_firelens.responder.targets import Target
from falco_firelens.responder.work import Answer
from tests.unit.responder.events import TASK, MemoryLedger, acting, configuration, event, playbook
from tests.unit.responder.made_up_cluster import MadeUpCluster, OneCluster


class Acts:
    """Every action, written down instead of done; those in `broken` fail."""

    def __init__(self) -> None:
        self.called: list[tuple[str, str]] = []
        self.told: list[tuple[Outcome, ...]] = []
        self.broken: dict[str, Exception] = {}

    def __call__(self, name: str) -> Any:
        def act(context: Context) -> Done:
            self.called.append((name, str(context.target)))
            if name in self.broken:
                raise self.broken[name]
            if name == "notify":
                self.told.append(tuple(context.outcomes))
            return Done("ok", "it")

        return act

    def names(self) -> list[str]:
        return [name for name, _ in self.called]

    def responder(self, *playbooks: dict[str, Any], **protect: Any) -> Responder:
        actions = acting(**{name: self(name) for name in ACTIONS})
        clients = OneCluster(MadeUpCluster("node-1"))
        return Responder(configuration(*playbooks, **protect), clients, MemoryLedger(), Environment(), actions=actions)


@pytest.fixture
def acts() -> Acts:
    return Acts()


def states(answers: list[Answer]) -> list[tuple[str, str]]:
    return [(one.action, one.state) for answer in answers for one in answer.outcomes]


def test_a_storm_acts_once_a_target_whenever_and_however_often_it_comes(acts: Acts) -> None:
    one = acts.responder(playbook(most_targets=50))
    storm = [event(pod=f"web-{number % 50}", output=str(number)) for number in range(10_000)]
    list(one.answer(storm))
    list(one.answer(reversed(storm)))
    assert sorted(acts.called) == sorted(
        (name, f"pod eks/shop/web-{n}") for n in range(50) for name in ("isolate", "notify")
    )


def test_a_pod_that_has_taken_the_name_of_another_is_acted_on_too(acts: Acts) -> None:
    one = acts.responder(playbook(actions=["delete"], most_targets=2))
    first, second, third = (f"3e41dc6b-08a8-44db-bc2a-00000000000{number}" for number in range(3))
    found = [event(fields={"k8s.pod.uid": uid}, output=str(n)) for n, uid in enumerate((first, second, first, third))]
    answers = list(one.answer(found))
    assert states(answers) == [("delete", "done"), ("delete", "done"), ("delete", "held back")]
    assert [answer.case.count for answer in answers] == [2, 1, 1]
    assert {str(answer.case.subject) for answer in answers} == {"pod eks/shop/web-0"}, "people know it by its name"


def test_an_event_that_says_another_platform_than_the_clusters_is_not_acted_on(acts: Acts) -> None:
    forged = event(platform="ecs", pod=None, fields={"ecs.task.arn": TASK.replace("jobs", "eks")})
    answers = list(acts.responder(playbook(actions=["stopTask", "notify"])).answer([forged]))
    assert states(answers) == [("stopTask", "protected"), ("notify", "done")]
    assert answers[0].outcomes[0].detail == "cluster eks has platform eks, not ecs"


def test_each_action_is_done_in_order_and_the_notice_knows_them_all(acts: Acts) -> None:
    list(acts.responder(playbook(actions=["notify", "delete", "evidence", "finding", "cordon"])).answer([event()]))
    assert acts.names() == ["cordon", "evidence", "delete", "finding", "notify"]
    assert [one.action for one in acts.told[0]] == ["cordon", "evidence", "delete"]
    assert acts.called[0] == ("cordon", "node eks/node-1")


def test_a_dry_run_says_so_and_does_nothing(acts: Acts) -> None:
    answers = list(acts.responder(playbook(actions=["isolate", "finding", "notify"], dry_run=True)).answer([event()]))
    assert states(answers) == [("isolate", "would do"), ("finding", "would do"), ("notify", "done")]
    assert acts.names() == ["notify"]


def test_a_dry_run_before_does_not_keep_the_real_one_from_acting(acts: Acts) -> None:
    dry, real = acts.responder(playbook(dry_run=True)), acts.responder(playbook())
    real.ledger = dry.ledger
    list(dry.answer([event()]))
    list(real.answer([event()]))
    assert acts.names() == ["notify", "isolate", "notify"]


@pytest.mark.parametrize("namespace", ["kube-system", "kube-public", "kube-node-lease", SENSOR_NAMESPACE, "bank-2"])
def test_protected_namespaces_are_told_and_never_touched(acts: Acts, namespace: str) -> None:
    one = acts.responder(playbook(actions=["evidence", "isolate", "cordon", "notify"]), namespaces=["bank-*"])
    answers = list(one.answer([event(fields={"k8s.ns.name": namespace})]))
    assert {state for action, state in states(answers) if action != "notify"} == {"protected"}
    assert acts.names() == ["notify"]


def test_a_protected_workload_is_never_touched(acts: Acts) -> None:
    list(acts.responder(playbook(actions=["delete"]), workloads=["shop/web-*"]).answer([event()]))
    assert acts.called == []


def test_a_cluster_that_the_stack_does_not_have_is_never_touched(acts: Acts) -> None:
    list(acts.responder(playbook(actions=["isolate"])).answer([event(cluster="elsewhere")]))
    assert acts.called == []


def test_beyond_the_rate_limit_nothing_is_done_and_that_is_told_once(acts: Acts) -> None:
    one = acts.responder(playbook(most_targets=2))
    answers = list(one.answer([event(pod=f"web-{n}") for n in range(5)]))
    assert [target for name, target in acts.called if name == "isolate"] == ["pod eks/shop/web-0", "pod eks/shop/web-1"]
    assert states(answers).count(("isolate", "held back")) == 3
    assert acts.names().count("notify") == 3


def test_what_fails_does_not_stop_the_rest_and_is_to_be_tried_again(acts: Acts) -> None:
    acts.broken["isolate"] = RuntimeError("the API is down")
    one = acts.responder(playbook(actions=["isolate", "cordon", "notify"]))
    (answer,) = one.answer([event()])
    assert answer.failed == ("isolate",)
    assert acts.names() == ["isolate", "cordon", "notify"]
    acts.broken.clear()
    (again,) = one.answer([event()])
    assert again.failed == ()
    assert acts.names() == ["isolate", "cordon", "notify", "isolate", "notify"], "the success is reported too"


def test_what_destroys_waits_for_the_evidence(acts: Acts) -> None:
    acts.broken["evidence"] = RuntimeError("S3 is down")
    (answer,) = acts.responder(playbook(actions=["evidence", "isolate", "delete"])).answer([event()])
    assert answer.failed == ("evidence", "delete")
    assert acts.names() == ["isolate", "evidence"]


def test_old_events_and_those_of_the_future_are_left_to_people(acts: Acts) -> None:
    one = acts.responder(playbook(quiet_minutes=60))
    list(one.answer([event(age=3700), event(age=-400)]))
    assert acts.called == []
    list(one.answer([event(age=3700)], any_age=True))
    assert acts.names() == ["isolate", "notify"]


def test_what_no_time_is_left_for_is_to_be_tried_again(acts: Acts) -> None:
    one = acts.responder(playbook())
    one.seconds_left = lambda: 0
    (answer,) = one.answer([event()])
    assert answer.failed == ("isolate", "notify")
    assert acts.called == []


def test_an_action_without_a_target_is_nothing_to_do(acts: Acts) -> None:
    answers = list(acts.responder(playbook(actions=["isolate", "cordon"])).answer([event(pod=None)]))
    assert states(answers) == [("isolate", "nothing to do"), ("cordon", "done")]


def test_a_task_of_another_cluster_is_not_touched(acts: Acts) -> None:
    other = "arn:aws:ecs:eu-west-1:123456789012:task/bank/0123456789abcdef0123456789abcdef"
    found = event(pod=None, cluster="jobs", platform="ecs", fields={"ecs.task.arn": other})
    (answer,) = acts.responder(playbook(actions=["stopTask"])).answer([found])
    assert states([answer]) == [("stopTask", "protected")]
    assert Target.task(found) is not None and acts.called == []
