"""The pack as CrossGuard calls it, and as the engine starts it."""

import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, get_args

import grpc
import psutil
import pytest
import yaml
from google.protobuf import empty_pb2
from pulumi.runtime.proto import analyzer_pb2, analyzer_pb2_grpc
from pulumi_policy import Policy, PolicyResource, PolicyResourceOptions, ResourceValidationArgs, StackValidationArgs
from pulumi_policy.proxy import UNKNOWN_STRING_VALUE, unknown_checking_proxy

from falco_firelens.policy.changes import POLICY
from falco_firelens.policy.configuration import PACK, pack_config
from falco_firelens.policy.pack import NAME, policies
from falco_firelens.policy.rules import RULES
from falco_firelens.settings import load
from falco_firelens.settings.policy import PolicyName
from tests.unit.policy.samples import KEY
from tests.waiting import PATIENCE, ended, wait_for

OPTIONS: Any = PolicyResourceOptions(False, [], None, [], None, [])
LOG_GROUP = "aws:cloudwatch/logGroup:LogGroup"
BUCKET = "aws:s3/bucket:Bucket"
APPS = {"clusters": [{"name": "apps", "platform": "ecs"}]}


def policy(name: str) -> Any:
    (found,) = [policy for policy in policies() if policy.name == name]
    return found


def reported(name: str, kind: str, props: Mapping[str, Any], config: Mapping[str, Any] | None = None) -> list[str]:
    """What a policy says of properties as the engine hands them over: proxies that raise at what is not known."""
    args = ResourceValidationArgs(kind, unknown_checking_proxy(dict(props)), "urn:it", "it", OPTIONS, None, config)
    said: list[str] = []
    policy(name).validate(args, lambda message, urn=None: said.append(message))
    return said


def in_stack(kind: str, name: str, props: dict[str, Any], origin: PolicyResource | None = None) -> PolicyResource:
    sources = {"bucket": [origin]} if origin else {}
    return PolicyResource(kind, unknown_checking_proxy(props), f"urn:{name}", name, OPTIONS, None, None, [], sources)


def test_a_violation_names_the_resource_what_was_found_and_what_to_write() -> None:
    assert reported("log-retention", LOG_GROUP, {"kmsKeyId": KEY}) == [
        "it: retentionInDays: found nothing, which is forever; write a number of days, such as 90"
    ]
    assert reported("log-retention", LOG_GROUP, {"retentionInDays": 7}) == []


def test_what_is_not_known_is_met_without_an_error() -> None:
    assert reported("encryption", LOG_GROUP, {"kmsKeyId": UNKNOWN_STRING_VALUE}) == []
    disk = {"ebs": {"encrypted": "true", "kmsKeyId": UNKNOWN_STRING_VALUE}}
    props = {"blockDeviceMappings": [UNKNOWN_STRING_VALUE, disk]}
    assert reported("encryption", "aws:ec2/launchTemplate:LaunchTemplate", props) == []


def test_the_configuration_of_a_policy_reaches_it() -> None:
    assert reported("required-tags", LOG_GROUP, {"tags": {}}, {"required": ["owner"]})
    assert not reported("required-tags", LOG_GROUP, {"tags": {}})


def test_a_stack_policy_sees_what_belongs_together() -> None:
    bucket = in_stack(BUCKET, "events", {})
    flags = dict.fromkeys(("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets"), True)
    kind = "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock"
    block = in_stack(kind, "block", {"bucket": UNKNOWN_STRING_VALUE, **flags}, bucket)
    said: list[tuple[str, str]] = []
    rule = policy("no-public-bucket")
    rule.validate(StackValidationArgs([bucket, block]), lambda message, urn=None: said.append((message, urn)))
    assert said == []
    rule.validate(StackValidationArgs([bucket]), lambda message, urn=None: said.append((message, urn)))
    assert [(message.partition(":")[0], urn) for message, urn in said] == [("events", "urn:events")]


def test_the_stack_file_knows_every_policy_by_name() -> None:
    assert set(get_args(PolicyName)) == {POLICY, *(rule.name for rule in RULES)}


def test_names_and_descriptions_are_crossguards() -> None:
    known: list[Policy] = policies()
    assert len({policy.name for policy in known}) == len(known) == len(RULES)
    assert all(rule.description.endswith(".") for rule in RULES)
    project = yaml.safe_load((PACK.parent / "PulumiPolicy.yaml").read_text())
    assert (project["runtime"]["name"], project["runtime"]["options"]["virtualenv"]) == ("python", "../../.venv")


def test_the_stack_file_says_the_levels() -> None:
    config = pack_config(load(APPS, file="", root=Path()))
    assert config.pop("required-tags") == {"enforcementLevel": "mandatory", "required": []}
    assert config.pop("pinned-images") == {"enforcementLevel": "mandatory", "byDigest": False}
    admitting = {"enforcementLevel": "mandatory", "accounts": [], "ownAccount": False}
    assert config.pop("no-public-principal") == admitting
    assert set(config.values()) == {"mandatory"} and len(config) == len(RULES) - 3


def test_the_stack_file_says_which_accounts_are_known() -> None:
    spoke = {"bucketArn": "arn:aws:s3:::central", "kmsKeyArn": "arn:aws:kms:eu-west-1:444455556666:key/x"}
    values = {**APPS, "account": "111122223333", "spoke": spoke}
    admitting: Any = pack_config(load(values, file="", root=Path()))["no-public-principal"]
    assert admitting["accounts"] == ["111122223333", "444455556666"]
    assert admitting["ownAccount"] is True


def test_a_policy_may_only_tell() -> None:
    tags = {"tags": {"stage": "test"}, "policy": {"advisory": ["imdsv2", "required-tags"], "requiredTags": ["owner"]}}
    config = pack_config(load({**APPS, **tags}, file="", root=Path()))
    assert (config["imdsv2"], config["encryption"]) == ("advisory", "mandatory")
    assert config["required-tags"] == {"enforcementLevel": "advisory", "required": ["owner", "stage"]}
    by_digest = pack_config(load({**APPS, "policy": {"imagesByDigest": True}}, file="", root=Path()))
    assert by_digest["pinned-images"] == {"enforcementLevel": "mandatory", "byDigest": True}
    all_advisory = pack_config(load({**APPS, "policy": {"enforcement": "advisory"}}, file="", root=Path()))
    assert all_advisory["encryption"] == "advisory"


STARTED_BY = {
    "the engine itself": [str(PACK), "127.0.0.1:1"],
    "the language host": [sys.executable, "-u", "-m", "pulumi.policy", "127.0.0.1:1", str(PACK.parent)],
}
"""The second is what the language host of a recent Pulumi runs for `--policy-pack policy`."""


@pytest.fixture(params=STARTED_BY)
def analyzer(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[analyzer_pb2_grpc.AnalyzerStub]:
    with subprocess.Popen(STARTED_BY[request.param], cwd=tmp_path, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        try:
            with grpc.insecure_channel(f"127.0.0.1:{int(process.stdout.readline())}") as channel:
                yield analyzer_pb2_grpc.AnalyzerStub(channel)
        finally:
            process.kill()


def test_the_engine_can_start_it_in_both_ways(analyzer: analyzer_pb2_grpc.AnalyzerStub) -> None:
    info = analyzer.GetAnalyzerInfo(empty_pb2.Empty(), timeout=PATIENCE)
    assert info.name == NAME
    assert {policy.name: policy.enforcementLevel for policy in info.policies} == {
        rule.name: analyzer_pb2.MANDATORY for rule in RULES
    }


def test_it_ends_when_its_engine_was_killed(tmp_path: Path) -> None:
    starts = f"import subprocess; subprocess.run({STARTED_BY['the engine itself']!r})"
    with subprocess.Popen([sys.executable, "-c", starts], cwd=tmp_path, stdout=subprocess.PIPE, text=True) as engine:
        assert engine.stdout and int(engine.stdout.readline())
        (pack,) = psutil.Process(engine.pid).children()
        engine.kill()
        try:
            wait_for(lambda: ended(pack.pid), "the pack's end")
        finally:
            with suppress(psutil.NoSuchProcess):
                pack.kill()
