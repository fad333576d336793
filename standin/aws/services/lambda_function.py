"""Lambda: functions, whose code is the zip that the engine hands over as an archive."""

import base64
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar

from standin.aws import tags, wire
from standin.aws.check import Failure
from standin.aws.cloud import Region
from standin.aws.naming import AutoName
from standin.aws.resource import Defaults, Properties, Rename, Resource, changed

LATEST = "$LATEST"
SOURCES = ("code", "imageUri", "s3Bucket")
CODE = frozenset({*SOURCES, "architectures", "s3Key", "s3ObjectVersion", "sourceKmsKeyArn"})
"""The parameters of UpdateFunctionCode; everything else is configuration."""
CONFIGURATION = frozenset(
    {
        "deadLetterConfig",
        "description",
        "environment",
        "ephemeralStorage",
        "fileSystemConfig",
        "handler",
        "imageConfig",
        "kmsKeyArn",
        "layers",
        "loggingConfig",
        "memorySize",
        "role",
        "runtime",
        "snapStart",
        "timeout",
        "tracingConfig",
        "vpcConfig",
    }
)
EMPTY: Mapping[str, Any] = {
    "description": "",
    "environment": {"variables": {}},
    "kmsKeyArn": "",
    "layers": [],
    "vpcConfig": {"subnetIds": [], "securityGroupIds": []},
}
"""What removes a value that was given before and is not desired any more."""
KEPT = ("description", "environment", "handler", "layers", "memorySize", "role", "runtime", "timeout", "vpcConfig")
"""Of the configuration, what moto changes in place and returns; the rest stays as the program gave it."""
TAGGING = tags.Tagging(("list_tags", "Tags"), subject="Resource", keys="TagKeys", tags="Tags")


class Function(Resource):
    """A function; its id is its name."""

    token = "aws:lambda/function:Function"
    service = "lambda"
    autoname = AutoName(longest=64)
    create_only = frozenset({"name", "packageType", "tenancyConfig"})
    defaults: ClassVar[Defaults] = {
        "memorySize": 128,
        "packageType": "Zip",
        "publish": False,
        "reservedConcurrentExecutions": -1,
        "skipDestroy": False,
        "timeout": 3,
    }
    changing = frozenset(
        {
            "codeSha256",
            "lastModified",
            "qualifiedArn",
            "qualifiedInvokeArn",
            "sourceCodeHash",
            "sourceCodeSize",
            "version",
        }
    )
    nested_computed = frozenset({"vpcConfig.vpcId"})
    write_only = frozenset({"publish", "publishTo", "skipDestroy", "useResourceTimeoutForPropagation"})
    rename: ClassVar[Rename] = {
        "name": "functionName",
        "commands": "command",
        "entryPoints": "entryPoint",
        "fileSystemConfig": "fileSystemConfigs",
    }
    tagging = TAGGING

    def check(self, inputs: Properties) -> Iterator[Failure]:
        """One source of code, and of archives a zip that exists already."""
        given = [name for name in SOURCES if name in inputs]
        if len(given) != 1:
            yield Failure("code", f"exactly one of {', '.join(SOURCES)} must be given, not {len(given)}")
        if "publishTo" in inputs:
            yield Failure("publishTo", "is nothing that the stand-in knows")
        code = inputs.get("code", wire.UNKNOWN)
        if code != wire.UNKNOWN and not str(code.get("path", "")).endswith((".zip", ".jar")):
            yield Failure("code", "the stand-in takes a FileArchive of a .zip file and no other archive")

    def create(self, region: Region, inputs: Properties) -> str:
        self._find_subnets(region, inputs)
        desired = {name: value for name, value in inputs.items() if name not in CODE | {"code", "publish", "tags"}}
        answer = self.call(
            region,
            "create_function",
            desired,
            Code=_source(inputs),
            Publish=bool(inputs.get("publish")),
            **_architectures(inputs),
        )
        return answer["FunctionName"]

    def configure(self, region: Region, identity: str, inputs: Properties, old: Properties | None) -> None:
        """After a change configuration and code, which are two calls; reserved concurrency has its own."""
        client = self.client(region)
        configuration, code = (self._given(names, inputs) for names in (CONFIGURATION, CODE))
        if old is not None and changed(inputs, old, *configuration):
            self._find_subnets(region, inputs)
            gone = {name: value for name, value in EMPTY.items() if old.get(name) and name not in inputs}
            desired = {name: value for name, value in inputs.items() if name in CONFIGURATION}
            self.call(region, "update_function_configuration", {**gone, **desired}, FunctionName=identity)
        if old is not None and changed(inputs, old, *code):
            client.update_function_code(FunctionName=identity, **_source(inputs), **_architectures(inputs))
        if old is not None and inputs.get("publish") and changed(inputs, old, *configuration, *code, "publish"):
            client.publish_version(FunctionName=identity)
        if changed(inputs, old, "reservedConcurrentExecutions"):
            reserved = inputs.get("reservedConcurrentExecutions", -1)
            if reserved >= 0:
                client.put_function_concurrency(FunctionName=identity, ReservedConcurrentExecutions=reserved)
            elif old is not None:
                client.delete_function_concurrency(FunctionName=identity)

    def read(self, region: Region, identity: str, state: Properties) -> Properties | None:
        """Return configuration, concurrency, the newest version, and whether the code is still the archive's."""
        client = self.client(region)
        found = client.get_function(FunctionName=identity)["Configuration"]
        kept = {name: value for name, value in self.outputs(found).items() if name in KEPT}
        versions = client.list_versions_by_function(FunctionName=identity)["Versions"]
        version = versions[-1]["Version"] if versions and state.get("publish") else LATEST
        arn = found["FunctionArn"]
        reserved = client.get_function_concurrency(FunctionName=identity).get("ReservedConcurrentExecutions")
        return {
            **kept,
            **_network(region, found.get("VpcConfig") or {}),
            **_code(state.get("code"), found["CodeSha256"]),
            "architectures": found["Architectures"],
            "arn": arn,
            "codeSha256": found["CodeSha256"],
            "ephemeralStorage": state.get("ephemeralStorage") or {"size": found["EphemeralStorage"]["Size"]},
            "invokeArn": _invoke_arn(region, arn),
            "lastModified": found["LastModified"],
            "loggingConfig": {"logFormat": "Text", "logGroup": f"/aws/lambda/{identity}"},
            "name": identity,
            "packageType": found["PackageType"],
            "qualifiedArn": f"{arn}:{version}",
            "qualifiedInvokeArn": _invoke_arn(region, f"{arn}:{version}"),
            "reservedConcurrentExecutions": -1 if reserved is None else reserved,
            "responseStreamingInvokeArn": _invoke_arn(region, arn, "2021-11-15", "response-streaming-invocations"),
            "signingJobArn": "",
            "signingProfileVersionArn": "",
            "sourceCodeHash": found["CodeSha256"],
            "sourceCodeSize": found["CodeSize"],
            "tracingConfig": state.get("tracingConfig") or {"mode": found["TracingConfig"]["Mode"]},
            "version": version,
        }

    def delete(self, region: Region, identity: str, state: Properties) -> None:
        """Delete it with all versions, unless the program wants it kept."""
        if not state.get("skipDestroy"):
            self.client(region).delete_function(FunctionName=identity)

    def tag_subject(self, region: Region, identity: str, state: Properties) -> str:
        return region.arn("lambda", f"function:{identity}")

    def _given(self, names: frozenset[str], inputs: Properties) -> frozenset[str]:
        """Without what Lambda fills in where the program says nothing."""
        return names & (inputs.keys() | self.type.optional_outputs)

    def _find_subnets(self, region: Region, inputs: Properties) -> None:
        """Lambda looks for them, and says so when there is none; moto takes any."""
        subnets: list[str] = inputs.get("vpcConfig", {}).get("subnetIds", [])
        if subnets:
            region.client("ec2").describe_subnets(SubnetIds=subnets)


def _source(inputs: Properties) -> dict[str, Any]:
    if "code" in inputs:
        return {"ZipFile": Path(inputs["code"]["path"]).read_bytes()}
    names = {"imageUri": "ImageUri", "s3Bucket": "S3Bucket", "s3Key": "S3Key", "s3ObjectVersion": "S3ObjectVersion"}
    return {name: inputs[key] for key, name in names.items() if key in inputs}


def _architectures(inputs: Properties) -> dict[str, Any]:
    return {"Architectures": inputs["architectures"]} if "architectures" in inputs else {}


def _code(archive: dict[str, Any] | None, digest: str) -> Properties:
    """Return the archive's hash as Lambda has it: the engine's hash of a zip is its SHA-256, too, in hexadecimal."""
    return {} if archive is None else {"code": {**archive, "hash": base64.b64decode(digest).hex()}}


def _network(region: Region, found: Mapping[str, Any]) -> Properties:
    """Where it runs, with the VPC that the first subnet is in, which moto makes up."""
    subnets = found.get("SubnetIds")
    if not subnets:
        return {}
    vpc = region.client("ec2").describe_subnets(SubnetIds=subnets[:1])["Subnets"][0]["VpcId"]
    return {"vpcConfig": {"subnetIds": subnets, "securityGroupIds": found.get("SecurityGroupIds", []), "vpcId": vpc}}


def _invoke_arn(region: Region, arn: str, version: str = "2015-03-31", how: str = "invocations") -> str:
    return f"arn:{region.partition}:apigateway:{region.name}:lambda:path/{version}/functions/{arn}/{how}"


RESOURCES = (Function,)
