"""Shows a person what is being done and how long it has taken: one line in a terminal, a line now and then in a log."""

import sys
import time
from collections.abc import Sequence
from typing import Self, TextIO

LOG_INTERVAL = 20.0
"""Seconds between two lines about the same step where the output is not a terminal."""


def say(text: str) -> None:
    """Print a line at once, also into a pipe."""
    print(text, flush=True)


class Step:
    """A context for one step: its title when it starts, its progress, and its duration when it is done."""

    def __init__(self, title: str, stream: TextIO | None = None) -> None:
        self._title = title
        self._stream = stream or sys.stdout
        self._terminal = self._stream.isatty()
        self._started = self._shown = time.monotonic()

    def __enter__(self) -> Self:
        self._write(f"{self._title} …", keep=not self._terminal)
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._write(f"{self._title}: {'failed' if kind else 'done'} after {self.elapsed()}")

    def elapsed(self) -> str:
        """Time since the step's start, such as `42 s` or `3 min 05 s`."""
        return duration(time.monotonic() - self._started)

    def progress(self, detail: str) -> None:
        """Say how far the step is; in a log only every `LOG_INTERVAL` seconds."""
        now = time.monotonic()
        if not self._terminal and now - self._shown < LOG_INTERVAL:
            return
        self._shown = now
        self._write(f"{self._title} … {detail}, {self.elapsed()}", keep=not self._terminal)

    def _write(self, text: str, *, keep: bool = True) -> None:
        start = "\r\x1b[K" if self._terminal else ""
        self._stream.write(start + text + ("\n" if keep else ""))
        self._stream.flush()


def duration(seconds: float) -> str:
    """Seconds as a person says them."""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02} s" if minutes else f"{seconds:.1f} s" if seconds < 10 else f"{rest} s"


def table(title: str, rows: Sequence[Sequence[str]]) -> str:
    """Return a titled table with columns as wide as their widest cell; the last column runs on."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows)
    return "\n".join([title, *(f"  {line}" for line in lines)])
