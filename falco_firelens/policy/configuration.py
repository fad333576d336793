"""What a stack file says to the pack, as the engine's `--policy-pack-config` takes it."""

import re
from collections.abc import Mapping
from pathlib import Path

from falco_firelens.policy.rules import RULES
from falco_firelens.settings import Settings

PACK = Path(__file__).parent / "run"
"""What `--policy-pack` takes: a program that serves the pack, whichever language host there is."""


def pack_config(settings: Settings) -> dict[str, object]:
    """Return the level of every policy, and the further settings of some.

    https://www.pulumi.com/docs/insights/policy/configuration/
    """
    levels: Mapping[str, str] = {rule.name: settings.policy.level(rule.name) for rule in RULES}
    further: Mapping[str, Mapping[str, object]] = {
        "pinned-images": {"byDigest": settings.policy.images_by_digest},
        "no-public-principal": {"accounts": accounts_of(settings), "ownAccount": settings.account is not None},
        "required-tags": {"required": sorted({*settings.tags, *settings.policy.required_tags})},
    }
    return {**levels, **{name: {"enforcementLevel": levels[name], **options} for name, options in further.items()}}


def accounts_of(settings: Settings) -> list[str]:
    """Return the accounts that a stack file names, in any key."""
    return sorted(set(re.findall(r"(?<![0-9A-Za-z])[0-9]{12}(?![0-9A-Za-z])", settings.model_dump_json())))
