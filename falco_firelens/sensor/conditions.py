"""Writes texts and numbers so that Falco reads them in a rule's condition as what they are.

Falco pastes an exception's values into its rule's condition (`build_rule_exception_infos` in
userspace/engine/rule_loader_compiler.cpp), then puts the items of a list wherever the list's name stands between two
delimiters, inside quotation marks as well (`resolve_list` in the same file), and parses the result
(userspace/libsinsp/filter/parser.cpp and escaping.cpp in github.com/falcosecurity/libs). Escapes are those of every
version since 0.41; `\\x20` came with 0.45.
"""

import re
from collections.abc import Iterable
from typing import Any, Final

from falco_firelens.sensor.model import SensorError

NUMERIC_COMPARISONS: Final = ("<", "<=", ">", ">=")
"""Their right side is a bare number; a text in quotation marks is a syntax error there."""

NUMBER: Final = r"0[xX][0-9a-fA-F]+|[+-]?[0-9]+\.?[0-9]*([eE][+-][0-9]+)?"
"""`RGX_HEXNUM` and `RGX_NUMBER` of the parser."""

_ESCAPES: Final = {"\b": r"\b", "\f": r"\f", "\n": r"\n", "\r": r"\r", "\t": r"\t", "\\": r"\\", '"': r"\""}

_DELIMITERS: Final = re.compile(r"[ (),=]")
"""Those of `resolve_list` that a text between quotation marks still has once it is escaped."""

_LIST_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9]*_[A-Za-z0-9_]*")
"""What the names of the image's own lists look like: shell_binaries, rfc_1918_addresses."""

_LIST_DEFINITION: Final = re.compile(r"""\blist["']?\s*:\s*["']?([^\s"',#}]+)""")


def quoted(text: str) -> str:
    """Return a text between quotation marks, for the right side of any comparison but the numeric ones.

    Raises SensorError where Falco has no way to write it.
    """
    if "\0" in text:
        raise SensorError(f"Found {text!r} in an exception of a Falco rule, expected a text without NUL characters.")
    escaped = "".join(_ESCAPES.get(character, character) for character in text)
    if text.endswith("\\"):
        # A backslash before the closing mark takes it for the text's, even an escaped one; `\ ` is a backslash, too.
        escaped = escaped[:-1] + " "
    return f'"{escaped}"'


class Texts:
    """Writes the values of one rules file; a text in which Falco could see a list's name is the item of an own list.

    Falco resolves lists in the order of their definition, so nothing is looked for in the text of the last ones.
    """

    def __init__(self, rules: Iterable[str]) -> None:
        """`rules` are the texts of the rules files that Falco loads before, the image's own left out."""
        self._names = {name for text in rules for name in _LIST_DEFINITION.findall(text)}
        self._made: dict[str, str] = {}

    @property
    def lists(self) -> list[dict[str, Any]]:
        """The lists that were needed for what has been written, to be defined in the file."""
        return [{"list": name, "items": [text]} for text, name in self._made.items()]

    def written(self, part: str | tuple[str, ...], comparison: str) -> str | list[str]:
        """Return what stands for a value in an exception.

        Raises SensorError where Falco has no way to write it.
        """
        if isinstance(part, tuple):
            return [self._text(text) for text in part]
        if comparison not in NUMERIC_COMPARISONS:
            return self._text(part)
        if not re.fullmatch(NUMBER, part):
            raise SensorError(f"Found {part!r} beside {comparison} in an exception of a Falco rule, expected a number.")
        return part

    def _text(self, text: str) -> str:
        whole = quoted(text)
        if not any(word in self._names or _LIST_NAME.fullmatch(word) for word in _DELIMITERS.split(whole)):
            return whole
        return self._made.setdefault(whole, f"falco_firelens_text_{len(self._made) + 1}")
