"""One process of a function: serves one call at a time, and is kept warm for the next."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

from moto.logs.models import logs_backends

from localcloud.aws.functions.function import Answer, Function

BOOTSTRAP = Path(__file__).with_name("bootstrap.py")

LOADING_SECONDS = 60
"""How long loading the function may take. Lambda gives it ten seconds, and then the time of the first call."""


class Log:
    """A log stream of a function: one for each of its processes, as Lambda has it."""

    def __init__(self, function: Function) -> None:
        self._backend: Any = logs_backends[function.account][function.region]
        self._group = function.log_group
        self.stream = f"{datetime.now(UTC):%Y/%m/%d}/[$LATEST]{uuid.uuid4().hex}"
        self._backend.ensure_log_group(self._group)
        self._backend.create_log_stream(self._group, self.stream)

    def write(self, line: str) -> None:
        """Add a line. A log group that was deleted meanwhile, with its function, takes none."""
        event = {"timestamp": int(time.time() * 1000), "message": line}
        if line:
            with suppress(Exception):
                self._backend.put_log_events(self._group, self.stream, [event])


class FunctionProcess:
    """A running process. `credentials` are those of the function's role, in the names of the environment."""

    def __init__(self, function: Function, path: list[Path], endpoint: str, credentials: Mapping[str, str]) -> None:
        self.function = function
        self._log = Log(function)
        self._log.write(
            f"INIT_START a stand-in for Lambda: Python {sys.version.split()[0]} of this machine for {function.runtime}"
        )
        requests, ours = os.pipe()
        theirs, answers = os.pipe()
        try:
            self._process = subprocess.Popen(
                # Isolated and without site-packages: what the function does not bring is not there.
                [sys.executable, "-I", "-S", "-u", BOOTSTRAP, str(requests), str(answers), *map(str, path)],
                pass_fds=(requests, answers),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                env=_environment(function, self._log.stream, path[0], endpoint) | dict(credentials),
                cwd=path[0],
                start_new_session=True,
            )
        finally:
            os.close(requests)
            os.close(answers)
        self._requests: IO[str] = os.fdopen(ours, "w")
        self._answers: IO[str] = os.fdopen(theirs)
        self._printing = threading.Thread(target=self._copy, daemon=True)
        self._printing.start()
        self._killed = False
        self.last_called = time.monotonic()
        loaded = self._receive(LOADING_SECONDS)
        self.failed_to_load: Answer | None = None
        if loaded is None:
            self.failed_to_load = self._ended("while it was loading", LOADING_SECONDS)
        elif loaded["error"]:
            self.failed_to_load = Answer(json.dumps(loaded["error"]), failed=True)

    @property
    def alive(self) -> bool:
        """Whether it can serve another call."""
        return self._process.poll() is None and not self.failed_to_load

    def call(self, payload: str, identity: str) -> Answer:
        """Serve one call. A process that takes too long is killed, and so is what it has started."""
        seconds = self.function.seconds
        request = {"id": identity, "arn": self.function.arn, "deadline": time.time() + seconds, "payload": payload}
        with suppress(BrokenPipeError):
            self._requests.write(json.dumps(request) + "\n")
            self._requests.flush()
        answer = self._receive(seconds)
        self.last_called = time.monotonic()
        if answer is None:
            return self._ended(f"RequestId: {identity}", seconds)
        if "error" in answer:
            return Answer(json.dumps(answer["error"]), failed=True)
        return Answer(answer["result"])

    def kill(self) -> None:
        """End it now."""
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._printing.join(timeout=1)
        for pipe in (self._requests, self._answers):
            with suppress(OSError):
                pipe.close()

    def _receive(self, seconds: float) -> dict[str, Any] | None:
        """One answer; None when the process has ended, or was killed since it took longer."""
        timer = threading.Timer(seconds, self._expire)
        timer.daemon = True
        timer.start()
        try:
            line = self._answers.readline()
        finally:
            timer.cancel()
        return json.loads(line) if line.endswith("\n") else None

    def _expire(self) -> None:
        self._killed = True
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)

    def _ended(self, when: str, seconds: int) -> Answer:
        self.kill()
        if self._killed:
            kind, text = "Sandbox.Timedout", f"{when} Error: Task timed out after {seconds:.2f} seconds"
        else:
            status = self._process.returncode
            how = f"signal: {signal.Signals(-status).name}" if status < 0 else f"exit status {status}"
            kind, text = "Runtime.ExitError", f"{when} Error: Runtime exited with error: {how}"
        self._log.write(text)
        return Answer.error(kind, text)

    def _copy(self) -> None:
        """Copy what the process prints, line by line, to its log stream."""
        assert self._process.stdout
        with self._process.stdout as printed:
            for line in printed:
                self._log.write(line.decode(errors="replace").rstrip("\n"))


def _environment(function: Function, stream: str, package: Path, endpoint: str) -> dict[str, str]:
    """https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html#configuration-envvars-runtime"""
    return {
        **function.variables,
        "_HANDLER": function.handler,
        "AWS_REGION": function.region,
        "AWS_DEFAULT_REGION": function.region,
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_EXECUTION_ENV": f"AWS_Lambda_{function.runtime}",
        "AWS_LAMBDA_FUNCTION_NAME": function.name,
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.memory),
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_LOG_GROUP_NAME": function.log_group,
        "AWS_LAMBDA_LOG_STREAM_NAME": stream,
        "LAMBDA_TASK_ROOT": str(package),
        "LANG": "en_US.UTF-8",
        "PATH": os.defpath,
        "TZ": ":UTC",
    }
