"""The service of docs/embedding.md, asked for more at once than the machine can do at once."""

import asyncio
import json
from itertools import accumulate
from pathlib import Path

import httpx
import pytest

from examples.embedding.service import Caller, service
from tests.local.fleets import ADOPTED, Stacks
from tests.local.test_fleet import ONE, stacks

__all__ = ["stacks"]
pytestmark = pytest.mark.local

SETTINGS = {"account": ONE, "clusters": ADOPTED}
TOKEN = {"Authorization": "Bearer of-the-team"}


def caller(token: str) -> Caller | None:
    return Caller("team", ONE) if token == "of-the-team" else None


class Counted:
    """A `pulumi` on PATH that writes down when an engine begins and ends."""

    def __init__(self, folder: Path, path: str) -> None:
        self._log = folder / "engines"
        script = f"""#!/bin/sh
case " $* " in
*" --event-log "*) echo 1 >> {self._log} ;;
*) PATH={path} exec pulumi "$@" ;;
esac
PATH={path} pulumi "$@"
code=$?
echo -1 >> {self._log}
exit $code
"""
        (folder / "pulumi").write_text(script)
        (folder / "pulumi").chmod(0o755)
        self.path = f"{folder}:{path}"

    @property
    def most(self) -> int:
        """How many engines there were at a time."""
        return max(accumulate(map(int, self._log.read_text().split())))


@pytest.mark.parametrize("requests", [6, pytest.param(50, marks=pytest.mark.slow)])
def test_previews_asked_for_at_once_are_all_answered_by_few_engines(
    stacks: Stacks, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch, requests: int
) -> None:
    stacks.accounts.with_cluster(ONE)
    counted = Counted(tmp_path_factory.mktemp("counted"), stacks.env["PATH"])
    monkeypatch.setenv("PATH", counted.path)
    app = service(stacks.fleet(concurrency=2), caller)

    async def ask() -> list[httpx.Response]:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://service") as client:
            url = "/stacks/s{}/preview?region=eu-west-1"
            wanted = (
                client.post(url.format(index), headers=TOKEN, json=SETTINGS, timeout=None) for index in range(requests)
            )
            return await asyncio.gather(*wanted)

    answers = asyncio.run(ask())

    assert [answer.status_code for answer in answers] == [200] * requests
    results = [answer.json() for answer in answers]
    assert {result["status"] for result in results} == {"succeeded"}
    assert {result["stack"] for result in results} == {f"team.s{index}" for index in range(requests)}
    assert len({json.dumps(result["counts"]) for result in results}) == 1
    assert counted.most in (1, 2)


def test_an_update_is_told_as_it_goes(stacks: Stacks) -> None:
    stacks.write("team.a", ONE)
    app = service(stacks.fleet(), caller)

    async def ask() -> list[dict]:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://service") as client:
            told = await client.post("/stacks/a/up?region=eu-west-1", headers=TOKEN, json=SETTINGS, timeout=None)
        return [json.loads(line) for line in told.text.splitlines()]

    told = asyncio.run(ask())

    assert (told[0]["kind"], told[-1]["kind"], told[-1]["result"]["status"]) == ("started", "ended", "succeeded")
    assert any(event["kind"] == "step" and event["name"] == "events" for event in told)
