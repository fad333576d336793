"""Turns what pydantic reports into mistakes: paths in the file's own keys, plain words for found and expected."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from pydantic import SecretStr, ValidationError
from pydantic_core import ErrorDetails

from falco_firelens.contract import PLATFORMS
from falco_firelens.errors import Mistake
from falco_firelens.settings.validation.errors import MISTAKE, Location
from falco_firelens.settings.validation.files import is_path
from falco_firelens.settings.validation.locations import (
    as_written,
    fields_at,
    is_secret,
    may_hold_secret,
    names_file,
    secret_paths,
)
from falco_firelens.settings.validation.raw import items_of, keys_of
from falco_firelens.settings.validation.wording import SECRET_TEXT, describe, describe_key, may_be_secret, one_of

NO_FARGATE = "EC2 instances: Falco watches the kernel of its host, and Fargate gives no access to the host"

MOST_MISTAKES = 200
"""Lines that somebody reads; a file with thousands of mistakes is usually one mistake, or an attack."""

Context = Mapping[str, Any]


def mistakes_of(error: ValidationError) -> tuple[Mistake, ...]:
    """Return the mistakes that a validation of settings found, ordered by path."""
    found = [each for each in error.errors(include_url=False) if not _follows_from_another(each)]
    details = found[:MOST_MISTAKES]
    details.sort(key=lambda each: [f"{part:06}" if isinstance(part, int) else part for part in as_written(each["loc"])])
    mistakes = dict.fromkeys(_mistake_of(each) for each in details)
    if len(found) > MOST_MISTAKES:
        mistakes[Mistake("", f"{len(found) - MOST_MISTAKES} further mistakes", "none; fix these first")] = None
    return tuple(mistakes)


def _follows_from_another(details: ErrorDetails) -> bool:
    """Return whether a mistake follows from another: a default that needs another field, or a list too short as items
    are wrong.
    """
    if details["type"] == "too_short":
        return len(items_of(details["input"])) >= details.get("ctx", {})["min_length"]
    return details["type"] == "default_factory_not_called"


def _mistake_of(details: ErrorDetails) -> Mistake:
    location, kind, value = details["loc"], details["type"], details["input"]
    context: Context = details.get("ctx", {})
    path = path_of(as_written(location))
    secret = is_secret(location)
    unshown = secret or (isinstance(value, str) and _is_unshown(location, value))
    no_platform = kind.startswith("union_tag") and not isinstance(value, SecretStr)
    if no_platform:
        path, value = f"{path}.platform", keys_of(value).get("platform")
    if isinstance(value, SecretStr) and not secret and kind != "extra_forbidden":
        return Mistake(path, describe(value), plain_here())
    if no_platform:
        return _platform_mistake(path, value)
    if kind == "missing":
        return Mistake(path, "nothing", _description(location))
    if kind == "extra_forbidden":
        return _unknown_key(location, value)
    found = context.get("found") or describe(value, secret=unshown)
    expected = _EXPECTED.get(kind)
    return _without(
        value, unshown, Mistake(path, found, expected(context, value, unshown) if expected else details["msg"])
    )


def _is_unshown(location: Location, value: str) -> bool:
    return may_hold_secret(location) and not (names_file(location) and is_path(value))


def _without(value: object, unshown: bool, mistake: Mistake) -> Mistake:
    """Remove a value that may be a secret from a check's message about it."""
    if not isinstance(value, str) or value == "" or not (unshown or may_be_secret(value)):
        return mistake
    word = re.compile(rf'"?(?<![A-Za-z0-9]){re.escape(value)}(?![A-Za-z0-9])"?')
    found = word.sub(lambda _: SECRET_TEXT, mistake.found)
    # A word of what is expected says nothing of the value: `email`, where `mail` was found.
    expected = mistake.expected if value.isalpha() else word.sub(lambda _: SECRET_TEXT, mistake.expected)
    return Mistake(mistake.path, found, expected)


def plain_here() -> str:
    """Return what to write where a value is encrypted that nothing would keep secret."""
    *most, last = dict.fromkeys(secret_paths())
    return f"a plain one: only {', '.join(most)} and {last} may be encrypted"


def path_of(location: Location) -> str:
    """Write a location of the file as a path: `clusters[1].create.nodeGroups[0].minSize`."""
    path = ""
    for part in location:
        if isinstance(part, int):
            path += f"[{part}]"
        elif part != "[key]":
            path += f".{describe_key(part)}" if path else describe_key(part)
    return path


def _description(location: Location) -> str:
    """Return the expected value of a missing setting: the first sentence of its description."""
    *above, key = location
    field = fields_at(tuple(above)).get(str(key))
    text = " ".join((field.description or "").split()) if field else ""
    sentence = text.partition(". ")[0].rstrip(".") or "this key"
    return sentence if sentence[:2].isupper() else sentence[:1].lower() + sentence[1:]


def _unknown_key(location: Location, value: object) -> Mistake:
    *above, key = location
    known = tuple(fields_at(tuple(above)))
    path = path_of((*as_written(tuple(above)), describe_key(str(key), known)))
    if _mentions_fargate(str(key), value):
        return Mistake(path, "a request for Fargate", NO_FARGATE)
    return Mistake(path, "an unknown key", one_of(str(key), known))


def _mentions_fargate(key: str, value: object) -> bool:
    words = [key, *(word for word in (value, *items_of(value)) if isinstance(word, str))]
    return any("fargate" in word.lower() for word in words)


def _platform_mistake(path: str, platform: object) -> Mistake:
    if isinstance(platform, str) and "fargate" in platform.lower():
        return Mistake(path, describe(platform), f"one of {', '.join(PLATFORMS)} on {NO_FARGATE}")
    return Mistake(path, describe(platform), one_of(str(platform), PLATFORMS))


def _literal(context: Context, value: object, secret: bool) -> str:
    words = [word.strip().strip("'") for word in str(context["expected"]).replace(" or ", ", ").split(",")]
    return one_of(value if isinstance(value, str) else "", words)


def _text(context: Context, value: object, secret: bool) -> str:
    if secret or isinstance(value, bool) or not isinstance(value, int | float):
        return "a text"
    return "a text: put it in quotes, or YAML reads it as a number"


def _words(text: str) -> Callable[[Context, object, bool], str]:
    return lambda context, value, secret: text.format(**context)


_EXPECTED: Mapping[str, Callable[[Context, object, bool], str]] = {
    MISTAKE: _words("{expected}"),
    "bool_type": _words("true or false, without quotes"),
    "dict_type": _words("a mapping of keys to texts"),
    "greater_than_equal": _words("at least {ge}"),
    "int_type": _words("a whole number, without quotes"),
    "less_than_equal": _words("at most {le}"),
    "literal_error": _literal,
    "model_attributes_type": _words("a mapping with name and platform"),
    "model_type": _words("a mapping of keys"),
    "multiple_of": _words("a multiple of {multiple_of}"),
    "string_too_short": _words("a text that is not empty"),
    "string_type": _text,
    "too_long": _words("at most {max_length}"),
    "too_short": _words("at least {min_length}"),
    "tuple_type": _words("a list"),
}
