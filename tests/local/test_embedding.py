"""The service of docs/embedding.md, asked for more at once than the machine can do at once."""

import asyncio
import json
from pathlib import Path

import httpx
import psutil
import pytest

from examples.embedding.service import service
from tests.local.fleets import ADOPTED, PROJECT, Stacks
from tests.local.test_fleet import ONE, stacks

__all__ = ["stacks"]
pytestmark = pytest.mark.local

REQUESTS = 50
SETTINGS = {"account": ONE, "clusters": ADOPTED}


def test_fifty_previews_asked_for_at_once_are_all_answered_by_few_engines(stacks: Stacks) -> None:
    stacks.accounts.with_cluster(ONE)
    app, most = service(stacks.fleet(concurrency=2)), 0

    async def watch() -> None:
        nonlocal most
        while True:
            # Direct ones only: what an engine starts has the engine's own command line until it becomes its program.
            engines = [child for child in psutil.Process().children() if _is_engine(child)]
            most = max(most, len(engines))
            await asyncio.sleep(0.5)

    async def ask() -> list[httpx.Response]:
        watching = asyncio.create_task(watch())
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://service") as client:
            url = "/stacks/s{}/preview?region=eu-west-1"
            wanted = (client.post(url.format(index), json=SETTINGS, timeout=None) for index in range(REQUESTS))
            answers = await asyncio.gather(*wanted)
        watching.cancel()
        return answers

    answers = asyncio.run(ask())

    assert [answer.status_code for answer in answers] == [200] * REQUESTS
    results = [answer.json() for answer in answers]
    assert {result["status"] for result in results} == {"succeeded"}
    assert {result["stack"] for result in results} == {f"s{index}" for index in range(REQUESTS)}
    assert len({json.dumps(result["counts"]) for result in results}) == 1
    assert 1 <= most <= 2


def test_an_update_is_told_as_it_goes_and_mistakes_of_settings_are_answered(stacks: Stacks) -> None:
    stacks.write("a", ONE)
    app = service(stacks.fleet())

    async def ask() -> tuple[list[dict], dict]:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://service") as client:
            told = await client.post("/stacks/a/up?region=eu-west-1", json=SETTINGS, timeout=None)
            wrong = await client.post("/stacks/a/preview?region=eu-west-1", json={"clusters": "none"}, timeout=None)
        return [json.loads(line) for line in told.text.splitlines()], wrong.json()

    told, wrong = asyncio.run(ask())

    assert (told[0]["kind"], told[-1]["kind"], told[-1]["result"]["status"]) == ("started", "ended", "succeeded")
    assert any(event["kind"] == "step" and event["name"] == "events" for event in told)
    assert wrong["error"]["kind"] == "InvalidSettings"
    assert "stack a: clusters: found" in wrong["error"]["message"]


def _is_engine(process: psutil.Process) -> bool:
    try:
        return process.name() == "pulumi" and "--event-log" in process.cmdline()
    except psutil.Error:
        return False


def test_the_document_shows_the_example_as_it_is() -> None:
    example = (PROJECT / "examples/embedding/service.py").read_text()

    assert f"```python\n{example}```" in Path(PROJECT / "docs/embedding.md").read_text()
