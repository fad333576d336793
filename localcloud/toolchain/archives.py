"""Takes programs out of an archive, and nothing else: no member is written but those that are wanted."""

import posixpath
import shutil
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import IO

MOST_BYTES = 1 << 30
"""Of one file, packed or not, so that none fills the disk."""


class BrokenArchiveError(Exception):
    """The archive cannot be read, or lacks a member."""


class HostileArchiveError(Exception):
    """The archive has a member that would be written elsewhere, or a link in place of a program."""


def unpack(fetched: Path, programs: Mapping[str, str], target: Path) -> None:
    """Put the programs of a file into the target folder; `programs` has the member for each, "" for the file itself.

    Raises BrokenArchiveError and HostileArchiveError.
    """
    wanted = {member: target / name for name, member in programs.items()}
    try:
        if "" in wanted:
            shutil.copyfile(fetched, wanted.pop(""))
        elif fetched.suffix == ".zip":
            _unzip(fetched, wanted)
        else:
            _untar(fetched, wanted)
    except tarfile.FilterError as error:
        raise HostileArchiveError(str(error)) from None
    except (tarfile.TarError, zipfile.BadZipFile, zlib.error, EOFError, OSError) as error:
        raise BrokenArchiveError(f"is a broken archive: {error}") from None
    if wanted:
        raise BrokenArchiveError(f"has no {', '.join(wanted)}")
    for name in programs:
        (target / name).chmod(0o644 if name.endswith(".yaml") else 0o755)


def _untar(fetched: Path, wanted: dict[str, Path]) -> None:
    if not hasattr(tarfile, "data_filter"):  # https://docs.python.org/3.11/library/tarfile.html#tarfile.data_filter
        raise BrokenArchiveError("needs Python 3.11.4 or newer, which can judge what is in an archive")
    with tarfile.open(fetched) as archive:
        for member in archive:
            # Also of members that are not wanted: an honest archive has none that this refuses.
            tarfile.data_filter(member, str(fetched.parent))
            path = wanted.pop(posixpath.normpath(member.name), None)
            if path is None:
                continue
            content = archive.extractfile(member) if member.isfile() else None
            if content is None:
                raise HostileArchiveError(f"{member.name} is not a file")
            _copy(content, path)


def _unzip(fetched: Path, wanted: dict[str, Path]) -> None:
    with zipfile.ZipFile(fetched) as archive:
        for member in archive.infolist():
            name = posixpath.normpath(member.filename)
            if name.startswith(("/", "../")):
                raise HostileArchiveError(f"{member.filename} is outside of the archive")
            path = wanted.pop(name, None)
            if path is None:
                continue
            # The upper half is Unix's mode, without a type where the archive comes from elsewhere.
            if member.is_dir() or stat.S_IFMT(member.external_attr >> 16) not in (0, stat.S_IFREG):
                raise HostileArchiveError(f"{member.filename} is not a file")
            with archive.open(member) as content:
                _copy(content, path)


def _copy(content: IO[bytes], path: Path) -> None:
    with path.open("wb") as output:
        while piece := content.read(1 << 20):
            output.write(piece)
            if output.tell() > MOST_BYTES:
                raise BrokenArchiveError(f"has more than {MOST_BYTES} bytes in {path.name}")
