"""The comment: what matters first, and what matters least is cut where there is too much."""

import html
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from falco_firelens.fleet.comment.markdown import code, fence, folded, table, visible
from falco_firelens.fleet.comment.permissions import Line, PermissionChange, permission_changes
from falco_firelens.fleet.comment.values import diff
from falco_firelens.fleet.results import Change, Result, Status, count
from falco_firelens.policy.finding import PolicyFinding, type_of
from falco_firelens.policy.kinds import HOLDS_EVENTS, NOUNS

LIMIT = 65_536
"""Characters of a comment: https://github.com/orgs/community/discussions/41331"""

MOST_BYTES = 131_000
"""Bytes of a comment. One word of a command or of an environment has 131,072 with its name on Linux, and a comment that
is handed on should fit into one: https://man7.org/linux/man-pages/man2/execve.2.html (MAX_ARG_STRLEN)"""

MARKER = "<!-- falco-firelens preview -->"
"""By which the comment is found again, to be edited in place."""

MOST_ROWS = 150
"""Stacks in the summary. Those that fail, lose something or change most come first."""

NOTHING: Mapping[str, str] = {}

_WEIGHT = {"delete": 0, "replace": 1, "update": 2, "create": 4}
"""Which resources are shown first where not all can be; other words of the engine's are in between."""

_SIGNS = {"create": "+", "delete": "-"}
_OPS = ("create", "update", "replace", "delete")


@dataclass(frozen=True)
class _Part:
    """What the comment says about the permissions of one resource."""

    title: str
    lines: tuple[str, ...]


@dataclass(frozen=True)
class _Block:
    """What is said of one resource, with its place in the comment and its weight."""

    stack: int
    weight: tuple[int, ...]
    text: str


def comment(
    results: Sequence[Result],
    *,
    unchanged_elsewhere: int = 0,
    removed: Sequence[str] = (),
    waiting: Mapping[str, str] = NOTHING,
    limit: int = LIMIT,
    more: str = "",
) -> str:
    """Markdown of previews, at most `limit` characters and twice as many bytes.

    `unchanged_elsewhere` is how many stacks were not previewed because nothing in them changed. `more` is a link to
    where the whole is, as a URL of the caller's own. `removed` are stacks whose files the pull request
    takes away, `waiting` those that nothing may preview until somebody approves it, and why.

    The same previews make the same text, in whatever order the engine came to their resources.
    """
    ordered = sorted(map(_in_order, results), key=_importance)
    permissions = _permissions(ordered)

    def text_of(*headline: str) -> tuple[str, int]:
        """Return the text without details, and how many changes of permissions it leaves out."""
        head = [MARKER, _title(ordered), *headline, *_alarms(ordered), *_summary(ordered, unchanged_elsewhere)]
        parts = [*head, *_waiting(waiting), *_removed(removed), *_failures(ordered)]
        return _fit(parts, permissions, limit - _ROOM)

    text, cut = text_of()
    if cut:  # The headline takes room as well, and its number is known only when all else has its place.
        longest = max((_cut(number, more) for number in (1, sum(len(one.lines) for one in permissions))), key=_size)
        text, cut = text_of(longest)
        text = text.replace(longest, _cut(cut, more), 1)
    blocks = sorted(_blocks(ordered), key=lambda block: block.weight)
    return _with_details(text, ordered, blocks, limit, more)


def _cut(permissions: int, more: str) -> str:
    what = "one change" if permissions == 1 else f"{permissions} changes"
    line = f"> - **{what} of permissions left out for want of room**{f': {more}' if more else ''}"
    return "\n".join(_alert("CAUTION", [line], 0))


_ROOM = 600
"""Kept free for the last line and for the frame of the last stack."""


def _size(text: str) -> int:
    """Characters, or what its bytes are worth of them where that is more."""
    return max(len(text), math.ceil(len(text.encode()) * LIMIT / MOST_BYTES))


def _in_order(result: Result) -> Result:
    """Sort changes: what holds events first, then by URN, which begins with the types and so keeps a component
    together.
    """
    changes = sorted(result.changes, key=lambda one: _place(one.urn))
    findings = sorted(result.findings, key=lambda one: (_place(one.urn), one.policy, one.message))
    return replace(result, changes=changes, findings=findings)


def _place(urn: str) -> tuple[int, str]:
    kind = type_of(urn)
    return HOLDS_EVENTS.index(kind) if kind in HOLDS_EVENTS else len(HOLDS_EVENTS), urn


def _importance(result: Result) -> tuple[object, ...]:
    lost = sum(1 for change in result.changes if _is_loss(change))
    return (not _mandatory(result), not lost, result.ok, -len(result.changes), result.stack)


def _is_loss(change: Change) -> bool:
    return change.op in ("delete", "replace") and change.type in HOLDS_EVENTS


def _mandatory(result: Result) -> list[PolicyFinding]:
    return [finding for finding in result.findings if finding.mandatory]


def _title(results: Sequence[Result]) -> str:
    changed = [result for result in results if result.changes]
    total = count([change for result in results for change in result.changes])
    said = ", ".join(f"{total[op]} to {op}" for op in _OPS if total.get(op))
    return f"## Preview: {len(changed)} of {len(results)} stacks would change" + (f" ({said})" if said else "")


def _alarms(results: Sequence[Result]) -> Iterator[str]:
    """Yield what a reviewer must not overlook, before everything else."""
    forbidden = [(result, finding) for result in results for finding in _mandatory(result)]
    lost = [(result, change) for result in results for change in result.changes if _is_loss(change)]
    lines = [
        f"> - **forbidden by policy** {code(finding.policy)}: {code(finding.resource)} of {code(result.stack)}: "
        f"{code(finding.message)}"
        for result, finding in forbidden[:_MOST_ALARMS]
    ]
    lines += [
        f"> - **{NOUNS[one.type]} {_PAST[one.op]}**: {code(one.name)} of {code(result.stack)}{_why(one)}"
        for result, one in lost[:_MOST_ALARMS]
    ]
    left = max(0, len(forbidden) - _MOST_ALARMS) + max(0, len(lost) - _MOST_ALARMS)
    yield from _alert("CAUTION", lines, left)
    advised = [(result, finding) for result in results for finding in result.findings if not finding.mandatory]
    lines = [
        f"> - policy {code(finding.policy)} warns: {code(finding.resource)} of {code(result.stack)}: "
        f"{code(finding.message)}"
        for result, finding in advised[:_MOST_ALARMS]
    ]
    yield from _alert("WARNING", lines, max(0, len(advised) - _MOST_ALARMS))


def _alert(kind: str, lines: Sequence[str], left: int) -> Iterator[str]:
    """GitHub's own box: https://docs.github.com/en/get-started/writing-on-github/ (alerts)."""
    if lines:
        yield "\n".join([f"> [!{kind}]", *lines, *([f"> - and {left} more"] if left else [])])


_PAST = {"delete": "deleted", "replace": "replaced"}
_MOST_ALARMS = 20


def _why(change: Change) -> str:
    keys = [path for path, kind in change.properties.items() if kind.endswith("replace")]
    return f", because of {', '.join(map(code, keys[:5]))}" if keys and change.op == "replace" else ""


def _summary(results: Sequence[Result], unchanged_elsewhere: int) -> Iterator[str]:
    shown = [result for result in results if result.changes or not result.ok or result.findings]
    rows = [
        [code(result.stack), *(str(result.counts.get(op, "")) for op in _OPS), _state(result)]
        for result in shown[:MOST_ROWS]
    ]
    if rows:
        yield table(["stack", *_OPS, ""], rows)
    if len(shown) > MOST_ROWS:
        yield f"{len(shown) - MOST_ROWS} more stacks would change."
    same = len(results) - len(shown)
    if same:
        yield f"{same} previewed {'stack' if same == 1 else 'stacks'} would not change."
    if unchanged_elsewhere:
        yield f"{unchanged_elsewhere} stacks were not previewed: nothing that they are made of changed."


def _waiting(stacks: Mapping[str, str]) -> Iterator[str]:
    """Stacks that are touched and not previewed, with the same reason on one line."""
    by_reason: dict[str, list[str]] = {}
    for stack, reason in stacks.items():
        by_reason.setdefault(reason, []).append(stack)
    lines = [f"> - {', '.join(map(code, names))}: {code(reason)}" for reason, names in by_reason.items()]
    if lines:
        yield "\n".join(["> [!IMPORTANT]", "> Not previewed until somebody approves it:", *lines])


def _removed(stacks: Sequence[str]) -> Iterator[str]:
    if stacks:
        names = ", ".join(map(code, stacks[:20]))
        yield (
            f"No stack file any more: {names}. What they deployed stays; `falco-firelens fleet destroy` needs the file."
        )


def _state(result: Result) -> str:
    if _mandatory(result):
        return "**forbidden by policy**"
    if result.status is not Status.SUCCEEDED:
        return f"**{result.status}**"
    advisory = len(result.findings)
    words = ["new"] if result.new else []
    return ", ".join([*words, *([f"{advisory} policy warnings"] if advisory else [])])


def _failures(results: Sequence[Result]) -> Iterator[str]:
    failed = [result for result in results if result.error and not _mandatory(result)]
    if failed:
        yield "### Failed"
    for result in failed:
        yield f"{code(result.stack)} {result.status}:\n\n{fence(str(result.error).splitlines()[:_MOST_ERROR_LINES])}"


_MOST_ERROR_LINES = 20


def _permissions(results: Sequence[Result]) -> list[_Part]:
    """Return what becomes allowed or denied, the most important first, and a change of several stacks once."""
    said: dict[_Part, list[str]] = {}
    found = [(one, result.stack) for result in results for one in permission_changes(result.changes)]
    for one, stack in sorted(found, key=lambda pair: pair[0].weight):
        said.setdefault(_permission(one), []).append(stack)
    return [replace(part, title=f"{_stacks(stacks, results)}, {part.title}") for part, stacks in said.items()]


def _stacks(names: Sequence[str], results: Sequence[Result]) -> str:
    """Which stacks: all by name, so that nobody overlooks one."""
    if len(names) > 3 and len(set(names)) == len(results):
        return f"all {len(results)} stacks"
    return ", ".join(map(code, sorted(set(names))))


def _permission(one: PermissionChange) -> _Part:
    unknown = ["- the document is known after deployment only, or cannot be read"] if one.unknown else []
    return _Part(f"{one.resource.kind} {code(one.resource.name)}:", (*unknown, *map(_line, one.lines)))


def _line(line: Line) -> str:
    """All of it, whatever its length: what is cut here might be what matters."""
    where = [f"{word} {_whole(value)}" for word, value in line.scope.where]
    said = f"- **{line.words}**: {' '.join([', '.join(map(_whole, line.actions)), *where])}"
    single = [(test, values) for test, values in line.scope.conditions if len(values) < 2]
    several = [(test, values) for test, values in line.scope.conditions if len(values) > 1]
    words = [_whole(" ".join((test, *values))) for test, values in single]
    said += f" if {' and '.join(words)}" if words else ""
    return "\n".join([said, *(_condition(test, values, line) for test, values in several)])


def _condition(test: str, values: Sequence[str], line: Line) -> str:
    """Return a condition with several values: each that only this side of the change has is on a line of its own."""
    own = [value for value in values if (test, value) not in line.known]
    both = [value for value in values if (test, value) in line.known]
    lines = [f"  - if {_whole(test)} is any of these:", *(f"    - **{_whole(value)}**" for value in own)]
    return "\n".join(
        [*lines, *([f"    - and on both sides of the change {', '.join(map(_whole, both))}"] if both else [])]
    )


def _whole(text: object) -> str:
    return code(text, len(str(text)) * _LONGEST_ESCAPE)


_LONGEST_ESCAPE = 10
"""Characters of `\\u{10ffff}`."""


def _blocks(results: Sequence[Result]) -> Iterator[_Block]:
    for place, result in enumerate(results):
        for number, change in enumerate(result.changes):
            weight = (not _is_loss(change), _WEIGHT.get(change.op, 3), place, number)
            title = f"{_SIGNS.get(change.op, '!')} {change.op} {change.kind} {change.name}"
            yield _Block(place, weight, fence([title, *diff(change)], "diff"))


def _with_details(text: str, results: Sequence[Result], blocks: Sequence[_Block], limit: int, more: str) -> str:
    """Add what is said of resources, the most important first, as long as there is room; then put it in order."""
    room = limit - _size(text) - _ROOM
    chosen: list[_Block] = []
    framed: set[int] = set()
    for block in blocks:
        frame = 0 if block.stack in framed else _size(_section(results[block.stack], [""])) + 2
        if _size(block.text) + 2 + frame <= room:
            room -= _size(block.text) + 2 + frame
            chosen.append(block)
            framed.add(block.stack)
    chosen.sort(key=lambda block: (block.stack, block.weight))
    sections = [
        _section(results[place], [block.text for block in group])
        for place, group in groupby(chosen, key=lambda block: block.stack)
    ]
    left = len(blocks) - len(chosen)
    last = [f"{left} resources are left out here for want of room{f': {more}' if more else '.'}"] if left else []
    return "\n\n".join([text, *sections, *last]) + "\n"


def _section(result: Result, blocks: Sequence[str]) -> str:
    title = f"<b>{html.escape(visible(result.stack[:60]))}</b>, {len(result.changes)} resources"
    return folded(title, "\n\n".join(blocks))


def _fit(parts: Sequence[str], permissions: Sequence[_Part], room: int) -> tuple[str, int]:
    """As many parts as there is room for, each whole; then permissions, line by line. Also how many lines are cut."""
    kept: list[str] = []
    left = 0
    room -= _size(_HEADING) + 2
    for part in parts:
        if _size(part) + 2 <= room:
            kept.append(part)
            room -= _size(part) + 2
        else:
            left += 1
    cut = 0
    said: list[str] = []
    for part in permissions:
        lines: list[str] = []
        room -= _size(part.title) + 2
        for line in part.lines:
            if _size(line) + 1 <= room:
                lines.append(line)
                room -= _size(line) + 1
        cut += len(part.lines) - len(lines)
        if lines:
            said.append("\n".join([part.title, *lines]))
        else:
            room += _size(part.title) + 2
    last = [f"{left} more parts are left out here for want of room."] if left else []
    return "\n\n".join([*kept, *([_HEADING, *said] if said else []), *last]), cut


_HEADING = "### Permissions"
