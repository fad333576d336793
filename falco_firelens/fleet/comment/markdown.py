"""Pieces of GitHub's Markdown into which any text may be put: it stays text.

Values go into code alone, where nothing of them is read as Markdown, HTML, a mention or a link:
https://github.github.com/gfm/#code-spans, https://github.github.com/gfm/#fenced-code-blocks.
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence

LONGEST_SPAN = 300
LONGEST_LINE = 400

_TICKS = re.compile(r"`+")
_INVISIBLE = ("Cc", "Cf", "Zl", "Zp", "Cs", "Co")
"""Unicode categories of what one does not see, such as line ends of all kinds and marks that turn a line around."""


def visible(text: str) -> str:
    """Return the text on one line, with characters that one would not see written as escapes."""
    return "".join(_escaped(character) if _is_invisible(character) else character for character in text)


def code(text: object, longest: int = LONGEST_SPAN) -> str:
    """Return a code span with at most so many characters of the text."""
    shown = _cut(visible(str(text)), longest)
    if not shown.strip():
        return "`(empty)`" if not shown else f'`"{shown}"`'
    ticks = "`" * (_longest_run(shown) + 1)
    pad = " " if shown[0] == "`" or shown[-1] == "`" or (shown[0] == " " and shown[-1] == " ") else ""
    return f"{ticks}{pad}{shown}{pad}{ticks}"


def cell(markdown: str) -> str:
    """Return a cell of a table.

    A pipe would end it, in a code span too, and an escaped one still would behind a backslash.
    """
    return markdown.replace("|", "¦")


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table; cells are Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(map(cell, line))} |" for line in lines)


def fence(lines: Sequence[str], language: str = "") -> str:
    """Return a fenced block; no line of it can end it."""
    shown = [_cut(visible(line), LONGEST_LINE) for line in lines]
    ticks = "`" * max(3, 1 + max(map(_longest_run, shown), default=0))
    return "\n".join([f"{ticks}{language}", *shown, ticks])


def folded(title: str, body: str) -> str:
    """Return a part that opens with a click; `title` is HTML, without anything of a stack's own in it."""
    return f"<details><summary>{title}</summary>\n\n{body}\n\n</details>"


def _is_invisible(character: str) -> bool:
    return unicodedata.category(character) in _INVISIBLE


def _escaped(character: str) -> str:
    named = {"\n": "\\n", "\t": "\\t", "\r": "\\r"}
    return named.get(character, f"\\u{{{ord(character):x}}}")


def _longest_run(text: str) -> int:
    return max((len(run) for run in _TICKS.findall(text)), default=0)


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else f"{text[: longest - 1]}…"
