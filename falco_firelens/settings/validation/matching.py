"""Texts of a given form: checked here, and described in the JSON schema."""

import re
from dataclasses import dataclass
from typing import Any

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

from falco_firelens.settings.validation.errors import mistake


@dataclass(frozen=True)
class Matching:
    """Annotates a text: the whole of it matches `pattern`, which `expected` puts into words."""

    pattern: str
    expected: str
    shown: bool = True
    """Whether a message may repeat a text that does not match: not where a secret is easily put by mistake."""

    def check(self, text: str) -> str:
        """Return the text itself. Raises PydanticCustomError where it does not match."""
        if not re.fullmatch(self.pattern, text):
            raise mistake(self.expected)
        return text

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_after_validator_function(self.check, handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return {**handler(schema), "pattern": f"^(?:{self.pattern})$"}
