"""The stand-in for Lambda's runtime, in a moto process of its own: what runs, what is repeated, what is given up."""

import json
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from botocore.exceptions import ClientError

from localcloud.aws.functions.function import Function
from localcloud.aws.functions.runtime import Runtime
from localcloud.aws.functions.trusted import TrustedCode
from tests.local.functions import ACCOUNT, REGION, ROLE, Aws, Waiting, moto_of_its_own, packed
from tests.waiting import PATIENCE, ended, wait_for

pytestmark = pytest.mark.local


@pytest.fixture(scope="module")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Aws]:
    with moto_of_its_own(tmp_path_factory.mktemp("cloud")) as aws:
        yield aws


WHERE = """
import os, sys, boto3
def handle(event, context):
    identity = boto3.client("sts").get_caller_identity()
    left = context.get_remaining_time_in_millis()
    print("hello", event["name"])
    return {"account": identity["Account"], "arn": context.invoked_function_arn, "left": left, "pid": os.getpid(),
            "id": context.aws_request_id, "variable": os.environ["GREETING"], "home": os.environ.get("HOME"),
            "foreign": [path for path in sys.path if "site-packages" in path]}
"""


def test_runs_as_its_role_with_its_variables_and_stays_warm(aws: Aws) -> None:
    arn = aws.function("where", WHERE, Environment={"Variables": {"GREETING": "good day"}}, Timeout=PATIENCE)
    before = time.time()
    first, error = aws.invoke("where", {"name": "one"})
    took = time.time() - before
    assert error is None
    assert (first["account"], first["arn"], first["variable"]) == (ACCOUNT, arn, "good day")
    assert PATIENCE - took <= first["left"] / 1000 <= PATIENCE
    assert first["home"] is None and first["foreign"] == []
    second, _ = aws.invoke("where", {"name": "two"})
    assert second["pid"] == first["pid"] and second["id"] != first["id"]
    printed = aws.printed_until("where", "END", 2)
    assert {"hello one", "hello two", f"START RequestId: {first['id']} Version: $LATEST"} <= set(printed)
    assert "a stand-in for Lambda" in printed[0]


def test_new_code_runs_in_a_new_process_and_the_old_one_ends(aws: Aws) -> None:
    aws.function("changed", "import os\ndef handle(event, context): return [1, os.getpid()]")
    (version, pid), _ = aws.invoke("changed")
    assert version == 1
    code = aws.trust(packed({"main.py": "def handle(event, context): return 2"}))
    aws.client("lambda").update_function_code(FunctionName="changed", ZipFile=code)
    assert aws.invoke("changed") == (2, None)
    wait_for(lambda: ended(pid), "the process's end")


def test_a_process_that_nobody_calls_ends(aws: Aws, tmp_path: Path) -> None:
    code = packed({"main.py": "import os\ndef handle(*_): return os.getpid()"})
    trusted = tmp_path / "trusted"
    trusted.mkdir()
    (trusted / "idle").touch()
    runtime = Runtime(aws.deployer, tmp_path, TrustedCode(trusted))
    function = Function(
        name="idle",
        arn="arn:idle",
        account=ACCOUNT,
        region=REGION,
        role=ROLE,
        runtime="python3.13",
        handler="main.handle",
        seconds=10,
        memory=128,
        variables={},
        digest="idle",
        code=code,
        limit=1,
    )
    pid = int(runtime.call(function, "{}", wait=False).payload)
    runtime.end_idle()
    assert int(runtime.call(function, "{}", wait=False).payload) == pid
    runtime.end_idle(seconds=0)
    assert not psutil.pid_exists(pid)
    assert int(runtime.call(function, "{}", wait=False).payload) != pid
    runtime.forget(function.arn)


def test_code_that_nobody_here_has_built_does_not_run(aws: Aws, tmp_path: Path) -> None:
    marker = tmp_path / "ran"
    code = packed({"main.py": f"open({str(marker)!r}, 'w')\ndef handle(event, context): return 1"})
    aws.function("stranger", "def handle(event, context): return 1")
    aws.client("lambda").update_function_code(FunctionName="stranger", ZipFile=code)

    answer, error = aws.invoke("stranger")

    assert error and "expected a zip that this project has built" in answer["errorMessage"]
    assert not marker.exists()


def test_a_deleted_functions_process_ends(aws: Aws) -> None:
    aws.function("deleted", "import os\ndef handle(event, context): return os.getpid()")
    pid, _ = aws.invoke("deleted")
    assert psutil.pid_exists(pid)
    aws.client("lambda").delete_function(FunctionName="deleted")
    wait_for(lambda: ended(pid), "the process's end")


def test_a_library_that_the_package_lacks_is_missing(aws: Aws) -> None:
    aws.function("lacking", "import pydantic\ndef handle(event, context): return 1")
    said, error = aws.invoke("lacking")
    assert error == "Unhandled"
    assert said["errorType"] == "Runtime.ImportModuleError"
    assert said["errorMessage"] == "Unable to import module 'main': No module named 'pydantic'"
    assert f"[ERROR] Runtime.ImportModuleError: {said['errorMessage']}" in aws.printed_until("lacking", "[ERROR]")


def test_a_library_of_another_processor_is_replaced_by_the_same_version_or_said_to_be_missing(aws: Aws) -> None:
    from importlib.metadata import version

    def package(installed: str) -> dict[str, str | bytes]:
        module = "msgspec/_core.cpython-399-sparc.so"
        return {
            "main.py": "import msgspec\ndef handle(event, context): return msgspec.__version__",
            module: b"\x7fELF",
            "msgspec/__init__.py": "from . import _core",
            f"msgspec-{installed}.dist-info/RECORD": f"{module},,\nmsgspec/__init__.py,,\n",
        }

    here = version("msgspec")
    aws.function("replaced", package(here))
    assert aws.invoke("replaced") == (here, None)
    aws.function("foreign", package("0.0.1"))
    said, error = aws.invoke("foreign")
    assert error
    assert "msgspec/_core.cpython-399-sparc.so is compiled for another processor or Python" in said["errorMessage"]
    assert here in said["errorMessage"]


def test_a_call_that_takes_too_long_is_killed(aws: Aws, tmp_path: Path) -> None:
    code = f"import os\nprint('process', os.getpid())\ndef handle(event, context): {Waiting(tmp_path).code}"
    aws.function("endless", code, Timeout=1)
    said, error = aws.invoke("endless")
    assert error and said["errorType"] == "Sandbox.Timedout"
    assert said["errorMessage"].endswith("Task timed out after 1.00 seconds")
    printed = aws.printed_until("endless", "process ")
    assert any("Task timed out" in line for line in printed)
    assert [ended(int(line.split()[1])) for line in printed if line.startswith("process ")] == [True]


def test_a_crash_ends_its_process_alone(aws: Aws) -> None:
    aws.function("dying", "import os\ndef handle(event, context): return os._exit(3) if event else os.getpid()")
    first, _ = aws.invoke("dying")
    said, error = aws.invoke("dying", "crash")
    assert error and said["errorType"] == "Runtime.ExitError" and said["errorMessage"].endswith("exit status 3")
    assert ended(first)
    second, error = aws.invoke("dying")
    assert error is None and second != first


def test_no_more_calls_at_a_time_than_are_reserved(aws: Aws, tmp_path: Path) -> None:
    waiting = Waiting(tmp_path)
    aws.function("scarce", f"def handle(event, context): {waiting.code}")
    aws.client("lambda").put_function_concurrency(FunctionName="scarce", ReservedConcurrentExecutions=1)
    aws.client("lambda").invoke(FunctionName="scarce", InvocationType="Event", Payload="{}")
    wait_for(lambda: aws.begun("scarce"), "the call")
    with pytest.raises(ClientError, match="TooManyRequests"):
        aws.client("lambda", retries={"total_max_attempts": 1}).invoke(FunctionName="scarce", Payload="{}")


def test_a_log_group_calls_with_what_matches_and_does_not_wait(aws: Aws, tmp_path: Path) -> None:
    waiting = Waiting(tmp_path)
    code = f"""
import base64, gzip, json
def handle(event, context):
    batch = json.loads(gzip.decompress(base64.b64decode(event["awslogs"]["data"])))
    messages = [one["message"] for one in batch["logEvents"]]
    if "last" not in messages[0]:
        {waiting.code}
    print("got", batch["logGroup"], batch["logStream"], messages)
"""
    arn, group = aws.function("subscribed", code), aws.group("/events")
    aws.subscribe(group, arn, '{ $.source != "internal" }')
    event, heartbeat, last = '{"source": "syscall"}', '{"source": "internal"}', '{"source": "last"}'
    aws.write(group, event, heartbeat)
    wait_for(lambda: aws.begun("subscribed"), "the call, which has not ended though the writing has")
    waiting.go_on()
    wait_for(lambda: f"got /events s {[event]}" in aws.printed("subscribed"), "the event")
    aws.write(group, heartbeat)
    aws.write(group, last)
    wait_for(lambda: f"got /events s {[last]}" in aws.printed("subscribed"), "the last event")
    assert aws.begun("subscribed") == 2, "nothing is called for what does not match"


def test_without_permission_a_log_group_cannot_call(aws: Aws) -> None:
    arn, group = aws.function("closed", "def handle(event, context): return 1"), aws.group("/closed")
    with pytest.raises(ClientError, match="given CloudWatch Logs permission"):
        aws.client("logs").put_subscription_filter(
            logGroupName=group, filterName="f", filterPattern="", destinationArn=arn
        )
    aws.subscribe(group, arn)
    aws.client("lambda").remove_permission(FunctionName="closed", StatementId="logs")
    aws.write(group, "first")
    aws.client("lambda").add_permission(
        FunctionName="closed", StatementId="again", Action="lambda:InvokeFunction", Principal="logs.amazonaws.com"
    )
    aws.write(group, "second")
    aws.printed_until("closed", "END")
    assert aws.begun("closed") == 1


def test_a_call_that_goes_on_failing_is_repeated_twice_and_told_to_the_destination(aws: Aws) -> None:
    code = """
def handle(event, context):
    print("id", context.aws_request_id)
    raise KeyError("x")
"""
    arn, group, (url, queue) = aws.function("failing", code), aws.group("/failing"), aws.queue("failed")
    aws.client("lambda").put_function_event_invoke_config(
        FunctionName="failing", MaximumRetryAttempts=2, DestinationConfig={"OnFailure": {"Destination": queue}}
    )
    aws.subscribe(group, arn)
    aws.write(group, '{"a": 1}')
    record = aws.receive(url)
    assert record["requestContext"]["condition"] == "RetriesExhausted"
    assert record["requestContext"]["approximateInvokeCount"] == 3
    assert record["requestContext"]["functionArn"] == f"{arn}:$LATEST"
    assert list(record["requestPayload"]) == ["awslogs"]
    assert record["responsePayload"]["errorType"] == "KeyError"
    printed = aws.printed_until("failing", "END", 3)
    assert [line for line in printed if line.startswith("id")] == [f"id {record['requestContext']['requestId']}"] * 3
    assert "[ERROR] KeyError: 'x'" in printed


def test_of_a_batch_only_what_failed_comes_again_and_ends_in_the_dead_letter_queue(aws: Aws) -> None:
    dead_url, dead = aws.queue("dead")
    redrive = json.dumps({"deadLetterTargetArn": dead, "maxReceiveCount": 2})
    url, queue = aws.queue("work", VisibilityTimeout=str(PATIENCE), RedrivePolicy=redrive)
    code = """
def handle(event, context):
    failed = []
    for record in event["Records"]:
        print("body", record["body"], record["attributes"]["ApproximateReceiveCount"])
        if record["body"] == '"bad"':
            print("again", record["receiptHandle"])
            failed.append({"itemIdentifier": record["messageId"]})
    return {"batchItemFailures": failed}
"""
    aws.function("working", code)
    sqs = aws.client("sqs")
    for body in ("good", "bad"):
        sqs.send_message(QueueUrl=url, MessageBody=json.dumps(body))
    aws.client("lambda").create_event_source_mapping(
        FunctionName="working", EventSourceArn=queue, BatchSize=10, FunctionResponseTypes=["ReportBatchItemFailures"]
    )

    def failed(times: int) -> str:
        """The receipt of what has failed for the last time, once it has so often."""
        found = [line.split()[1] for line in aws.printed("working") if line.startswith("again")]
        return found[-1] if len(found) == times else ""

    for times in (1, 2):
        receipt = wait_for(lambda times=times: failed(times), "a failure")
        sqs.change_message_visibility(QueueUrl=url, ReceiptHandle=receipt, VisibilityTimeout=0)  # the time is over
    assert aws.receive(dead_url) == "bad"
    printed = [line for line in aws.printed_until("working", "END", 2) if line.startswith("body")]
    assert sorted(printed) == ['body "bad" 1', 'body "bad" 2', 'body "good" 1']


def test_a_queue_that_shows_a_message_again_before_the_function_has_to_be_done_is_refused(aws: Aws) -> None:
    _, queue = aws.queue("hasty", VisibilityTimeout="2")
    aws.function("slow", "def handle(event, context): pass", Timeout=3)
    with pytest.raises(ClientError, match="Queue visibility timeout: 2 seconds is less than Function timeout: 3 sec"):
        aws.client("lambda").create_event_source_mapping(FunctionName="slow", EventSourceArn=queue)
    assert aws.client("lambda").list_event_source_mappings(FunctionName="slow")["EventSourceMappings"] == []


def test_a_process_ends_with_moto_whatever_it_is_doing(tmp_path: Path) -> None:
    with moto_of_its_own(tmp_path) as aws:
        busy_when_moto_is_killed(aws, tmp_path)


def busy_when_moto_is_killed(aws: Aws, folder: Path) -> None:
    code = f"import os\ndef handle(event, context):\n    print(os.getpid())\n    {Waiting(folder).code}"
    aws.function("busy", code)
    aws.client("lambda").invoke(FunctionName="busy", InvocationType="Event", Payload="{}")
    pid = wait_for(lambda: next((int(line) for line in aws.printed("busy") if line.isdigit()), 0), "the call")
    os.kill(aws.pid, signal.SIGKILL)
    wait_for(lambda: ended(pid), "the process's end")
