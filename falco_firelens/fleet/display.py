"""Shows a person what happens: a live table in a terminal, a line an event elsewhere; and the summary at the end."""

import shlex
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any, ClassVar, TextIO

from rich.console import Console
from rich.highlighter import RegexHighlighter
from rich.live import Live
from rich.table import Table
from rich.text import Text
from rich.theme import Theme

from falco_firelens.fleet.comment.values import diff
from falco_firelens.fleet.events import Diagnostic, Ended, Event, Started, Step, Violation
from falco_firelens.fleet.results import Result, Status
from falco_firelens.fleet.stacks import Stack
from falco_firelens.fleet.task import PLANNING, Operation

COMMAND = "falco-firelens fleet"

_STYLES = {Status.SUCCEEDED: "green", Status.FAILED: "red", Status.CANCELLED: "yellow", Status.SKIPPED: "yellow"}
_ORDER = ("create", "update", "replace", "delete")


class Plain:
    """A line for each thing worth one, with the time, for logs."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def __call__(self, event: Event) -> None:
        """Show one event; what an operation only would do is in its result, and too long for a log."""
        if isinstance(event, Step) and event.operation in PLANNING:
            return
        for line in _words(event).splitlines():
            clock = time.strftime("%H:%M:%S", time.localtime(event.at))
            self._stream.write(f"{clock} {event.stack} {event.operation}: {line}\n")
        self._stream.flush()


class Rows:
    """A row for each stack in a terminal: what it is at, what it has come to."""

    def __init__(self, console: Console) -> None:
        self._rows: dict[str, tuple[Text, Text, Text]] = {}
        self._started: dict[str, float] = {}
        self._live = Live(console=console, get_renderable=self._table, refresh_per_second=4)

    def __enter__(self) -> "Rows":
        self._live.__enter__()
        return self

    def __exit__(self, *error: Any) -> None:
        self._live.__exit__(*error)

    def __call__(self, event: Event) -> None:
        """Show one event."""
        if isinstance(event, Started):
            self._started[event.stack] = event.at
            self._set(event, Text(event.operation, style="cyan"), Text("starting"))
        elif isinstance(event, Step):
            self._set(event, Text(event.operation, style="cyan"), Text(_words(event)))
        elif isinstance(event, Ended):
            self._set(event, Text(str(event.result.status), style=_STYLES[event.result.status]), Text(_words(event)))
        elif isinstance(event, Diagnostic) and event.severity == "error":
            self._live.console.print(Text(f"{event.stack}: {event.message}", style="red"))

    def _set(self, event: Event, state: Text, detail: Text) -> None:
        seconds = event.at - self._started.get(event.stack, event.at)
        self._rows[event.stack] = (state, Text(f"{seconds:.0f} s", justify="right"), detail)

    def _table(self) -> Table:
        table = Table(box=None, pad_edge=False, show_header=False)
        for stack, cells in self._rows.items():
            table.add_row(Text(stack, style="bold"), *cells)
        return table


def progress(*, as_json: bool) -> AbstractContextManager[Any]:
    """How progress is shown: on standard error, so that standard output has the answer alone."""
    if sys.stderr.isatty() and not as_json:
        return Rows(Console(stderr=True))
    return nullcontext(Plain(sys.stderr))


class _Statuses(RegexHighlighter):
    """Colors the words of a summary that say how an operation ended."""

    base_style = "fleet."
    highlights: ClassVar = [rf"(?P<{status}>\b{status}\b)" for status in Status]


def show(text: str, stream: TextIO) -> None:
    """Print a summary: in colors in a terminal, unless NO_COLOR is set, and as it is elsewhere."""
    if not stream.isatty():
        print(text, file=stream)
        return
    theme = Theme({f"fleet.{status}": style for status, style in _STYLES.items()})
    Console(file=stream, theme=theme, soft_wrap=True).print(_Statuses()(Text(text)))


def summary(results: Sequence[Result], command: str) -> str:
    """Return the results of all stacks, what failed and why, and how to go on; `command` is what was run."""
    lines = [_summary_line(results)]
    for result in results:
        advised = [str(finding) for finding in result.findings if not finding.mandatory]
        if result.operation == Operation.DRIFT and result.changes:
            lines += drift(result)
        if result.ok:
            lines += [f"  {result.stack}: {note}" for note in [*result.notes, *advised]]
            continue
        lines.append(f"\n{result.stack}: {result.status}")
        if result.error:
            lines += [f"  {line}" for line in str(result.error).splitlines()]
            lines += [f"  -> {result.error.advice}"] if result.error.advice else []
        lines += [f"  {line}" for line in advised]
    again = [result.stack for result in results if not result.ok]
    if again:
        lines.append(f"\nTo go on with these alone: {COMMAND} {command} {' '.join(again)}")
    return "\n".join(lines)


def _summary_line(results: Sequence[Result]) -> str:
    by_status = {status: sum(result.status is status for result in results) for status in Status}
    said = ", ".join(f"{number} {status}" for status, number in by_status.items() if number)
    return f"{count_of(len(results), 'stack')}: {said or 'nothing to do'}"


def count_of(number: int, thing: str) -> str:
    """Write a number of things, such as `1 stack` and `2 stacks`."""
    return f"{number} {thing}{'' if number == 1 else 's'}"


def counts(found: Mapping[str, int]) -> str:
    """Such as `12 create, 1 replace`."""
    words = [*(op for op in _ORDER if op in found), *sorted(op for op in found if op not in _ORDER)]
    return ", ".join(f"{found[op]} {op}" for op in words) or "no change"


def stack_table(stacks: Sequence[Stack]) -> str:
    """Lay out what `list` shows: whole lines, however wide the terminal is, so that they can be piped."""
    rows = [("stack", "account", "region", "hub", "labels"), *map(_cells, stacks)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join("  ".join(map(str.ljust, row, widths)).rstrip() for row in rows)


def _cells(stack: Stack) -> tuple[str, ...]:
    hub = "is a hub" if stack.is_hub else stack.hub or ""
    labels = " ".join(f"{key}={shlex.quote(value)}" for key, value in stack.labels.items())
    return stack.name, stack.account, stack.region, hub, labels


def drift(result: Result) -> list[str]:
    """Describe each resource that has drifted: what the state has (`-`) and what the cloud has (`+`)."""
    lines = [f"\n{result.stack}: {count_of(len(result.changes), 'resource')} drifted"]
    for change in result.changes:
        found = "gone from the cloud" if change.op == "delete" else "- in the state, + in the cloud"
        lines.append(f"  {change.kind} {change.name}{f' ({change.id})' if change.id else ''}: {found}")
        lines += [f"    {line}" for line in diff(change)]
    return [*lines, f"  -> to set it back: {COMMAND} up --refresh {result.stack}"]


def _words(event: Event) -> str:
    if isinstance(event, Started):
        return "started"
    if isinstance(event, Step):
        failed = " FAILED" if event.phase == "failed" else ""
        return "" if event.phase == "done" else f"{event.op} {event.type.rsplit(':', 1)[-1]} {event.name}{failed}"
    if isinstance(event, Violation):
        return f"policy {event.policy} ({'mandatory' if event.mandatory else 'advisory'}): {event.message}"
    if isinstance(event, Diagnostic):
        return f"{event.severity}: {event.message}" if event.severity in ("error", "warning") else ""
    if isinstance(event, Ended):
        result = event.result
        return f"{result.status} after {result.seconds:.0f} s: {counts(result.counts)}" if result.ok else result.status
    return ""
