"""Writes a capture of executions, which Falco replays as if it had seen them.

The format is that of https://github.com/falcosecurity/libs: blocks in userspace/libscap/scap_savefile.h, the header of
an event in driver/ppm_events_public.h, its parameters in driver/event_table.c.
"""

import struct
from collections.abc import Iterable
from pathlib import Path

SECTION_HEADER, EVENT = 0x0A0D0D0A, 0x216
BYTE_ORDER = 0x1A2B3C4D
EXECVE = 293
"""`PPME_SYSCALL_EXECVE_19_X`, the end of an execve."""

FIRST_PID = 1000
_START = 1_800_000_000_000_000_000


def write(file: Path, arguments: Iterable[str]) -> None:
    """One process for each text, which is its only argument; their ids count from FIRST_PID."""
    header = struct.pack("<IHHq", BYTE_ORDER, 1, 2, -1)
    events = (_execve(FIRST_PID + number, text.encode()) for number, text in enumerate(arguments))
    file.write_bytes(b"".join([_block(SECTION_HEADER, header), *(_block(EVENT, event) for event in events)]))


def _block(kind: int, body: bytes) -> bytes:
    body += bytes(-len(body) % 4)
    length = struct.pack("<I", len(body) + 12)
    return struct.pack("<I", kind) + length + body + length


def _execve(pid: int, argument: bytes) -> bytes:
    """Of the capturing processor 0."""
    number, short, path = struct.pack("<Q", 0), struct.pack("<I", 0), b"/usr/bin/tool\0"
    process, parent = struct.pack("<q", pid), struct.pack("<q", 1)
    parameters = (
        *(struct.pack("<q", 0), b"tool\0", argument + b"\0", process, process, parent, b"/\0"),
        *(number, number, number, short, short, short, b"tool\0", b"cpu=/\0", b"A=1\0", short, process),
        *(short, short, number, number, number, number, number, number, short, path, process, short, path),
    )
    lengths = struct.pack(f"<{len(parameters)}H", *map(len, parameters))
    size = 26 + len(lengths) + sum(map(len, parameters))
    header = struct.pack("<QQIHI", _START + pid, pid, size, EXECVE, len(parameters))
    return struct.pack("<H", 0) + header + lengths + b"".join(parameters)
