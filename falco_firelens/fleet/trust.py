"""Which stacks may be previewed as somebody proposes them, before anybody has looked at the proposal.

The program is the one that was approved, so the question is what a stack file can make it or the engine do, and what
the credentials of the preview open. Whatever is not known to be harmless waits.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import cast

from falco_firelens.fleet.stacks import REGION, Stack
from falco_firelens.settings import NAMESPACE
from falco_firelens.settings.validation.raw import keys_of
from falco_firelens.settings.validation.wording import describe_text

HARMLESS = ("aws:region", "aws:allowedAccountIds", "aws:forbiddenAccountIds", "aws:defaultTags", "aws:ignoreTags")
"""Keys beside the project's own. Others name endpoints, profiles and files with `credential_process`, or switch checks
off: https://www.pulumi.com/registry/packages/aws/installation-configuration/#configuration-reference"""

WITHOUT_KUBECONFIG = ("ecs", "eks")
"""Platforms that are reached with the AWS credentials of the preview."""

CLUSTERS = f"{NAMESPACE}:clusters"

_REGION = re.compile(r"[a-z]{2}(-[a-z]+)+-[0-9]{1,2}")

_OWN = re.compile(rf"{NAMESPACE}:[A-Za-z]+")

_KMS = re.compile(r"awskms:///?[A-Za-z0-9_/:-]+(\?[A-Za-z0-9_=&-]*)?")
"""https://www.pulumi.com/docs/iac/concepts/secrets/#available-encryption-providers"""
_KMS_OPTIONS = re.compile(r"(awssdk=v2|region=[a-z0-9-]+)(&(awssdk=v2|region=[a-z0-9-]+))*")
"""Not `endpoint` and `profile`, for which see https://gocloud.dev/howto/secrets/#aws."""


def reason_to_wait(before: Stack | None, after: Stack, is_regular: Callable[[str], bool]) -> str | None:
    """Say why a stack has to wait until somebody approves its preview; None if it has not.

    `before` is the stack as it was approved. `is_regular` says whether a path below the project's folder is a regular
    YAML file of the repository.
    """
    try:
        for stack in (after, before) if before else (after,):
            if reason := _of_state(stack):
                return reason
        return next(_of_change(before, after, is_regular), None)
    except (ValueError, RecursionError):
        return "a section of its file cannot be read"


def _of_state(stack: Stack) -> str | None:
    """Why nothing at all should be opened for this stack."""
    if not _under_kms(stack):
        return "its secrets are not under a KMS key of their own, and a passphrase opens more than this stack"
    config = _opened(stack.config)
    clusters = keys_of(config).get(CLUSTERS, [])
    if clusters and not _items(clusters):
        return "its clusters are encrypted or no list"
    platforms = [keys_of(cluster).get("platform") for cluster in _items(clusters)]
    if any(platform not in WITHOUT_KUBECONFIG for platform in platforms) or any(_named(config, "kubeconfig")):
        return "its state holds credentials of a cluster"
    return None


def _under_kms(stack: Stack) -> bool:
    provider = str(stack.document.get("secretsprovider") or "")
    options = provider.partition("?")[2]
    return bool(_KMS.fullmatch(provider)) and (not options or bool(_KMS_OPTIONS.fullmatch(options)))


def _of_change(before: Stack | None, after: Stack, is_regular: Callable[[str], bool]) -> Iterator[str]:
    old = before.document if before else dict[str, object]()
    for name in sorted({*old, *after.document} - {"config"}):
        if old.get(name) != after.document.get(name) and not (before is None and name in _OF_A_NEW_STACK):
            yield f"it changes {describe_text(name)}, which is beside config"
    was, config = before.config if before else dict[str, object](), after.config
    for name in sorted({*was, *config}):
        if was.get(name) != config.get(name) and name not in HARMLESS and not _OWN.fullmatch(name):
            yield f"it changes {describe_text(name)}, which is not the project's own key"
    if REGION in config and not _REGION.fullmatch(str(config[REGION])):
        yield "its aws:region is none, and would be part of the names of hosts"
    new, known = _opened(config), _opened(was)
    if not _ciphertexts(new) <= _ciphertexts(known):
        yield "it has a new encrypted value, or an old one in another place"
    if not set(_named(new, "chartrepository")) <= set(_named(known, "chartrepository")):
        yield "it names another chartRepository, from which the engine would fetch"
    for name in _named(new, "file", "files"):
        if not is_regular(name):
            yield f"it names {describe_text(name)}, which is not a file of the project"


_OF_A_NEW_STACK = ("secretsprovider", "encryptedkey")


def _named(config: object, *ends: str) -> Iterator[str]:
    """Yield the values of every key whose name ends in this: `file` and `files` find what a stack file names."""
    for path, value in _walk(config):
        if str(path[-1]).replace("_", "").lower().endswith(ends):
            yield from map(str, _items(value) or ([] if isinstance(value, list | tuple) else [value]))


def _ciphertexts(config: object) -> set[tuple[tuple[str | int, ...], str]]:
    return {(path, str(value)) for path, value in _walk(config) if path[-1] == "secure"}


def _walk(tree: object, above: tuple[str | int, ...] = ()) -> Iterator[tuple[tuple[str | int, ...], object]]:
    """Every value of a tree with its path."""
    for step, value in (*keys_of(tree).items(), *enumerate(_items(tree))):
        yield (*above, step), value
        yield from _walk(value, (*above, step))


def _opened(value: object) -> object:
    """Return a tree with sections opened that are JSON as text, which the engine takes too. Raises ValueError."""
    if isinstance(value, str) and value.lstrip()[:1] in ("{", "["):
        return _opened(json.loads(value))
    if isinstance(value, Mapping):
        return {str(key): _opened(item) for key, item in cast("Mapping[object, object]", value).items()}
    return [_opened(item) for item in _items(cast("object", value))] if isinstance(value, list | tuple) else value


def _items(value: object) -> Sequence[object]:
    return cast("Sequence[object]", value) if isinstance(value, list | tuple) else ()
