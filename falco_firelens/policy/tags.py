"""Tags: whatever takes tags has those that the stack asks for, since bills and owners are found by them."""

from collections.abc import Iterator

from falco_firelens.policy.kinds import TAGGABLE
from falco_firelens.policy.rule import UNKNOWN, Finding, Resource, Rule, items_of, keys_of


def _tags(resource: Resource) -> Iterator[Finding]:
    given = resource.props.get("tagsAll") or resource.props.get("tags")
    if given is UNKNOWN:
        return
    # An Auto Scaling group has a list of its own: key, value, and whether instances get it.
    listed = {keys_of(tag).get("key") for tag in items_of(given) if "propagateAtLaunch" in keys_of(tag)}
    present = listed or {key for key, value in keys_of(given).items() if value not in (None, "")}
    missing = [key for key in items_of(resource.config.get("required")) if key not in present]
    if missing:
        names = ", ".join(missing)
        yield Finding("tags", f"none called {names}", f"{names}, best in `falco-firelens:tags` for all resources")


RULES = (
    Rule(
        "required-tags",
        "Resources have the tags that the stack asks for.",
        dict.fromkeys(TAGGABLE, _tags),
        {"required": {"type": "array", "items": {"type": "string"}, "default": []}},
    ),
)
