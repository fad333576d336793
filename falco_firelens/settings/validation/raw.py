"""The tree of values that a stack file is, before it is known to be right."""

from collections.abc import Mapping, Sequence
from typing import cast

from pydantic import SecretStr


class Encrypted(SecretStr):
    """Stands for a value that only the stack's passphrase or key opens; what it says is left to the program to check.

    A type of its own, so that no text can be mistaken for it, and no setting takes it that does not take secrets.
    """


ENCRYPTED = Encrypted("[encrypted]")

DEEPEST = 32
"""Levels below which a tree is not followed; the settings have eight."""


class Nothing:
    """Stands for a key with no value behind it, which YAML reads as null."""

    def __repr__(self) -> str:
        return "nothing"


NOTHING = Nothing()


def plain(value: object, depth: int = 0) -> object:
    """Copy a tree into dicts, tuples and scalars, with NOTHING for null, so that no check meets anything else."""
    if value is None or depth > DEEPEST:
        return NOTHING
    if isinstance(value, Mapping):
        keys = cast("Mapping[object, object]", value)
        return {_key(key): plain(item, depth + 1) for key, item in keys.items()}
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return tuple(plain(item, depth + 1) for item in cast("Sequence[object]", value))
    return value


def _key(key: object) -> str:
    """YAML takes numbers, dates and null for keys, too; no setting is called like one."""
    return key if isinstance(key, str) else type(key).__name__


def revealed(value: object) -> object:
    """Return the text of a secret, and anything else as it is, also what is encrypted: nobody knows its text."""
    return value.get_secret_value() if isinstance(value, SecretStr) and not isinstance(value, Encrypted) else value


def keys_of(value: object) -> Mapping[str, object]:
    """Return a value's keys if it is a mapping, none if not."""
    return cast("Mapping[str, object]", value) if isinstance(value, Mapping) else {}


def items_of(value: object) -> Sequence[object]:
    """Return a value's items if it is a list, none if not."""
    return cast("tuple[object, ...]", value) if isinstance(value, tuple) else ()
