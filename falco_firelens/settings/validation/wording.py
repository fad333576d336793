"""How a value, and what should stand in its place, read in a message."""

import difflib
from collections.abc import Collection, Mapping, Sequence
from typing import cast

from pydantic import SecretStr

from falco_firelens.settings.validation.raw import NOTHING, Encrypted

LONGEST_SHOWN = 80
"""Characters of a text that a message may repeat; longer ones are more likely a pasted file, perhaps a secret."""

SECRET_TEXT = "a text (not shown, it may be a secret)"


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


def describe_text(text: str) -> str:
    """A text in quotes, or its length where it is long or would break the line."""
    shown = len(text) <= LONGEST_SHOWN and text.isprintable()
    return f'"{text}"' if shown else f"a text of {len(text)} characters"


def one_of(given: str, allowed: Sequence[str]) -> str:
    """List what is allowed, and say which of it was probably meant."""
    text = f"one of {', '.join(allowed)}" if len(allowed) > 1 else "".join(allowed)
    near = nearest(given, allowed)
    return f"{text}; did you mean {near}?" if near else text


def nearest(given: str, allowed: Sequence[str]) -> str | None:
    """The allowed word that is most like the given one, if any is; case and underscores count for nothing."""
    by_lower = {word.lower(): word for word in allowed}
    close = difflib.get_close_matches(given[:LONGEST_SHOWN].lower().replace("_", ""), list(by_lower), n=1)
    return by_lower[close[0]] if close else None
