"""A platform service around a fleet: `CALLERS=callers.json uvicorn --factory examples.embedding.service:service`."""

import asyncio
import hashlib
import json
import os
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from fastapi import Depends, FastAPI, HTTPException, Request
from fastapi.responses import StreamingResponse
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from falco_firelens.fleet import AssumedRole, Cancellation, Ended, Event, Fleet, FleetError, Stack

LARGEST_BODY = 2**20


@dataclass(frozen=True)
class Caller:
    """Who asks, and the one account that they may deploy into. A name has no dot: what is before it is the caller's."""

    name: str
    account: str


Authenticate = Callable[[str], Caller | None]
"""Finds the caller that a bearer token is of. A service of your own asks its identity provider here."""


def callers_in(file: Path) -> Authenticate:
    """Callers by the SHA-256 of their tokens: `{"9f86d0…": {"name": "payments", "account": "111122223333"}}`."""
    known = {digest: Caller(**caller) for digest, caller in json.loads(file.read_text()).items()}
    return lambda token: known.get(hashlib.sha256(token.encode()).hexdigest())


def service(fleet: Fleet | None = None, authenticate: Authenticate | None = None) -> FastAPI:
    role = "arn:aws:iam::{}:role/falco-firelens-deploy"
    fleet = fleet or Fleet(credentials=lambda stack: AssumedRole(role.format(stack.account)))
    find = authenticate or callers_in(Path(os.environ["CALLERS"]))
    app = FastAPI()

    def caller(token: Annotated[HTTPAuthorizationCredentials, Depends(HTTPBearer())]) -> Caller:
        found = find(token.credentials)
        if found is None:
            raise HTTPException(401, "no caller has this token")
        return found

    async def stack(name: str, region: str, request: Request, caller: Annotated[Caller, Depends(caller)]) -> Stack:
        settings = await body(request)
        if settings.get("account", caller.account) != caller.account:
            raise HTTPException(403, f"{caller.name} may not deploy into another account than {caller.account}")
        try:
            settings = {**settings, "account": caller.account}
            return await asyncio.to_thread(Stack.of, f"{caller.name}.{name}", region, settings, trusted=False)
        except FleetError as error:
            raise HTTPException(422, str(error)) from None

    @app.post("/stacks/{name}/preview")
    async def preview(stack: Annotated[Stack, Depends(stack)]) -> dict[str, Any]:
        (result,) = await asyncio.to_thread(fleet.preview, [stack])
        return result.as_dict()

    @app.post("/stacks/{name}/up")
    async def up(stack: Annotated[Stack, Depends(stack)]) -> StreamingResponse:
        return StreamingResponse(progress(fleet, stack), media_type="application/x-ndjson")

    return app


async def body(request: Request) -> dict[str, Any]:
    """Return the settings from a request's body, which is not read to its end if it is too large."""
    read = bytearray()
    async for chunk in request.stream():
        read += chunk
        if len(read) > LARGEST_BODY:
            raise HTTPException(413, f"more than {LARGEST_BODY} bytes")
    try:
        settings = json.loads(read)
    except (ValueError, RecursionError):
        settings = None
    if not isinstance(settings, dict):
        raise HTTPException(422, "expected a JSON object with the keys of a stack file")
    return settings


async def progress(fleet: Fleet, stack: Stack) -> AsyncIterator[str]:
    """One line of JSON an event; a client that goes away cancels the update."""
    events, loop, cancellation = asyncio.Queue[Event](), asyncio.get_running_loop(), Cancellation()
    forward = lambda event: loop.call_soon_threadsafe(events.put_nowait, event)  # noqa: E731
    work = asyncio.to_thread(fleet.up, [stack], on_progress=forward, cancellation=cancellation)
    task = asyncio.create_task(work)
    try:
        event: Event | None = None
        while not isinstance(event, Ended):
            event = await events.get()
            yield json.dumps(event.as_dict()) + "\n"
        await task
    finally:
        cancellation.request()
