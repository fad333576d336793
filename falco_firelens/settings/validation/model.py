"""What all settings have in common: frozen, camelCase in YAML, unknown keys refused, and no value quietly converted."""

from typing import Any

from pydantic import BaseModel, ConfigDict, model_validator
from pydantic.alias_generators import to_camel

from falco_firelens.settings.validation.raw import NOTHING


class Model(BaseModel):
    """One mapping of a stack file."""

    model_config = ConfigDict(
        alias_generator=to_camel,
        extra="forbid",
        frozen=True,
        hide_input_in_errors=True,
        strict=True,
        use_attribute_docstrings=True,
        validate_default=True,
    )

    @model_validator(mode="before")
    @classmethod
    def _nothing_is_an_empty_mapping(cls, data: Any) -> Any:
        """Return an empty mapping for a key without a value: `network:` asks for the section with its defaults."""
        return {} if data is NOTHING else data
