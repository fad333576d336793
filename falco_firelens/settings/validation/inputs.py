"""Files that a command line names: read whole, or one line that names the file and says what is wrong with it."""

import json
import sys
from pathlib import Path
from typing import cast

STDIN = Path("-")


class InputError(ValueError):
    """A file that cannot be used; the message names it."""


def text_of(file: Path) -> str:
    """Read a file, or standard input where the file is `-`.

    Raises:
        InputError: it cannot be read, or is not a text in UTF-8.
    """
    try:
        return sys.stdin.read() if file == STDIN else file.read_text(encoding="utf-8")
    except UnicodeError:
        raise InputError(f"{file}: found what is not a text in UTF-8") from None
    except OSError as error:
        raise InputError(f"{file}: cannot be read: {error.strerror or error}") from None


def object_of(file: Path) -> dict[str, object]:
    """Read a JSON object.

    Raises:
        InputError: it cannot be read, or is not a JSON object.
    """
    try:
        found: object = json.loads(text_of(file))
    except (json.JSONDecodeError, RecursionError) as error:
        raise InputError(f"{file}: found what is not JSON: {error}") from None
    if not isinstance(found, dict):
        raise InputError(f"{file}: found JSON that is not an object, expected an object")
    return cast("dict[str, object]", found)
