"""Runs the rendered script in LuaJIT with records as Fluent Bit's inputs make them, and a clock that tests turn."""

import json
from collections.abc import Iterable
from typing import Any, cast

from lupa.luajit21 import LuaRuntime

from falco_firelens.contract import Platform
from falco_firelens.sensor import firelens, fluent_bit
from falco_firelens.sensor.events import LONGEST_EVENT
from falco_firelens.sensor.model import Pipeline
from tests.unit.sensor.clusters import pipeline

PART = 16_384
DIRECTORY = "/var/log/pods/falco_falco-7x2kq_4f1c/falco"
STAMP = "2026-11-24T10:11:12.123456789Z"


class Script:
    """One Fluent Bit. Texts go in and out as bytes."""

    def __init__(self, platform: Platform, destination: Pipeline | None = None) -> None:
        # A byte is a character of Latin-1, so that any bytes can pass.
        self._lua: Any = cast(Any, LuaRuntime)(encoding="latin-1", unpack_returned_tuples=True)
        self.now = 1_800_000_000
        self._lua.globals().os.time = lambda: self.now
        files = firelens.files if platform == "ecs" else fluent_bit.files
        self._lua.execute(files(destination or pipeline(platform))["event.lua"].encode().decode("latin-1"))

    def records(self, **record: object) -> list[dict[str, bytes]]:
        """What happens to one record."""
        given = {name: value.decode("latin-1") if isinstance(value, bytes) else value for name, value in record.items()}
        timestamp = self._lua.table(sec=1, nsec=2)
        code, time, made = self._lua.globals().make_event("falco", timestamp, self._lua.table_from(given))
        assert self._lua.globals().type(time) == "table", "anything else is an error in Fluent Bit's log"
        if code == -1:
            return []
        assert code == 1
        each = [made] if made["event"] else list(made.values())
        return [{name: str(value).encode("latin-1") for name, value in one.items()} for one in each]

    def events(self, **record: object) -> list[dict[str, Any]]:
        """The events of one record, which no output would cut."""
        made = [record["event"] for record in self.records(**record)]
        assert all(len(json.dumps(text.decode(errors="replace"))) <= LONGEST_EVENT + 2 for text in made)
        return [json.loads(text) for text in made]


class Log:
    """A container's log file that the script is given line by line."""

    def __init__(self, script: Script, name: str, offset: int = 0) -> None:
        self._script, self._path, self.offset = script, f"{DIRECTORY}/{name}", offset

    def add(self, flag: str, text: bytes, stream: str = "stdout") -> list[dict[str, Any]]:
        line = f"{STAMP} {stream} {flag} ".encode() + text
        made = self._script.events(path=self._path, offset=self.offset, log=line)
        self.offset += len(line) + 1
        return made

    def write(self, text: bytes) -> list[dict[str, Any]]:
        """A line in parts, as the runtime writes it."""
        *begin, end = parts(text)
        assert not [event for part in begin for event in self.add("P", part)]
        return self.add("F", end)


def parts(text: bytes) -> list[bytes]:
    return [text[start : start + PART] for start in range(0, len(text), PART)] or [b""]


def event(rule: str, output: str = "", number: int = 0) -> bytes:
    """A line as Falco prints it; the time is another for each number."""
    moment = f"2026-11-24T10:11:12.{number:09d}"
    return json.dumps(
        {
            "hostname": "node",
            "output": f"{moment}+0000: Critical {output}",
            "output_fields": {"evt.time.iso8601": 1, "proc.cmdline": output},
            "priority": "Critical",
            "rule": rule,
            "source": "syscall",
            "tags": ["x"],
            "time": f"{moment}Z",
        },
        separators=(",", ":"),
        ensure_ascii=False,
    ).encode()


def rules(events: Iterable[dict[str, Any]]) -> list[str]:
    return [cast(str, each["rule"]) for each in events]
