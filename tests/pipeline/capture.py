"""Writes a capture of system calls, which Falco replays as if it had seen them.

The format is that of https://github.com/falcosecurity/libs: blocks in userspace/libscap/scap_savefile.h, the header of
an event in driver/ppm_events_public.h, its parameters in driver/event_table.c.
"""

import json
import struct
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

SECTION_HEADER, EVENT = 0x0A0D0D0A, 0x216
BYTE_ORDER = 0x1A2B3C4D

EXECVE = 293
"""`PPME_SYSCALL_EXECVE_19_X`, the end of an execve. The numbers of other events are their `_X`, too, where they have
one."""
KILL, TKILL, TGKILL, PTRACE, RENAME, PROCEXIT, UNLINK, UNLINKAT, OPENAT = 129, 131, 133, 169, 175, 186, 301, 303, 307
CONTAINER, PIDFD_OPEN, WRITEV = 324, 409, 423
_LARGE_PAYLOAD = {CONTAINER}

READ_ONLY, WRITE_ONLY, TRUNCATE = 1, 2, 1 << 8
PTRACE_ATTACH = 11
CRI = 6
"""`CT_CRI` in plugins/container/src/container_type.h of github.com/falcosecurity/plugins."""

FIRST_PID = 1000
_START = 1_800_000_000_000_000_000

Parameter = bytes


@dataclass(frozen=True)
class Seen:
    """An event, and the thread that caused it."""

    thread: int
    kind: int
    parameters: tuple[Parameter, ...]


def write(file: Path, arguments: Iterable[str]) -> None:
    """One process for each text, which is its only argument; their ids count from FIRST_PID."""
    write_events(file, (executed(FIRST_PID + number, argument=text) for number, text in enumerate(arguments)))


def write_events(file: Path, events: Iterable[Seen]) -> None:
    """What happens, one after the other."""
    header = struct.pack("<IHHq", BYTE_ORDER, 1, 2, -1)
    blocks = (_block(EVENT, _event(number, seen)) for number, seen in enumerate(events))
    file.write_bytes(b"".join([_block(SECTION_HEADER, header), *blocks]))


def number(value: int) -> Parameter:
    """Eight bytes: a pid, a descriptor, a result."""
    return struct.pack("<q", value)


def short(value: int) -> Parameter:
    """Four bytes: flags, a mode, a device."""
    return struct.pack("<I", value)


def text(value: str) -> Parameter:
    """A text with its end."""
    return value.encode() + b"\0"


def executed(pid: int, program: str = "/usr/bin/tool", *, argument: str = "", container: str = "") -> Seen:
    """A process begins to run a program, on the node or in a container."""
    name = program.rpartition("/")[2][:15]
    group = f"cpu=/kubepods/pod1/{container}" if container else "cpu=/"
    zero, nothing, process = number(0), short(0), number(pid)
    parameters = (
        *(zero, text(program), argument.encode() + b"\0", process, process, number(1), text("/")),
        *(zero, zero, zero, nothing, nothing, nothing, text(name), text(group), text("A=1"), nothing, process),
        *(nothing, nothing, zero, zero, zero, zero, zero, zero, nothing, text(program), process, nothing),
        text(program),
    )
    return Seen(pid, EXECVE, parameters)


def container(full_id: str, labels: Mapping[str, str]) -> Seen:
    """The container plugin has learnt what a container is; `labels` are those of Kubernetes."""
    known = {"id": full_id[:12], "full_id": full_id, "name": "it", "type": CRI, "labels": labels, "lookup_state": 1}
    return Seen(1, CONTAINER, (text(json.dumps({"container": known})),))


def _block(kind: int, body: bytes) -> bytes:
    body += bytes(-len(body) % 4)
    length = struct.pack("<I", len(body) + 12)
    return struct.pack("<I", kind) + length + body + length


def _event(number: int, seen: Seen) -> bytes:
    """Of the capturing processor 0."""
    width = "I" if seen.kind in _LARGE_PAYLOAD else "H"
    lengths = struct.pack(f"<{len(seen.parameters)}{width}", *map(len, seen.parameters))
    size = 26 + len(lengths) + sum(map(len, seen.parameters))
    header = struct.pack("<QQIHI", _START + number, seen.thread, size, seen.kind, len(seen.parameters))
    return struct.pack("<H", 0) + header + lengths + b"".join(seen.parameters)
