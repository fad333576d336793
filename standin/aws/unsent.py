"""Clients whose calls are built, validated and held against AWS's bounds, and then answered without being sent."""

# pyright: reportUnknownVariableType=false, reportUnknownArgumentType=false, reportUnknownMemberType=false

from typing import Any

DEEPEST = 4
"""Levels of an answer that are filled in; a few shapes contain themselves."""
FINDING = ("Authorize", "Describe")
"""Operations whose answer is a list of what exists."""


class _Answered:
    """The HTTP answer of a call that was not sent."""

    status_code = 200


def leave_unsent(client: Any) -> None:
    """From now on the client's calls end before they are sent, with an answer that has no content."""

    def answer(model: Any, **_: Any) -> tuple[_Answered, Any]:
        return _Answered(), _example(model.output_shape, found=model.name.startswith(FINDING))

    client.meta.events.register_first("before-call", answer)


def _example(shape: Any, *, found: bool, depth: int = 0) -> Any:
    """Return an answer without content; where something is looked up, one thing is found."""
    if shape is None:
        return {}
    match shape.type_name:
        case "structure" if depth < DEEPEST:
            return {
                name: _example(member, found=found and name != "Tags", depth=depth + 1)
                for name, member in shape.members.items()
            }
        case "list" if found and depth == 1:
            return [_example(shape.member, found=found, depth=depth + 1)]
        case "list":
            return []
        case "structure" | "map":
            return {}
        case "string":
            return ""
        case "boolean":
            return False
        case _:
            return 0
