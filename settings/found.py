"""How a value, and what should stand in its place, read in a message."""

import difflib
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from pydantic import SecretStr

LONGEST_SHOWN = 80
"""Characters of a text that a message may repeat; longer ones are more likely a pasted file, perhaps a secret."""


class Nothing:
    """Stands for a key written with no value, which YAML reads as null."""

    def __repr__(self) -> str:
        return "nothing"


NOTHING = Nothing()


def describe(value: object, *, secret: bool = False) -> str:
    """Say what a value is, without repeating secrets or whole files."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str | SecretStr):
        return _describe_text(value, secret)
    if isinstance(value, Mapping):
        return "a mapping"
    if isinstance(value, Collection):
        return f"a list of {len(value)}"
    if value is NOTHING or value is None:
        return "nothing"
    return f"the number {value}" if isinstance(value, int | float) and not secret else f"a {type(value).__name__}"


def _describe_text(value: str | SecretStr, secret: bool) -> str:
    if secret or isinstance(value, SecretStr):
        return "a text (not shown, it may be a secret)"
    if "\n" in value or len(value) > LONGEST_SHOWN:
        return f"a text of {len(value)} characters"
    return f'"{value}"'


def one_of(given: str, allowed: Sequence[str]) -> str:
    """List what is allowed, with the nearest to what was given first in mind."""
    text = "one of " + ", ".join(allowed) if len(allowed) > 1 else "".join(allowed) or "no key here"
    near = nearest(given, allowed)
    return f"{text}; did you mean {near}?" if near else text


def nearest(given: str, allowed: Sequence[str]) -> str | None:
    """The allowed word that was probably meant."""
    by_lower = {word.lower(): word for word in allowed}
    close = difflib.get_close_matches(given.lower().replace("_", ""), list(by_lower), n=1, cutoff=0.6)
    return by_lower[close[0]] if close else None


def _literal(context: Mapping[str, Any], value: object) -> str:
    allowed = [word.strip().strip("'") for word in str(context["expected"]).replace(" or ", ", ").split(",")]
    return one_of(value if isinstance(value, str) else "", allowed)


def _number(context: Mapping[str, Any], value: object) -> str:
    return "a whole number without quotes" if isinstance(value, str) else "a whole number"


def _text(context: Mapping[str, Any], value: object) -> str:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return f'a text: put it in quotes, "{value}"'
    return "a text"


def _items(context: Mapping[str, Any], value: object) -> str:
    return f"at least {context['min_length']} of them"


_EXPECTED: Mapping[str, Callable[[Mapping[str, Any], object], str]] = {
    "bool_type": lambda context, value: "true or false, without quotes",
    "dict_type": lambda context, value: "a mapping of texts",
    "greater_than_equal": lambda context, value: f"at least {context['ge']}",
    "int_type": _number,
    "less_than_equal": lambda context, value: f"at most {context['le']}",
    "literal_error": _literal,
    "model_type": lambda context, value: "a mapping of keys",
    "model_attributes_type": lambda context, value: "a mapping of keys",
    "string_too_long": lambda context, value: f"at most {context['max_length']} characters",
    "string_too_short": lambda context, value: f"at least {context['min_length']} characters",
    "string_type": _text,
    "too_long": lambda context, value: f"at most {context['max_length']} of them",
    "too_short": _items,
    "tuple_type": lambda context, value: "a list",
    "union_tag_invalid": lambda context, value: one_of(
        str(context["tag"]), [tag.strip().strip("'") for tag in str(context["expected_tags"]).split(",")]
    ),
}


def expectation(kind: str, context: Mapping[str, Any], value: object) -> str | None:
    """What pydantic wanted when it raised an error of this kind, in a stack file's terms; None if we have no words."""
    words = _EXPECTED.get(kind)
    return words(context, value) if words else None
