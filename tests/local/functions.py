"""A moto process of the local cloud's, with nothing else of it, for tests of functions."""

import hashlib
import io
import json
import os
import time
import zipfile
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from localcloud.access_key import access_key
from localcloud.accounts import assumed
from localcloud.layout import Layout, Ports
from localcloud.moto import Moto
from localcloud.processes import Processes
from testbed import self_signed
from tests.waiting import PATIENCE, wait_for

ACCOUNT, REGION = "111111111111", "eu-west-1"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/function"


class Aws:
    """The AWS of a moto process, in an account that is not its default one."""

    def __init__(self, url: str, pid: int, layout: Layout) -> None:
        self.url, self.pid, self._trusted = url, pid, layout.trusted_code
        self.deployer = {**access_key(layout), "AWS_ENDPOINT_URL": url}
        given = assumed(self.deployer, ROLE, "test", REGION)
        self._session: Any = boto3.Session(*given.values(), region_name=REGION)
        self.client("iam").create_role(RoleName="function", AssumeRolePolicyDocument="{}")

    def client(self, service: str, **config: Any) -> Any:
        return self._session.client(service, endpoint_url=self.url, config=Config(**config))

    def function(self, name: str, code: str | Mapping[str, str | bytes], **settings: Any) -> str:
        """Make a function out of the code of its module `main`, or of several files; its ARN."""
        content = packed({"main.py": code} if isinstance(code, str) else code)
        self.trust(content)
        return self.client("lambda").create_function(
            FunctionName=name,
            Runtime="python3.13",
            Handler="main.handle",
            Role=ROLE,
            Code={"ZipFile": content},
            **{"Timeout": PATIENCE, **settings},
        )["FunctionArn"]

    def trust(self, content: bytes) -> bytes:
        """Let a zip run as a function's code; returns it."""
        self._trusted.mkdir(parents=True, exist_ok=True)
        (self._trusted / hashlib.sha256(content).hexdigest()).touch()
        return content

    def invoke(self, name: str, event: object = None) -> tuple[Any, str | None]:
        """Call a function; what it returned, and what kind of error that is."""
        answer = self.client("lambda").invoke(FunctionName=name, Payload=json.dumps(event))
        return json.loads(answer["Payload"].read()), answer.get("FunctionError")

    def begun(self, name: str) -> int:
        """How often a function was begun."""
        return sum(line.startswith("START") for line in self.printed(name))

    def printed_until(self, name: str, last: str, times: int = 1) -> list[str]:
        """Its log once so many lines begin so: what a function prints comes after its answer, as with Lambda."""
        wait_for(lambda: sum(line.startswith(last) for line in self.printed(name)) >= times, f"{last} in its log")
        return self.printed(name)

    def printed(self, name: str) -> list[str]:
        """Every line of a function's log, none where it was not called."""
        logs, group = self.client("logs"), f"/aws/lambda/{name}"
        if not logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"]:
            return []
        return [event["message"] for event in logs.filter_log_events(logGroupName=group)["events"]]

    def queue(self, name: str, **attributes: str) -> tuple[str, str]:
        """A queue's URL and ARN."""
        url = self.client("sqs").create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]
        return url, f"arn:aws:sqs:{REGION}:{ACCOUNT}:{name}"

    def receive(self, url: str) -> Any:
        """The next message of a queue, as JSON."""

        def message() -> Any:
            found = self.client("sqs").receive_message(QueueUrl=url).get("Messages", [])
            return found and found[0]

        return json.loads(wait_for(message, "a message")["Body"])

    def subscribe(self, group: str, arn: str, pattern: str = "") -> None:
        """Let a log group call a function."""
        source = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{group}:*"
        self.client("lambda").add_permission(
            FunctionName=arn,
            StatementId="logs",
            Action="lambda:InvokeFunction",
            Principal="logs.amazonaws.com",
            SourceArn=source,
            SourceAccount=ACCOUNT,
        )
        self.client("logs").put_subscription_filter(
            logGroupName=group, filterName="f", filterPattern=pattern, destinationArn=arn
        )

    def write(self, group: str, *messages: str, stream: str = "s") -> None:
        """Write log events into a stream."""
        now = int(time.time() * 1000)
        events = [{"timestamp": now, "message": message} for message in messages]
        self.client("logs").put_log_events(logGroupName=group, logStreamName=stream, logEvents=events)

    def group(self, name: str, stream: str = "s") -> str:
        """A log group with a stream."""
        self.client("logs").create_log_group(logGroupName=name)
        self.client("logs").create_log_stream(logGroupName=name, logStreamName=stream)
        return name


def packed(files: Mapping[str, str | bytes]) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return content.getvalue()


class Waiting:
    """What functions wait for that run `code`, until the test lets them go on."""

    def __init__(self, folder: Path) -> None:
        self._fifo = folder / "go-on"
        os.mkfifo(self._fifo)

    @property
    def code(self) -> str:
        return f"open({str(self._fifo)!r}).read()"

    def go_on(self) -> None:
        """Let all that wait go on: a writer that comes and goes is what opening and reading a FIFO wait for."""
        os.close(os.open(self._fifo, os.O_WRONLY | os.O_NONBLOCK))


@contextmanager
def moto_of_its_own(home: Path) -> Generator[Aws]:
    """The AWS of a local cloud, and nothing else of it."""
    layout = Layout(home)
    layout.tls.mkdir(parents=True)
    self_signed(layout.tls)
    processes = Processes(layout.processes, layout.log)
    moto = Moto(layout, processes, Ports.reserved(home))
    try:
        moto.start()
        found = processes.find(moto.name)
        assert found
        yield Aws(moto.url, found.pid, layout)
    finally:
        processes.stop([moto.name])
        layout.forget_ports()
