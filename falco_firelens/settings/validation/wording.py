"""How a value, and what should stand in its place, read in a message."""

import difflib
import re
from collections.abc import Collection, Mapping, Sequence
from typing import cast

from pydantic import SecretStr

from falco_firelens.settings.validation.raw import NOTHING, Encrypted

LONGEST_SHOWN = 80
"""Characters of a text that a message may repeat; longer ones are more likely a pasted file, perhaps a secret."""

SECRET_TEXT = "a text (not shown, it may be a secret)"

_URL = re.compile(r"[a-z][a-z0-9+.:-]*://(?P<user>[^/\s@]*@)?(?P<host>[^/\s?#]*)(?P<rest>\S*)", re.IGNORECASE)
_ASSIGNED = re.compile(r"(?!arn:).*(pass|pwd|secret|token|credential|api_?key|auth)[a-z]*\W{0,3}[=:]", re.IGNORECASE)
_PREFIXED = re.compile(
    r"(AKIA|ASIA|gh[opsur]_|github_pat_|glpat-|glrt-|xox[a-z]-|eyJ|sk-|SG\.|AIza|AGE-SECRET|pul-|hvs\.|npm_|-----BEGIN)"
)
"""How tokens of common services begin: https://docs.github.com/en/code-security/secret-scanning and their own pages."""
_RANDOM = re.compile(r"[0-9a-fA-F]{20,}|[A-Za-z0-9+/=]{32,}")
_CLASSES = re.compile(r"[a-z]+|[A-Z]+|[0-9]+")
_MOST_CHANGES = 4
"""Of small letters, capitals and digits in one word: a version or a type has fewer, a random word of twelve more."""


def describe(value: object, *, secret: bool = False) -> str:
    """Say on one line what a value is, without repeating secrets or whole files."""
    if isinstance(value, Encrypted):
        return "an encrypted value"
    if isinstance(value, str | SecretStr):
        return SECRET_TEXT if secret or isinstance(value, SecretStr) else describe_text(value)
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return "a number" if secret or not -1e15 < value < 1e15 else f"the number {value}"
    if isinstance(value, Mapping):
        return "a mapping"
    if value is NOTHING or value is None:
        return "nothing"
    if isinstance(value, Collection) and not isinstance(value, bytes):
        return f"a list of {len(cast('Collection[object]', value))}"
    return f"a {type(value).__name__}"


def may_be_secret(text: str) -> bool:
    """Whether a text looks like a credential wherever it stands: a URL with more than its host, a token, random."""
    url = _URL.search(text)
    if url and (url["user"] or url["rest"].strip("/")):
        return True
    if _ASSIGNED.match(text) or _PREFIXED.search(text):
        return True
    return any(map(_is_random, _RANDOM.findall(text))) or any(map(_is_mixed, re.split(r"[^A-Za-z0-9]+", text)))


def _is_random(run: str) -> bool:
    return len({kind.isdigit() for kind in _CLASSES.findall(run)}) == 2


def _is_mixed(word: str) -> bool:
    """Return whether a text mixes digits and letters as a secret does; an id of EC2, of 17 hexadecimal digits, does
    not.
    """
    changes = len(_CLASSES.findall(word)) - 1
    is_id = re.fullmatch("[0-9a-f]{8}|[0-9a-f]{17}", word)
    return len(word) >= 12 and changes >= _MOST_CHANGES and any(map(str.isdigit, word)) and not is_id


def describe_text(text: str) -> str:
    """Return a text in quotes, or its length if it is long or has several lines; what may be a secret is not shown."""
    if may_be_secret(text):
        return SECRET_TEXT
    shown = len(text) <= LONGEST_SHOWN and text.isprintable()
    return f'"{text}"' if shown else f"a text of {len(text)} characters"


def describe_key(key: str, known: Collection[str] = ()) -> str:
    """Return a key for a path: as it is, unless it may be a secret that stands where a key belongs.

    With `known`, the keys that could stand there, only a word or one that is like a known one is shown.
    """
    word = re.fullmatch(r"[A-Za-z_ -]{1,24}|[0-9]{1,6}", key)
    like_one = not known or word or nearest(key, [*known])
    if like_one and key.isprintable() and len(key) <= LONGEST_SHOWN and not may_be_secret(key):
        return key
    return f"(a key of {len(key)} characters)"


def one_of(given: str, allowed: Sequence[str]) -> str:
    """List what is allowed, and say which of it was probably meant."""
    text = f"one of {', '.join(allowed)}" if len(allowed) > 1 else "".join(allowed)
    near = nearest(given, allowed)
    return f"{text}; did you mean {near}?" if near else text


def nearest(given: str, allowed: Sequence[str]) -> str | None:
    """Return the allowed word that is most like the given one, if any is; case and underscores count for nothing."""
    by_lower = {word.lower(): word for word in allowed}
    close = difflib.get_close_matches(given[:LONGEST_SHOWN].lower().replace("_", ""), list(by_lower), n=1)
    return by_lower[close[0]] if close else None
