"""The patterns of playbooks and of what is protected: `*` stands for any characters, and `?` for one.

Nothing else does. To `fnmatch`, `[PCI] Shell in a container`, a rule's name, is a set of characters, which does not
match itself.
"""

import functools
import re
from collections.abc import Sequence

_ANY = {"*": ".*", "?": "."}


def matches(pattern: str, text: str) -> bool:
    """Whether a pattern is for a whole text; letters' case counts."""
    return _compiled(pattern).fullmatch(text) is not None


def matches_any(patterns: Sequence[str], text: str) -> bool:
    """Whether one of the patterns is for a text; none is for no text at all."""
    return bool(text) and any(matches(pattern, text) for pattern in patterns)


@functools.cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile("".join(_ANY.get(character) or re.escape(character) for character in pattern), re.DOTALL)
