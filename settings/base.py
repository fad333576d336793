"""What all settings have in common: frozen, camelCase in YAML, unknown keys refused, and no value quietly converted."""

from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationInfo, model_validator
from pydantic.alias_generators import to_camel

from settings.errors import mistake
from settings.found import NOTHING

ENCRYPTED = "[encrypted]"
"""Stands for a value that only the stack's passphrase or key opens; checks of its content are left to the program."""


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
        """A key with nothing behind it, `network:`, asks for the section with its defaults."""
        return {} if data is NOTHING else data


class Files:
    """The files that a stack file names, read once each."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._texts: dict[Path, str] = {}

    def path(self, name: str) -> Path:
        """Where a file is: relative to the stack file's folder; `~` is the user's home.

        Raises PydanticCustomError when no path can be made of the name.
        """
        try:
            return self._root / Path(name).expanduser()
        except (RuntimeError, ValueError):
            raise mistake("the path of a file") from None

    def text(self, name: str) -> str:
        """A file's text. Raises PydanticCustomError when it cannot be read."""
        path = self.path(name)
        if path not in self._texts:
            self._texts[path] = _read(path, name)
        return self._texts[path]


def _read(path: Path, name: str) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise mistake("the path of a file, relative to the stack file", found=f'no file "{name}"') from None
    except UnicodeDecodeError:
        raise mistake("a text file", found=f'a binary file, "{name}"') from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "not a path"
        raise mistake("a file that can be read", found=f'"{name}" ({reason})') from None


def files_of(info: ValidationInfo) -> Files:
    """The files as `load` gave them to the validation; for a model made by hand, those of the working directory."""
    return info.context if isinstance(info.context, Files) else Files(Path())
