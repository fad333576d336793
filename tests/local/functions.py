"""A moto process of the local cloud's, with nothing else of it, for tests of functions."""

import io
import json
import time
import zipfile
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from localcloud.layout import Layout, Ports
from localcloud.moto import Moto
from localcloud.pipeline import self_signed
from localcloud.processes import Processes

ACCOUNT, REGION = "111111111111", "eu-west-1"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/function"


class Aws:
    """The AWS of a moto process, in an account that is not its default one."""

    def __init__(self, url: str, pid: int) -> None:
        self.url, self.pid = url, pid
        root: Any = boto3.Session("test", "test", region_name=REGION)
        given = root.client("sts", endpoint_url=url).assume_role(RoleArn=ROLE, RoleSessionName="test")["Credentials"]
        self._session: Any = boto3.Session(
            given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"], region_name=REGION
        )
        self.client("iam").create_role(RoleName="function", AssumeRolePolicyDocument="{}")

    def client(self, service: str, **config: Any) -> Any:
        return self._session.client(service, endpoint_url=self.url, config=Config(**config))

    def function(self, name: str, code: str | Mapping[str, str | bytes], **settings: Any) -> str:
        """Make a function out of the code of its module `main`, or of several files; its ARN."""
        return self.client("lambda").create_function(
            FunctionName=name,
            Runtime="python3.13",
            Handler="main.handle",
            Role=ROLE,
            Code={"ZipFile": packed({"main.py": code} if isinstance(code, str) else code)},
            **{"Timeout": 10, **settings},
        )["FunctionArn"]

    def invoke(self, name: str, event: object = None) -> tuple[Any, str | None]:
        """Call a function; what it returned, and what kind of error that is."""
        answer = self.client("lambda").invoke(FunctionName=name, Payload=json.dumps(event))
        return json.loads(answer["Payload"].read()), answer.get("FunctionError")

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

    def receive(self, url: str, seconds: float = 30) -> Any:
        """The next message of a queue, as JSON."""

        def message() -> Any:
            found = self.client("sqs").receive_message(QueueUrl=url).get("Messages", [])
            return found and found[0]

        return json.loads(until(message, seconds)["Body"])

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

    def write(self, group: str, *messages: str, stream: str = "s") -> float:
        """Write log events into a stream; how long that took, in seconds."""
        now, began = int(time.time() * 1000), time.monotonic()
        events = [{"timestamp": now, "message": message} for message in messages]
        self.client("logs").put_log_events(logGroupName=group, logStreamName=stream, logEvents=events)
        return time.monotonic() - began

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


def until(look: Callable[[], Any], seconds: float = 30) -> Any:
    """Wait until something is there."""
    end = time.monotonic() + seconds
    while not (found := look()):
        assert time.monotonic() < end, "it did not come"
        time.sleep(0.1)
    return found


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
        yield Aws(moto.url, found.pid)
    finally:
        processes.stop([moto.name])
        layout.forget_ports()
