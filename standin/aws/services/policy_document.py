"""`aws.iam.getPolicyDocument`: a policy document's JSON out of typed statements."""

# pyright: reportUnknownVariableType=false, reportUnknownArgumentType=false, reportUnknownLambdaType=false

import json
import zlib
from collections.abc import Iterable
from typing import Any

from standin.aws.cloud import Region
from standin.aws.resource import Properties

VERSION = "2012-10-17"


def get_policy_document(region: Region, arguments: Properties) -> Properties:
    """Source documents first, then the statements, then overrides, which win by statement id."""
    document: Properties = {"Version": arguments.get("version", VERSION)}
    if "policyId" in arguments:
        document["Id"] = arguments["policyId"]
    statements: list[Properties] = []
    for text in [*_texts(arguments, "source")]:
        statements = _merge(statements, _as_list(json.loads(text).get("Statement", [])), replace=False)
    own = [_statement(one) for one in arguments.get("statements", ())]
    statements = _merge(statements, own, replace=True)
    for text in [*_texts(arguments, "override")]:
        statements = _merge(statements, _as_list(json.loads(text).get("Statement", [])), replace=True)
    document["Statement"] = statements
    text = json.dumps(document, indent=2)
    return {
        "id": str(zlib.crc32(text.encode())),
        "json": text,
        "minifiedJson": json.dumps(document, separators=(",", ":")),
    }


def _texts(arguments: Properties, kind: str) -> Iterable[str]:
    single = [arguments[f"{kind}Json"]] if f"{kind}Json" in arguments else []
    return [*single, *arguments.get(f"{kind}PolicyDocuments", ())]


def _merge(first: list[Properties], second: list[Properties], *, replace: bool) -> list[Properties]:
    ids = [one["Sid"] for one in second if one.get("Sid")]
    twice = sorted({str(one["Sid"]) for one in first if one.get("Sid") in ids})
    if twice and not replace:
        raise ValueError(f"statement ids occur twice: {', '.join(twice)}")
    return [one for one in first if one.get("Sid") not in ids] + second


def _statement(statement: Properties) -> Properties:
    result: Properties = {"Sid": statement["sid"]} if statement.get("sid") else {}
    result["Effect"] = statement.get("effect", "Allow")
    for name, key in (
        ("actions", "Action"),
        ("notActions", "NotAction"),
        ("resources", "Resource"),
        ("notResources", "NotResource"),
    ):
        if statement.get(name):
            result[key] = _collapse(sorted(statement[name], reverse=True))
    for name, key in (("principals", "Principal"), ("notPrincipals", "NotPrincipal")):
        if statement.get(name):
            result[key] = _principals(statement[name])
    if statement.get("conditions"):
        result["Condition"] = _conditions(statement["conditions"])
    return result


def _principals(principals: list[Properties]) -> Any:
    grouped: dict[str, list[str]] = {}
    for one in principals:
        grouped.setdefault(one["type"], []).extend(one["identifiers"])
    if grouped == {"*": ["*"]}:
        return "*"
    return {kind: _collapse(sorted(identifiers, reverse=True)) for kind, identifiers in grouped.items()}


def _conditions(conditions: list[Properties]) -> Properties:
    grouped: dict[str, dict[str, Any]] = {}
    for one in conditions:
        tests = grouped.setdefault(one["test"], {})
        tests[one["variable"]] = _collapse([*_as_list(tests.get(one["variable"], [])), *one["values"]])
    return grouped


def _collapse(values: list[str]) -> str | list[str]:
    return values[0] if len(values) == 1 else values


def _as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


FUNCTIONS = {"aws:iam/getPolicyDocument:getPolicyDocument": get_policy_document}
