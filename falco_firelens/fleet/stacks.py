"""Stacks of a fleet: found from stack files or given by a service, selected, and put in order."""

import fnmatch
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import Any, cast

from pydantic import SecretStr
from pydantic import ValidationError as PydanticError

from falco_firelens.fleet.errors import FleetError, InvalidSettings
from falco_firelens.program import stack_files, stack_of
from falco_firelens.settings import NAMESPACE, Settings, SettingsError, load_config
from falco_firelens.settings.loader import structured
from falco_firelens.settings.stack_files import ACCOUNT_ID, STACK_NAME, allowed_accounts, document_of
from falco_firelens.settings.strangers import too_large
from falco_firelens.settings.types import REGION_NAME
from falco_firelens.settings.validation.errors import Location
from falco_firelens.settings.validation.locations import is_secret
from falco_firelens.settings.validation.raw import Encrypted, keys_of, revealed
from falco_firelens.settings.validation.wording import describe_key, describe_text
from falco_firelens.settings.validation.yaml_text import DocumentError

REGION = "aws:region"
"""The engine's own configuration of the AWS provider: https://www.pulumi.com/registry/packages/aws/installation-configuration/"""


@dataclass(frozen=True)
class Stack:
    """One stack: an AWS account in a region.

    `document` is the whole stack file as YAML has it. `file` is where it was found; a service's own stacks have none.
    `secrets` are top-level keys whose values have to be encrypted before they are written anywhere. Settings that are
    not `trusted` come from outside the program.

    Raises:
        FleetError: no stack can have the name, which is also a file's and an argument of the engine.
    """

    name: str
    document: Mapping[str, Any] = field(repr=False)
    file: Path | None = None
    secrets: frozenset[str] = frozenset()
    trusted: bool = True

    def __post_init__(self) -> None:
        """Check the name."""
        _check_name(self.name)

    @classmethod
    def read(cls, file: Path) -> "Stack":
        """Return a stack from its stack file.

        Raises:
            FleetError: the file is not a stack file in YAML.
        """
        try:
            document = document_of(file.read_text(encoding="utf-8-sig"))
        except DocumentError as error:
            expected = error.expected or "a stack file with `config`"
            raise FleetError(f"{file.name}: found {error}, expected {expected}") from None
        except (OSError, UnicodeError) as error:
            raise FleetError(f"{file.name}: cannot be read: {getattr(error, 'strerror', None) or error}") from None
        return cls(stack_of(file), document, file)

    @classmethod
    def of(cls, name: str, region: str, settings: Settings | Mapping[str, Any], *, trusted: bool = True) -> "Stack":
        """Return a stack without a file: settings as an object, or as a mapping with the keys of a stack file.

        Secret values (kubeconfigs, endpoints of notifications, URLs of webhooks), and whatever a mapping has as
        pydantic's SecretStr, are encrypted with the stack's own key for the operation.

        Settings are code: a kubeconfig can name a command, a path any file of this machine. So what comes from somebody
        else, such as a service's caller, needs `trusted=False`: it is checked here as a whole, and may name no command,
        no file, no address of this machine's network and no other stack.

        Raises:
            FleetError: name or region is none, or the settings are those of a stack file in which something is
                encrypted, which nobody can open.
            InvalidSettings: they are not trusted, and cannot be used.
        """
        _check_name(name)
        if not REGION_NAME.fullmatch(region):
            raise FleetError(f"stack {name}: found {describe_text(region)}, expected an AWS region such as eu-west-1")
        tree = structured(_tree(settings))
        if problem := None if trusted else too_large(tree):
            raise InvalidSettings(f"stack {name}: found {problem}, expected settings as in a stack file")
        if closed := _keys(tree, _is_closed if trusted else _is_encrypted):
            raise FleetError(f"stack {name}: found an encrypted value in {closed}, expected its text")
        secrets = {key for key, value in tree.items() if _has(SecretStr, value) or _is_secret((key,), value)}
        if mixed := _keys({key: tree[key] for key in secrets}, has_ciphertext):
            raise FleetError(f"stack {name}: found encrypted and plain secrets in {mixed}, expected one kind")
        config = {REGION: region, **{f"{NAMESPACE}:{key}": _revealed(value) for key, value in tree.items()}}
        stack = cls(
            name, {"config": config}, secrets=frozenset(f"{NAMESPACE}:{key}" for key in secrets), trusted=trusted
        )
        if not trusted:
            stack._refuse_mistakes()
        return stack

    def _refuse_mistakes(self) -> None:
        try:
            self.check(Path())
        except SettingsError as error:
            raise InvalidSettings(str(error)) from None

    @property
    def config(self) -> Mapping[str, Any]:
        """What stands under `config` of the stack file."""
        return keys_of(self.document.get("config"))

    def _own(self, key: str) -> object:
        return self.config.get(f"{NAMESPACE}:{key}")

    @property
    def account(self) -> str:
        """Twelve digits, or `any`."""
        return str(self._own("account") or "any")

    @property
    def accounts(self) -> frozenset[str]:
        """The accounts that the stack file allows; none where it leaves the choice to the credentials."""
        named = (self.account,) if ACCOUNT_ID.fullmatch(self.account) else allowed_accounts(self.config)
        return frozenset(named)

    @property
    def region(self) -> str:
        """The AWS region, empty where the stack file leaves it to the environment."""
        return str(self.config.get(REGION) or "")

    @property
    def labels(self) -> Mapping[str, str]:
        """What a stack can be selected by: its `tags`, which its resources in AWS have too."""
        return {str(key): str(value) for key, value in keys_of(self._own("tags")).items()}

    @property
    def hub(self) -> str | None:
        """The stack that this one's events go to, as a stack reference, such as `acme/falco-firelens/hub`."""
        hub = keys_of(self._own("spoke")).get("hub")
        return hub if isinstance(hub, str) else None

    @property
    def is_hub(self) -> bool:
        """Whether it collects the events of other stacks."""
        return f"{NAMESPACE}:hub" in self.config

    def check(self, project: Path) -> Settings:
        """Return the stack's settings, all checked; encrypted values stay closed.

        Raises:
            SettingsError: with every mistake.
        """
        name = self.file.name if self.file else f"stack {self.name}"
        try:
            return load_config(self.config, file=name, root=project, trusted=self.trusted)
        except PydanticError as error:  # a settings object of another version of the models
            raise FleetError(f"{name}: {error}") from None


@dataclass(frozen=True)
class Selection:
    """Which stacks of a fleet; empty criteria take all, several kinds must all hold.

    `names` may have the wildcards of file names, such as `prod-*`.
    """

    names: tuple[str, ...] = ()
    accounts: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict[str, str])

    def __str__(self) -> str:
        labels = [f"{key}={value}" for key, value in self.labels.items()]
        kinds = (("", self.names), ("account ", self.accounts), ("region ", self.regions), ("label ", labels))
        return " and ".join(word + " or ".join(values) for word, values in kinds if values) or "anything"

    def takes(self, stack: Stack) -> bool:
        """Whether a stack is meant."""
        return (
            (not self.names or any(fnmatch.fnmatchcase(stack.name, name) for name in self.names))
            and (not self.accounts or stack.account in self.accounts)
            and (not self.regions or stack.region in self.regions)
            and all(stack.labels.get(key) == value for key, value in self.labels.items())
        )


def discover(folders: Iterable[Path]) -> list[Stack]:
    """All stacks whose stack files, `Pulumi.<stack>.yaml`, are in the folders, by name.

    Raises:
        FleetError: a file cannot be read, or two have the same name.
    """
    found: dict[str, Stack] = {}
    for folder in folders:
        for file in stack_files(folder):
            stack = Stack.read(file)
            if stack.name in found:
                raise FleetError(f"two files of a stack {stack.name}: {found[stack.name].file} and {file}")
            found[stack.name] = stack
    return [found[name] for name in sorted(found)]


def select(stacks: Sequence[Stack], selection: Selection) -> list[Stack]:
    """Return the selected stacks.

    Raises:
        FleetError: a name without wildcards is that of no stack.
    """
    known = {stack.name for stack in stacks}
    missing = [name for name in selection.names if not set("*?[") & set(name) and name not in known]
    if missing:
        raise FleetError(f"found no stack {', '.join(missing)}, expected some of {', '.join(sorted(known)) or 'none'}")
    return [stack for stack in stacks if selection.takes(stack)]


def hub_of(stack: Stack, stacks: Collection[Stack]) -> Stack | None:
    """Return the stack among `stacks` that this one sends its events to."""
    name = (stack.hub or "").rpartition("/")[2]
    return next((other for other in stacks if other.name == name and other is not stack), None)


def generations(stacks: Sequence[Stack]) -> list[list[Stack]]:
    """Hubs before their spokes: each list needs only what is in the lists before it.

    A stack that neither is a hub nor has one among `stacks` is in the last list.

    Raises:
        FleetError: stacks are each other's hub.
    """
    hubs = {stack.name: hub_of(stack, stacks) for stack in stacks}
    sorter = TopologicalSorter({name: [hub.name] if hub else [] for name, hub in hubs.items()})
    try:
        sorter.prepare()
    except CycleError as error:
        raise FleetError(f"stacks are each other's hub: {' -> '.join(map(str, error.args[1]))}") from None
    needed = {hub.name for hub in hubs.values() if hub}
    by_name = {stack.name: stack for stack in stacks}
    found: list[list[Stack]] = []
    rest: list[Stack] = []
    while sorter.is_active():
        ready = sorter.get_ready()
        found.append([by_name[name] for name in sorted(ready) if name in needed or by_name[name].is_hub])
        rest += [by_name[name] for name in ready if name not in needed and not by_name[name].is_hub]
        sorter.done(*ready)
    return [group for group in [*found, sorted(rest, key=lambda stack: stack.name)] if group]


def _check_name(name: str) -> None:
    if not STACK_NAME.fullmatch(name):
        raise FleetError(
            f"found {describe_text(name)} as a stack's name, expected at most 100 letters, digits and _ . -, beginning "
            "with a letter, a digit or _"
        )


def _tree(settings: Settings | Mapping[str, Any]) -> Mapping[str, Any]:
    if isinstance(settings, Settings):
        return settings.model_dump(by_alias=True, exclude_unset=True, exclude_none=True)
    return settings


def _keys(tree: Mapping[str, Any], have: Callable[[object], bool]) -> str:
    return ", ".join(sorted(describe_key(str(key)) for key, value in tree.items() if have(value)))


def has_ciphertext(value: object) -> bool:
    """Whether something in a tree is encrypted as a stack file has it."""
    if isinstance(value, Mapping):
        keys = cast("Mapping[str, object]", value)
        return list(keys) == ["secure"] or any(map(has_ciphertext, keys.values()))
    return isinstance(value, list | tuple) and any(map(has_ciphertext, cast("Sequence[object]", value)))


def _is_closed(value: object) -> bool:
    return _has(Encrypted, value)


def _is_encrypted(value: object) -> bool:
    return _is_closed(value) or has_ciphertext(value)


def _is_secret(location: Location, value: object) -> bool:
    """Whether a text is somewhere in a tree where settings have a secret."""
    if isinstance(value, Mapping) and list(cast("Mapping[str, object]", value)) != ["secure"]:
        keys = cast("Mapping[str, object]", value)
        return any(_is_secret((*location, key), item) for key, item in keys.items())
    if isinstance(value, list | tuple):
        items = cast("Sequence[object]", value)
        return any(_is_secret((*location, index), item) for index, item in enumerate(items))
    return isinstance(value, str) and is_secret(location)


def _has(kind: type[SecretStr], value: object) -> bool:
    if isinstance(value, Mapping):
        return any(_has(kind, item) for item in cast("Mapping[str, object]", value).values())
    if isinstance(value, list | tuple):
        return any(_has(kind, item) for item in cast("Sequence[object]", value))
    return isinstance(value, kind)


def _revealed(value: object) -> object:
    if isinstance(value, Mapping):
        return {key: _revealed(item) for key, item in cast("Mapping[str, object]", value).items()}
    if isinstance(value, list | tuple):
        return [_revealed(item) for item in cast("Sequence[object]", value)]
    return revealed(value)


__all__ = ["Selection", "SettingsError", "Stack", "discover", "generations", "hub_of", "select"]
