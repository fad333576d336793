"""Makes settings of what a program has passed to a component. Every mistake is reported at once, with its path."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import pulumi
from pulumi.runtime.sync_await import _sync_await  # pyright: ignore[reportPrivateUsage]
from pydantic import SecretStr

from falco_firelens.errors import MisfitError, Mistake
from falco_firelens.settings import Settings, SettingsError, load
from falco_firelens.settings.validation.wording import describe_key, one_of


def settings_of(tree: Mapping[str, Any], plain: Iterable[str] = ()) -> Settings:
    """Check a tree with the keys of a stack file. Relative paths start at the program's folder, where the engine is.

    Nothing below the keys in `plain` is kept secret, so secrets are refused there.
    Raises SettingsError.
    """
    found = _Values()
    values = {key: found.known(value, key) for key, value in tree.items()}
    expected = "a value that is no secret: nothing of it would be kept secret in the state and in previews"
    mistakes = [*found.mistakes, *(Mistake(key, "a secret", expected) for key in plain if key in found.secret)]
    try:
        settings = load(
            {key: value for key, value in values.items() if key not in found.unusable}, file="", root=Path()
        )
    except SettingsError as error:
        mistakes += [one for one in error.mistakes if _top(one.path) not in found.unusable]
    else:
        if not mistakes:
            return settings
    raise SettingsError("", mistakes)


class _Values:
    """Values as the loader takes them: no outputs, and whole numbers as such."""

    def __init__(self) -> None:
        self.mistakes: list[Mistake] = []
        self.secret: set[str] = set()
        self.unusable: set[str] = set()
        """Keys at the top below which something is not known yet."""

    def known(self, value: object, path: str) -> object:
        """Return a value without the outputs that it is or has in it."""
        if isinstance(value, pulumi.Output):
            return self._of_output(cast("pulumi.Output[Any]", value), path)
        if isinstance(value, Mapping):
            keys = cast("Mapping[str, object]", value)
            return {key: self.known(item, f"{path}.{key}") for key, item in keys.items()}
        if isinstance(value, Sequence) and not isinstance(value, str):
            return [self.known(item, f"{path}[{index}]") for index, item in enumerate(cast("Sequence[object]", value))]
        if isinstance(value, float) and value.is_integer():
            return int(value)  # the engine's protocol has no whole numbers
        return value

    def _of_output(self, output: pulumi.Output[Any], path: str) -> object:
        top = _top(path)
        if not _sync_await(output.is_known()):
            self.unusable.add(top)
            expected = "one that is known before the update, since the whole stack is checked before it is created"
            self.mistakes.append(Mistake(path, "a value that is not known yet", expected))
            return None
        value = self.known(_sync_await(output.future()), path)
        if _sync_await(output.is_secret()):
            self.secret.add(top)
            return SecretStr(value) if isinstance(value, str) else value
        return value


def _top(path: str) -> str:
    return path.partition(".")[0].partition("[")[0]


def settings_of_arguments(
    args: Mapping[str, Any], shape: type, tree: Mapping[str, Any], paths: Mapping[str, str]
) -> Settings:
    """Check a component's arguments by a tree that was made of them.

    `shape` is the arguments' TypedDict. `paths` has the argument, or what its path begins with, by the beginning of a
    path in the tree. Raises SettingsError.
    """
    mistakes = list(_keys(args, shape))
    if not mistakes:
        try:
            return settings_of(tree)
        except SettingsError as error:
            mistakes = [Mistake(_renamed(one.path, paths), one.found, one.expected) for one in error.mistakes]
    raise SettingsError("", [*dict.fromkeys(mistakes)])


def _keys(args: Mapping[str, Any], shape: type) -> Iterator[Mistake]:
    """Find unknown and missing arguments. Pulumi's own host drops a key that it does not know."""
    required, optional = (cast("frozenset[str]", vars(shape)[f"__{kind}_keys__"]) for kind in ("required", "optional"))
    known = sorted(required | optional)
    for key in args.keys() - {*known}:
        yield Mistake(describe_key(key, known), "an unknown key", one_of(key, known))
    for key in sorted(required - args.keys()):
        yield Mistake(key, "nothing", "a value: this key is required")


def _renamed(path: str, paths: Mapping[str, str]) -> str:
    begins = next((begins for begins in paths if path.startswith(begins)), "")
    return paths.get(begins, "") + path.removeprefix(begins)


def provider_of(package: str, opts: pulumi.ResourceOptions | None) -> pulumi.ProviderResource | None:
    """Return the provider that a program has passed for the resources of a package."""
    given = opts.providers if opts else None
    return given.get(package) if isinstance(given, Mapping) else None


def refuse_provider(package: str, opts: pulumi.ResourceOptions | None, why: str) -> None:
    """Raise MisfitError where a program has passed a provider of a package."""
    if provider_of(package, opts):
        raise MisfitError("options.providers", f"a provider of {package}", f"none: {why}")
