"""Falco itself: version, rules of the user's own, rules to disable, exceptions."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, PrivateAttr, ValidationInfo, WrapValidator, field_validator

from settings.aws import text
from settings.base import Files, Model, files_of
from settings.errors import mistake
from settings.exceptions import repeated_exceptions
from settings.found import one_of
from settings.rules_files import check_rules

OLDEST_VERSION = (0, 41, 0)
"""The first release whose image brings the container plugin, which the configuration loads."""

LIST_COMPARISONS = ("in", "intersects", "pmatch")

COMPARISONS = (
    *(
        "=",
        "==",
        "!=",
        "<",
        "<=",
        ">",
        ">=",
        "contains",
        "icontains",
        "bcontains",
        "startswith",
        "bstartswith",
        "endswith",
    ),
    *("glob", "iglob", "regex", *LIST_COMPARISONS),
)
"""https://falco.org/docs/concepts/rules/conditions/#operators, without `exists`, which compares with nothing."""


def _as_text(value: object) -> object:
    """Falco compares texts; a port or a user id may stand in YAML without quotes."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


Text = Annotated[str, BeforeValidator(_as_text), Field(min_length=1, json_schema_extra={"type": ["string", "integer"]})]


class RuleException(Model):
    """What a rule shall stay silent about: https://falco.org/docs/concepts/rules/exceptions/."""

    rule: Annotated[str, Field(min_length=1)]
    """Name of the rule."""

    name: Annotated[str, *text(r"[A-Za-z0-9_-]+", "letters, digits, hyphens and underscores")]
    """Name of the exception, unique in its rule."""

    fields: Annotated[
        tuple[
            Annotated[str, *text(r"[a-z][a-z0-9_.]*(\[[^\]]*\])?", "the name of an event field such as proc.name")], ...
        ],
        Field(min_length=1),
    ]
    """The event's fields that are compared, such as proc.name."""

    comps: tuple[str, ...] = Field(default_factory=lambda data: ("=",) * len(data.get("fields", ())))
    """How each field is compared: =, !=, <, <=, >, >=, contains, startswith, endswith, glob, regex, in, pmatch, … Default: = for each."""

    values: Annotated[tuple[tuple[Text | tuple[Text, ...], ...], ...], Field(min_length=1)]
    """Lists of one value a field. An event that matches all values of one list is no longer reported. With in, pmatch and intersects a value is a list itself."""

    @field_validator("comps")
    @classmethod
    def _one_a_field(cls, comps: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        unknown = [comp for comp in comps if comp not in COMPARISONS]
        if unknown:
            raise mistake(one_of(unknown[0], COMPARISONS), found=f'"{unknown[0]}"')
        fields = info.data.get("fields")
        if fields is not None and len(fields) != len(comps):
            raise mistake(f"one comparison a field ({len(fields)})")
        return comps

    @field_validator("values")
    @classmethod
    def _one_value_a_field(
        cls, values: tuple[tuple[Any, ...], ...], info: ValidationInfo
    ) -> tuple[tuple[Any, ...], ...]:
        fields, comps = info.data.get("fields"), info.data.get("comps")
        for number, value in enumerate(values):
            if fields is not None and len(value) != len(fields):
                raise mistake(f"one value a field ({len(fields)})", found=f"a list of {len(value)} at [{number}]")
            if comps is not None and fields is not None:
                _check_kinds(number, value, comps)
        return values


def _check_kinds(number: int, value: tuple[Any, ...], comps: tuple[str, ...]) -> None:
    for position, (item, comp) in enumerate(zip(value, comps, strict=True)):
        if isinstance(item, tuple) != (comp in LIST_COMPARISONS):
            kinds = ("a list", "one value") if isinstance(item, tuple) else ("one value", "a list")
            raise mistake(
                f"{kinds[1]}, which is what {comp} compares with", found=f"{kinds[0]} at [{number}][{position}]"
            )


class Falco(Model):
    """Which Falco runs, and with which rules."""

    version: Annotated[str, *text(r"\d+\.\d+\.\d+", 'a Falco version such as "0.45.0"')] = "0.45.0"
    """Version of Falco's image."""

    registry: Annotated[
        str,
        *text(
            r"[a-z0-9.-]+(:\d+)?(/[a-z0-9._-]+)*",
            "a registry and path without scheme and tag, such as public.ecr.aws/falcosecurity",
        ),
    ] = "public.ecr.aws/falcosecurity"
    """Where the image `falco` is pulled from; a mirror of your own goes here."""

    install: Literal["manifests", "helm"] = "manifests"
    """On Kubernetes: plain DaemonSets, or the official Falco chart with values made from the same settings."""

    rules_files: tuple[str, ...] = ()
    """Paths of rules files of your own, relative to the stack file; loaded after Falco's default rules, in this order."""

    disabled_rules: tuple[Annotated[str, Field(min_length=1)], ...] = ()
    """Names of rules that are switched off."""

    exceptions: Annotated[tuple[RuleException, ...], WrapValidator(repeated_exceptions)] = ()
    """Exceptions that are added to rules."""

    _rules: Mapping[str, str] = PrivateAttr(default_factory=dict[str, str])

    @property
    def rules(self) -> Mapping[str, str]:
        """The user's rules files, file name to text, in the order in which they are loaded."""
        return self._rules

    @field_validator("version")
    @classmethod
    def _not_too_old(cls, version: str) -> str:
        if tuple(int(part) for part in version.split(".")) < OLDEST_VERSION:
            raise mistake(
                f"at least {'.'.join(map(str, OLDEST_VERSION))}: the configuration needs that release's image"
            )
        return version

    @field_validator("rules_files", mode="wrap")
    @classmethod
    def _falco_rules(cls, value: Any, handler: Any, info: ValidationInfo) -> tuple[str, ...]:
        return check_rules(value, handler, files_of(info))

    def model_post_init(self, context: Any, /) -> None:
        """Read the rules files, which have been found to be right."""
        files = context if isinstance(context, Files) else Files(Path())
        self._rules = {Path(name).name: files.text(name) for name in self.rules_files}
