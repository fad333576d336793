"""Calls functions: finds or starts a process for each call, and never more than a function may have."""

import threading
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from moto.cloudwatch.models import cloudwatch_backends

from localcloud.accounts import assumed, client
from localcloud.aws import clock
from localcloud.aws.functions.function import Answer, Function, ThrottledError
from localcloud.aws.functions.package import PackageError, runtime_libraries, unpack
from localcloud.aws.functions.process import FunctionProcess
from localcloud.aws.functions.trusted import TrustedCode

IDLE_SECONDS = 300.0
"""How long a process waits for another call, as Lambda's do for some minutes."""


def _count(function: Function) -> None:
    """Write Lambda's metric of a call that is not throttled.

    https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html
    """
    name = {"Name": "FunctionName", "Value": function.name}
    now = datetime.fromtimestamp(clock.now(), UTC).replace(tzinfo=None)
    datum = {"MetricName": "Invocations", "Value": 1.0, "Timestamp": now, "Dimensions": [name]}
    cloudwatch: Any = cloudwatch_backends[function.account][function.region]
    cloudwatch.put_metric_data("AWS/Lambda", [datum])


@dataclass
class _Pool:
    """The processes of one function; those that are not busy wait for the next call."""

    changed: threading.Condition = field(default_factory=threading.Condition)
    idle: list[FunctionProcess] = field(default_factory=list[FunctionProcess])
    busy: int = 0


class Runtime:
    """All functions of a cloud.

    `deployer` is an environment with its AWS and somebody who may assume the functions' roles, `folder` where packages
    are unpacked.
    """

    def __init__(self, deployer: Mapping[str, str], folder: Path, trusted: TrustedCode) -> None:
        self._deployer, self._folder, self._trusted = deployer, folder.resolve(), trusted
        self._libraries = runtime_libraries(self._folder / "runtime")
        self._pools: dict[str, _Pool] = {}
        threading.Thread(target=self._end_idle, daemon=True).start()

    def call(self, function: Function, payload: str, *, wait: bool, identity: str | None = None) -> Answer:
        """Call a function. `payload` is JSON; with `wait` until it may have one more call.

        Raises:
            ThrottledError: it may not, and nobody waits.
        """
        if not function.runtime.startswith("python"):
            return Answer.error("LocalCloud.NotSupported", f"the stand-in runs Python, not {function.runtime}")
        pool = self._pools.setdefault(function.arn, _Pool())
        process = self._take(pool, function, wait=wait)
        _count(function)
        try:
            process = process or self._start(function)
            answer = process.failed_to_load or process.call(payload, identity or str(uuid.uuid4()))
        except (PackageError, OSError, BotoCoreError, ClientError) as error:
            answer = Answer.error("LocalCloud.NotStarted", str(error))
        finally:
            self._give_back(function.arn, pool, process)
        return answer

    def forget(self, arn: str) -> None:
        """End the processes of a function that is no more."""
        pool = self._pools.pop(arn, None)
        for process in pool.idle if pool else ():
            process.kill()

    def end_idle(self, seconds: float = IDLE_SECONDS) -> None:
        """End the processes that have waited for so long."""
        for pool in list(self._pools.values()):
            with pool.changed:
                waiting = [one for one in pool.idle if time.monotonic() - one.last_called >= seconds]
                pool.idle = [one for one in pool.idle if one not in waiting]
            for process in waiting:
                process.kill()

    def _end_idle(self) -> None:
        while True:
            time.sleep(IDLE_SECONDS / 10)
            self.end_idle()

    def client(self, function: Function, service: str) -> Any:
        """Return a boto3 client with the credentials of the function's role."""
        return client(service, {**self._deployer, **self._credentials(function)}, function.region)

    def _take(self, pool: _Pool, function: Function, *, wait: bool) -> FunctionProcess | None:
        """Return a process that waits, or None where one has to be started; those of older code end."""
        with pool.changed:
            while pool.busy >= function.limit:
                if not wait:
                    raise ThrottledError(f"{function.name}: {pool.busy} calls are under way")
                pool.changed.wait(timeout=1)
            old = [one for one in pool.idle if one.function != function or not one.alive]
            pool.idle = [one for one in pool.idle if one not in old]
            pool.busy += 1
            found = pool.idle.pop() if pool.idle else None
        for process in old:
            process.kill()
        return found

    def _give_back(self, arn: str, pool: _Pool, process: FunctionProcess | None) -> None:
        with pool.changed:
            pool.busy -= 1
            keep = process is not None and process.alive and self._pools.get(arn) is pool
            if process and keep:
                pool.idle.append(process)
            pool.changed.notify()
        if process and not keep:
            process.kill()

    def _start(self, function: Function) -> FunctionProcess:
        self._trusted.check(function.digest)
        package = unpack(function.code, self._folder / function.digest)
        endpoint = self._deployer["AWS_ENDPOINT_URL"]
        return FunctionProcess(function, [package, self._libraries], endpoint, self._credentials(function))

    def _credentials(self, function: Function) -> Mapping[str, str]:
        """Of the function's role, in its account: whose they are decides where a call acts."""
        return assumed(self._deployer, function.role, function.name, function.region)
