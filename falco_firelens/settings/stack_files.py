"""What a stack file says, with the keys and the texts that the engine hands to the program.

https://github.com/pulumi/pulumi/blob/v3.274.1/sdk/go/common/workspace/loaders.go and
https://github.com/pulumi/pulumi/blob/v3.274.1/sdk/go/common/resource/config/key.go
"""

import json
import re
from collections.abc import Iterator, Mapping
from typing import cast

from falco_firelens.errors import Mistake
from falco_firelens.settings.validation.raw import plain
from falco_firelens.settings.validation.wording import describe, describe_text
from falco_firelens.settings.validation.yaml_text import DocumentError, stack_tree

NAMESPACE = "falco-firelens"
"""The project's name, which the engine puts before the keys of its configuration."""


STACK_NAME = re.compile(r"[0-9A-Za-z_][0-9A-Za-z_.-]{0,99}")
"""As the engine has it, except for a hyphen or a dot at the beginning, which makes an option or a hidden file of it.

https://github.com/pulumi/pulumi/blob/v3.274.1/sdk/go/common/tokens/stack.go
"""

ACCOUNT_ID = re.compile(r"[0-9]{12}")

ALLOWED_ACCOUNTS = "aws:allowedAccountIds"
"""The AWS provider refuses credentials of any other account. It is part of the state, so that it also holds where no
program runs: in `pulumi destroy` and `pulumi refresh`.
https://www.pulumi.com/registry/packages/aws/installation-configuration/#configuration-reference"""


def allowed_accounts(config: Mapping[str, object]) -> tuple[str, ...]:
    """Return `aws:allowedAccountIds`, a list or one as JSON; empty if it is missing."""
    value = config.get(ALLOWED_ACCOUNTS)
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError:
            return ()
    return tuple(map(str, cast("list[object]", value))) if isinstance(value, list) else ()


def guard_mistakes(config: Mapping[str, object]) -> Iterator[Mistake]:
    """Yield mistakes in `aws:allowedAccountIds`, by itself or beside the account of the stack."""
    if ALLOWED_ACCOUNTS not in config:
        return
    allowed, account = allowed_accounts(config), _account(config)
    if not allowed or not all(map(ACCOUNT_ID.fullmatch, allowed)):
        expected = 'a list of account ids of 12 digits in quotes, such as ["111122223333"]'
        yield Mistake(ALLOWED_ACCOUNTS, ", ".join(map(describe_text, allowed)) or "no list", expected)
    elif account and account not in allowed:
        yield Mistake(ALLOWED_ACCOUNTS, ", ".join(map(describe_text, allowed)), f'["{account}"], as account says')


def guard_warning(config: Mapping[str, object]) -> str | None:
    """Return what to write so that `pulumi destroy` and `pulumi refresh` refuse another account's credentials, too."""
    account = _account(config)
    if account and set(allowed_accounts(config)) != {account}:
        return (
            f'{ALLOWED_ACCOUNTS}: write `{ALLOWED_ACCOUNTS}: ["{account}"]` under config: without it `pulumi destroy` '
            "and `pulumi refresh` act with the credentials of any account"
        )
    return None


def _account(config: Mapping[str, object]) -> str | None:
    account = config.get(f"{NAMESPACE}:account")
    return account if isinstance(account, str) and ACCOUNT_ID.fullmatch(account) else None


def document_of(text: str) -> Mapping[str, object]:
    """Return the whole stack file; under `config`, keys are whole and scalars are texts.

    Raises DocumentError, also for a file that is no mapping and for a key that the engine does not take.
    """
    tree = stack_tree(text)
    if tree is None:
        return {}
    if not isinstance(tree, Mapping):
        raise DocumentError(f"{describe(plain(tree))} at its top")
    document = cast("Mapping[str, object]", tree)
    config = document.get("config")
    if config is None:
        return document
    if not isinstance(config, Mapping):
        raise DocumentError(f"{describe(plain(config))} at config")
    return {**document, "config": _config(cast("Mapping[str, object]", config))}


def _config(given: Mapping[str, object]) -> Mapping[str, object]:
    names: dict[str, str] = {}
    found: dict[str, object] = {}
    for name, value in given.items():
        key = _whole(name)
        if key in names:
            raise DocumentError(f"{describe_text(names[key])} and {describe_text(name)}, which are one key")
        names[key] = name
        found[key] = _text(value)
    return found


def _whole(name: str) -> str:
    """Return a key with its namespace, by default the project's. `aws:config:region` is an old form of `aws:region`."""
    parts = name.split(":")
    if len(parts) == 1:
        return f"{NAMESPACE}:{name}"
    if len(parts) == 3 and parts[1] == "config":
        return f"{parts[0]}:{parts[2]}"
    if len(parts) > 2:
        raise DocumentError(f"the key {describe_text(name)}, which is not <namespace>:<name>")
    return name


def _text(value: object) -> object:
    """Return a scalar as the engine hands it over."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    return str(int(value)) if isinstance(value, int) else str(value) if isinstance(value, float) else value
