"""Falco itself: version, rules of the user's own, rules to disable, exceptions."""

from collections.abc import Callable, Mapping
from pathlib import Path, PurePath
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, PrivateAttr, ValidationInfo, field_validator

from falco_firelens.sensor import images
from falco_firelens.settings.exceptions import RuleException
from falco_firelens.settings.images import Digest, Registry, at_least
from falco_firelens.settings.rules_files import check_rules_files
from falco_firelens.settings.strangers import check_address, of_stranger
from falco_firelens.settings.validation.errors import mistake
from falco_firelens.settings.validation.files import Files, ProjectFile, files_of
from falco_firelens.settings.validation.matching import Matching
from falco_firelens.settings.validation.model import Model
from falco_firelens.settings.validation.unique import unique
from falco_firelens.settings.validation.wording import describe_text

OLDEST_VERSION = (0, 41, 0)
"""The first release whose image brings the container plugin, which the configuration loads."""


def _no_variable(rule: str) -> str:
    """Falco puts environment variables into every text of falco.yaml: userspace/engine/yaml_helper.h of its source."""
    if "${" in rule:
        raise mistake("the name of a rule without ${, where Falco would put an environment variable")
    return rule


class Falco(Model):
    """Which Falco runs, and with which rules."""

    version: Annotated[
        str,
        Matching(r"[0-9]+\.[0-9]+\.[0-9]+", 'a Falco version such as "0.45.0"'),
        AfterValidator(at_least(OLDEST_VERSION, "the first version whose image has the container plugin")),
    ] = images.FALCO.version
    """Version of Falco's image, 0.41.0 or later."""

    registry: Registry | None = None
    """Where the image `falco` alone is pulled from, such as a mirror that has it under another path. Default:
    `falcosecurity` in `imageRegistry`."""

    digest: Digest | None = None
    """Digest of that image, `sha256:…`, by which nodes pull it; `none` for its tag alone, such as from a mirror that
    holds one architecture of it. Default: the confirmed digest of the version, or its tag where there is none."""

    install: Literal["manifests", "helm"] = "manifests"
    """On Kubernetes: plain DaemonSets, or the official Falco chart with values made from the same settings. A change
    needs a step of its own, which docs/operations.md describes."""

    chart_repository: Annotated[
        str,
        Matching(
            r"(https|oci)://[A-Za-z0-9.-]+(:[0-9]+)?(/[A-Za-z0-9._~-]+)*",
            "https:// or oci:// with a host and a path, without user, tag and last slash",
        ),
    ] = "https://falcosecurity.github.io/charts"
    """With `install: helm`, where the chart `falco` 9.1.0 comes from: a repository, or, beginning with oci://, the path
    above the chart in a registry such as that of `imageRegistry`. The machine that runs pulumi fetches it, no node."""

    rules_files: tuple[ProjectFile, ...] = ()
    """Paths of your own rules files, relative to the project's folder. They are loaded after Falco's default rules,
    in this order. Falco reports the first rule that matches: if one of its own hides yours, disable it or add an
    exception."""

    disabled_rules: tuple[Annotated[str, Field(min_length=1), AfterValidator(_no_variable)], ...] = ()
    """Names of rules to disable, with `*` for any characters. Falco ignores a name that it does not know."""

    exceptions: Annotated[tuple[RuleException, ...], unique("name", within="rule")] = ()
    """Exceptions to add to rules."""

    _rules: Mapping[str, str] = PrivateAttr(default_factory=dict[str, str])

    @property
    def rules(self) -> Mapping[str, str]:
        """The user's rules files, file name to text, in the order in which they are loaded."""
        return self._rules

    @field_validator("chart_repository")
    @classmethod
    def _on_the_internet(cls, repository: str, info: ValidationInfo) -> str:
        if of_stranger(info):
            check_address(repository, f"{describe_text(repository)}, which the machine that runs pulumi would fetch")
        return repository

    @field_validator("rules_files", mode="wrap")
    @classmethod
    def _are_falco_rules(
        cls, value: Any, validate: Callable[[Any], tuple[str, ...]], info: ValidationInfo
    ) -> tuple[str, ...]:
        return check_rules_files(value, validate, files_of(info))

    def model_post_init(self, context: Any, /) -> None:
        """Keep the text of the rules files, which have been found to be right."""
        files = context if isinstance(context, Files) else Files(Path())
        self._rules = {PurePath(name).name: files.text(name) for name in self.rules_files}
