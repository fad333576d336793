"""What goes wrong in the local cloud in a way that a person can fix."""

from pathlib import Path


class LocalCloudError(Exception):
    """The message says what failed and what to do; the command line prints it without a traceback."""


def last_lines(file: Path, count: int = 15) -> str:
    """Return the end of a log, indented for use below a message."""
    text = file.read_text(errors="replace") if file.exists() else ""
    return "\n".join(f"    {line}" for line in text.splitlines()[-count:]) or "    (its log is empty)"
