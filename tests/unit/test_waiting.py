"""No test meets a moment by chance: it makes the moment, or waits for it with `tests.waiting`."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parents[1]
HELPER = TESTS / "waiting.py"

CLOCK = {"sleep", "monotonic", "perf_counter", "process_time"}
CHANCE = {"Random", "choice", "choices", "randint", "random", "sample", "shuffle", "uniform"}
BOUNDED = {"wait", "join", "communicate", "run", "result", "urlopen", "get", "wait_procs", "check_output"}
"""Calls that end by themselves after so long."""

NEVER_FAILS = "what should not come has time to come; on a busy machine the test sees less of it, and passes"
LONGER_THAN_FLUSH = "time.sleep(1.5)  # longer than Flush: what should not come would have come"
ALLOWED = {
    ("pipeline/test_delivery.py", LONGER_THAN_FLUSH): NEVER_FAILS,
    ("pipeline/test_delivery.py", "time.sleep(6)  # longer than Refresh_Interval"): NEVER_FAILS,
    ("pipeline/test_whole_events.py", LONGER_THAN_FLUSH): NEVER_FAILS,
    ("pipeline/test_falco_live.py", LONGER_THAN_FLUSH): NEVER_FAILS,
    ("pipeline/test_budget.py", "time.sleep(4)  # longer than the window and than Flush"): NEVER_FAILS,
    ("local/test_fleet_faults.py", "time.sleep(seconds)"): "a cancellation leaves all in order whenever it comes",
}
"""By file and line: what looks like one, and why it is none."""


def test_what_is_allowed_is_there() -> None:
    for name, line in ALLOWED:
        assert line in (TESTS / name).read_text(), (name, line)


WRONG = {
    "import time\ntime.sleep(1)": "sleep",
    "async def f(): await asyncio.sleep(1)": "sleep",
    "began = time.monotonic()": "monotonic",
    "event.wait(10)": "wait with a deadline",
    "thread.join(5)": "join with a deadline",
    "subprocess.run([], timeout=60)": "run with a deadline",
    "random.choice([1])": "random.choice",
    "random.Random()": "random.Random",
    "function('import time; time.sleep(3)')": "a program of the test sleeps",
}


@pytest.mark.parametrize("code", WRONG)
def test_a_moment_by_chance_is_found(code: str) -> None:
    assert any(WRONG[code] in wrong for _, wrong in by_chance(ast.parse(code)))


@pytest.mark.parametrize("code", ["event.wait(PATIENCE)", "run(timeout=PATIENCE)", "', '.join(x)", "random.Random(50)"])
def test_what_waits_for_what_comes_is_left_alone(code: str) -> None:
    assert not list(by_chance(ast.parse(code)))


def by_chance(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Lines where a test depends on how fast the machine is, and what is wrong there."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and "sleep(" in node.value:
            yield node.lineno, "a program of the test sleeps: let it wait for the test, such as by reading a FIFO"
        if not isinstance(node, ast.Call):
            continue
        name, of = _name(node.func)
        if name in CLOCK:
            yield node.lineno, f"{name}: wait for what is to come with tests.waiting.wait_for"
        if name in CHANCE and of == "random" and not node.args:
            yield node.lineno, f"random.{name}: seed it, as in random.Random(50)"
        if name in CHANCE and of == "random" and name != "Random":
            yield node.lineno, f"random.{name}: use a random.Random with a seed"
        limits = [one.value for one in node.keywords if one.arg == "timeout"]
        limits += node.args[:1] if name in ("wait", "join") else []
        if name in BOUNDED and any(
            isinstance(one, ast.Constant) and isinstance(one.value, int | float) for one in limits
        ):
            yield node.lineno, f"{name} with a deadline that a busy machine may meet: use tests.waiting.PATIENCE"


def _name(function: ast.expr) -> tuple[str, str]:
    """The name of what is called, and of what it belongs to."""
    if isinstance(function, ast.Attribute):
        return function.attr, function.value.id if isinstance(function.value, ast.Name) else ""
    return (function.id, "") if isinstance(function, ast.Name) else ("", "")


FILES = [file for file in sorted(TESTS.rglob("*.py")) if file not in (HELPER, Path(__file__))]


@pytest.mark.parametrize("file", FILES, ids=[str(file.relative_to(TESTS)) for file in FILES])
def test_no_test_meets_a_moment_by_chance(file: Path) -> None:
    text = file.read_text()
    lines, found = text.splitlines(), list[str]()
    for number, wrong in by_chance(ast.parse(text)):
        place = str(file.relative_to(TESTS)), lines[number - 1].strip()
        if place not in ALLOWED:
            found.append(f"{place[0]}:{number}: {wrong}: {place[1]}")
    assert not found, "\n".join(found)
