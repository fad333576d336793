"""A platform service around a fleet: `uvicorn --factory examples.embedding.service:service`."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import Body, FastAPI
from fastapi.responses import StreamingResponse

from falco_firelens.fleet import AssumedRole, Cancellation, Ended, Event, Fleet, Stack


def service(fleet: Fleet | None = None) -> FastAPI:
    role = "arn:aws:iam::{}:role/falco-firelens-deploy"
    fleet = fleet or Fleet(credentials=lambda stack: AssumedRole(role.format(stack.account)))
    app = FastAPI()

    @app.post("/stacks/{name}/preview")
    async def preview(name: str, region: str, settings: Annotated[dict[str, Any], Body()]) -> dict[str, Any]:
        (result,) = await asyncio.to_thread(fleet.preview, [Stack.of(name, region, settings)])
        return result.as_dict()

    @app.post("/stacks/{name}/up")
    async def up(name: str, region: str, settings: Annotated[dict[str, Any], Body()]) -> StreamingResponse:
        stack = Stack.of(name, region, settings)
        return StreamingResponse(progress(fleet, stack), media_type="application/x-ndjson")

    return app


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
