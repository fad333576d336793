"""Names for resources whose program gives none: the logical name and seven hexadecimal digits, as the real provider."""

import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

DIGITS = 7


@dataclass(frozen=True)
class AutoName:
    """Which property is named, how long a name may be and what it starts with."""

    property: str = "name"
    longest: int = 255
    prefix: str = ""
    suffix: str = ""

    def fill(self, logical: str, inputs: Mapping[str, Any], old: Mapping[str, Any], seed: bytes) -> dict[str, Any]:
        """Return inputs with a name: the program's, else the earlier one, else a new one from the engine's seed."""
        if self.property in inputs or f"{self.property}Prefix" in inputs:
            return dict(inputs)
        kept = old.get(self.property) if self.property in old.get("__defaults", ()) else None
        return {**inputs, self.property: kept or self._new(logical, seed)}

    def _new(self, logical: str, seed: bytes) -> str:
        digits = hashlib.sha256(seed).hexdigest()[:DIGITS] if seed else secrets.token_hex(DIGITS)[:DIGITS]
        room = self.longest - len(self.prefix) - len(self.suffix) - DIGITS - 1
        return f"{self.prefix}{logical[:room]}-{digits}{self.suffix}"


def from_prefix(prefix: str) -> str:
    """Return a name for a resource that gives only a `namePrefix`."""
    return prefix + secrets.token_hex(13)
