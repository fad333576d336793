"""Refuse words in docs, messages, docstrings and comments for which English has plainer ones: tools/prose.yaml.

codespell looks at single words only, and Vale's wheel downloads the program when it first runs; so this is a search
by regular expressions, in the texts that people read and not in names and keys.
"""

import ast
import io
import re
import subprocess
import sys
import tokenize
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[1]
LIST = Path(__file__).with_suffix(".yaml")

READ = ("*.md", "*.py", "*.lua", "*.yaml", "*.yml", "Makefile", ".ci/run", "*.toml", "requirements*.txt")
UNREAD = (":!tests", ":!standin/tests", ":!tools/prose.yaml", ":!docs/pull-request-comment.md")
"""Tests are read by who changes the code, and quote what programs say. The comment is generated."""


@dataclass(frozen=True)
class Entry:
    """Words to refuse, what to write instead, and correct texts that have them, each with its reason."""

    words: re.Pattern[str]
    write: str
    exceptions: Sequence[str] = field(default_factory=tuple)


@dataclass(frozen=True)
class Found:
    """Refused words in a line of a file."""

    path: str
    line: int
    words: str
    write: str

    def __str__(self) -> str:
        """Return one line that names the place, the words and what to write instead."""
        return f"{self.path}:{self.line}: found {' '.join(self.words.split())!r}, write: {self.write}"


def entries(text: str) -> list[Entry]:
    """Return the entries of a word list."""
    return [
        Entry(re.compile(one["words"].replace(" ", r"\s+"), re.IGNORECASE), one["write"], tuple(one.get("except", {})))
        for one in yaml.safe_load(text)
    ]


def check(path: str, source: str, refused: Sequence[Entry]) -> Iterator[Found]:
    """Yield the refused words of a file."""
    for line, text in _texts(path, source):
        for entry in refused:
            for match in entry.words.finditer(text):
                around = " ".join(text[max(0, match.start() - 80) : match.end() + 80].split())
                if not any(exception in around for exception in entry.exceptions):
                    yield Found(path, line + text.count("\n", 0, match.start()), match[0], entry.write)


def _texts(path: str, source: str) -> Iterator[tuple[int, str]]:
    """Yield each text that people read with the line where it begins: of Python, strings and comments."""
    if not path.endswith(".py"):
        yield 1, source
        return
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and " " in node.value:
            yield node.lineno, node.value
    comment, start, last = "", 0, -1
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type != tokenize.COMMENT:
            continue
        if token.start[0] != last + 1:
            if comment:
                yield start, comment
            comment, start = "", token.start[0]
        comment, last = f"{comment}{token.string.lstrip('#')}\n", token.start[0]
    if comment:
        yield start, comment


def main() -> int:
    """Check every file of the repository, print what was found, and return the exit code."""
    refused = entries(LIST.read_text())
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "--", *READ, *UNREAD]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()
    files = [path for path in sorted(set(listed)) if (ROOT / path).is_file()]
    found = [one for path in files for one in check(path, (ROOT / path).read_text(), refused)]
    for one in sorted(found, key=lambda one: (one.path, one.line)):
        print(one, file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
