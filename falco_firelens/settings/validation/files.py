"""Files that a stack file names."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import ValidationInfo

from falco_firelens.settings.validation.errors import mistake
from falco_firelens.settings.validation.wording import describe_text, may_be_secret


@dataclass(frozen=True)
class NamesFile:
    """Marks a setting that names a file of the machine that runs the program."""


ProjectFile = Annotated[str, NamesFile()]
"""The path of a file, relative to the project's folder."""


def is_path(text: str) -> bool:
    """Whether a text is meant as a path, and no secret that stands in the place of one."""
    return bool(re.search(r"/|\.[a-z]{2,12}$", text)) and not may_be_secret(text)


class Files:
    """The files below a folder, each read once."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._texts: dict[str, str] = {}

    def text(self, name: str) -> str:
        """Return the text of a file, its path relative to the project's folder; `~` is the user's home.

        Raises PydanticCustomError when it cannot be read.
        """
        if name not in self._texts:
            self._texts[name] = _read(self._root, name)
        return self._texts[name]


def _read(root: Path, name: str) -> str:
    try:
        path = root / Path(name).expanduser()
        text = path.read_text(encoding="utf-8") if path.is_file() else None
    except UnicodeDecodeError:
        raise mistake("a text file", found=f"{describe_text(name)}, which is none") from None
    except (OSError, RuntimeError) as error:
        reason = getattr(error, "strerror", None) or error
        raise mistake("a file that can be read", found=f"{describe_text(name)} ({reason})") from None
    except ValueError:
        raise mistake("the path of a file", found=describe_text(name)) from None
    if text is None:
        raise mistake("the path of a file, relative to the project's folder", found=f"no file {describe_text(name)}")
    return text


def files_of(info: ValidationInfo) -> Files:
    """Return the files that `load` gave to the validation; for a model made by hand, those of the working directory."""
    return info.context if isinstance(info.context, Files) else Files(Path())
