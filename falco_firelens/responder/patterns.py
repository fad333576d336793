"""Matches the patterns of playbooks and of `protect`: `*` stands for any characters, and `?` for one.

No other character is special. `fnmatch` would take `[PCI] Shell in a container`, a rule's name, for a set of
characters, which does not match itself.
"""

import functools
import re
from collections.abc import Sequence

_ANY = {"*": ".*", "?": "."}


def matches(pattern: str, text: str) -> bool:
    """Return whether a pattern matches a whole text; case counts."""
    return _compiled(pattern).fullmatch(text) is not None


def matches_any(patterns: Sequence[str], text: str) -> bool:
    """Return whether one of the patterns matches a text; none matches an empty one."""
    return bool(text) and any(matches(pattern, text) for pattern in patterns)


@functools.cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile("".join(_ANY.get(character) or re.escape(character) for character in pattern), re.DOTALL)
