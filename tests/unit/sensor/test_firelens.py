"""What Fluent Bit is told in an ECS task; what it shares with Kubernetes is in test_fluent_bit."""

from fnmatch import fnmatch

from testbed import ecs_agent
from tests.unit.sensor.test_fluent_bit import rendered


def test_only_what_firelens_leaves_out_is_there() -> None:
    """The input is FireLens's own: a second one on its socket would take it away."""
    kinds = [kind for kind, _ in rendered("ecs")]
    assert kinds == ["SERVICE", "FILTER", "OUTPUT"]


def test_falcos_tag_of_any_task_matches() -> None:
    """Chunks that an earlier task left on the node are shipped by the next."""
    matches = {options["Match"] for kind, options in rendered("ecs") if kind != "SERVICE"}
    assert len(matches) == 1
    assert fnmatch(ecs_agent.tag("falco"), matches.pop())


def test_the_health_check_messages_of_firelens_do_not() -> None:
    """The agent tags them `firelens-healthcheck`."""
    matches = {options["Match"] for kind, options in rendered("ecs") if kind != "SERVICE"}
    assert not any(fnmatch("firelens-healthcheck", match) for match in matches)
