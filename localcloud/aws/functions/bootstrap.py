"""Runs in a function's own process: loads the handler, then answers one request after the other.

Nothing of the project is imported, only the standard library, and what the function brings. Requests and answers are
lines of JSON on two pipes whose numbers are the arguments; whatever the function prints is its log.
"""

import importlib
import json
import logging
import os
import queue
import sys
import threading
import time
import traceback
from collections.abc import Callable
from typing import Any

Handler = Callable[[Any, Any], Any]
Error = dict[str, Any]


class LambdaContext:
    """https://docs.aws.amazon.com/lambda/latest/dg/python-context.html"""

    identity = None
    client_context = None

    def __init__(self, request: dict[str, Any]) -> None:
        self.function_name = os.environ["AWS_LAMBDA_FUNCTION_NAME"]
        self.function_version = os.environ["AWS_LAMBDA_FUNCTION_VERSION"]
        self.memory_limit_in_mb = os.environ["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"]
        self.log_group_name = os.environ["AWS_LAMBDA_LOG_GROUP_NAME"]
        self.log_stream_name = os.environ["AWS_LAMBDA_LOG_STREAM_NAME"]
        self.invoked_function_arn: str = request["arn"]
        self.aws_request_id: str = request["id"]
        self._deadline: float = request["deadline"]

    def get_remaining_time_in_millis(self) -> int:
        """Until the process is killed."""
        return max(0, int((self._deadline - time.time()) * 1000))


def main(requests: int, answers: int, *path: str) -> None:
    """Load the handler and serve until the other end of the pipes is gone."""
    for pipe in (requests, answers):
        os.set_inheritable(pipe, False)
    sys.path[:0] = path
    logging.basicConfig(format="[%(levelname)s]\t%(message)s", stream=sys.stdout)
    received = queue.SimpleQueue[dict[str, Any]]()
    threading.Thread(target=_receive, args=(requests, received), daemon=True).start()
    with os.fdopen(answers, "w") as out:
        handler, error = _load(os.environ["_HANDLER"])
        _send(out, {"error": error})
        while handler:
            request = received.get()
            _send(out, _answer(handler, request))


def _receive(pipe: int, received: "queue.SimpleQueue[dict[str, Any]]") -> None:
    """End the process, whatever it is doing, when nobody is there any more who could ask."""
    with os.fdopen(pipe) as lines:
        for line in lines:
            received.put(json.loads(line))
    os._exit(0)


def _send(out: Any, answer: dict[str, Any]) -> None:
    sys.stdout.flush()
    sys.stderr.flush()
    out.write(json.dumps(answer) + "\n")
    out.flush()


def _load(name: str) -> tuple[Handler | None, Error | None]:
    module, _, attribute = name.rpartition(".")
    try:
        return getattr(importlib.import_module(module.replace("/", ".")), attribute), None
    except ImportError as error:
        return None, _error(error, "Runtime.ImportModuleError", f"Unable to import module '{module}': {error}")
    except AttributeError as error:
        text = f"Handler '{attribute}' missing on module '{module}'"
        return None, _error(error, "Runtime.HandlerNotFound", text)
    except Exception as error:
        return None, _error(error)


def _answer(handler: Handler, request: dict[str, Any]) -> dict[str, Any]:
    identity, started = request["id"], time.monotonic()
    print(f"START RequestId: {identity} Version: {os.environ['AWS_LAMBDA_FUNCTION_VERSION']}")
    try:
        # As text, so that a result which is no JSON is an error of the function.
        return {"result": json.dumps(handler(json.loads(request["payload"]), LambdaContext(request)))}
    except Exception as error:
        return {"error": {**_error(error), "requestId": identity}}
    finally:
        print(f"END RequestId: {identity}")
        print(f"REPORT RequestId: {identity} Duration: {(time.monotonic() - started) * 1000:.2f} ms")


def _error(error: BaseException, kind: str | None = None, text: str | None = None) -> Error:
    """Return what Lambda answers, also printed into the log."""
    described: Error = {
        "errorMessage": str(error) if text is None else text,
        "errorType": kind or type(error).__name__,
        "stackTrace": traceback.format_tb(error.__traceback__)[1:],
    }
    print(f"[ERROR] {described['errorType']}: {described['errorMessage']}")
    traceback.print_exception(error, file=sys.stdout)
    return described


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), *sys.argv[3:])
