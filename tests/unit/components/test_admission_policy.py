"""The admission policy of the response: which permissions it knows, where it stands, and which clusters lack it.

What an API server makes of it: tests/attacks/test_permissions.py.
"""

import asyncio
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from components.response.admission_policy import CHECKS, OPERATIONS, policy_spec, too_old, writes
from components.sensors.existing_objects import UnsupportedError, check_policies
from falco_firelens.responder.actions.registry import ACTIONS
from falco_firelens.responder.guards import NAMESPACES
from falco_firelens.responder.permissions import needs
from falco_firelens.settings import SettingsError
from tests.serving import serving
from tests.unit.components.cloud import Account, Deployed, deploy
from tests.unit.components.stacks import CREATED, EKS, OWN, account
from tests.unit.components.test_existing_objects import NOT_FOUND, kubeconfig

READS = {"get", "list", "watch"}
NAME = "falco-firelens-responder"


def response(*actions: str, **keys: object) -> dict[str, Any]:
    return {"playbooks": [{"name": "contain", "actions": {action: {} for action in actions}}], **keys}


def policies(stack: Deployed) -> dict[str, Any]:
    """The policies' specs, by the component that each is in."""
    return {item.name: item.inputs["spec"] for item in stack.of("ValidatingAdmissionPolicy")}


def test_the_policy_knows_every_permission_to_write() -> None:
    """An action that writes anything else has a line in `CHECKS` and an attack in tests/attacks/test_permissions.py."""
    assert {need for need in needs(ACTIONS) if need[2] not in READS} == writes() == CHECKS.keys()
    assert {verb for _, _, verb in needs(ACTIONS)} <= READS | OPERATIONS.keys()


def test_what_is_written_is_matched_with_all_that_belongs_to_it() -> None:
    spec = policy_spec("true")
    assert spec["failurePolicy"] == "Fail"
    matched = {(rule["apiGroups"][0], *rule["resources"]) for rule in spec["matchConstraints"]["resourceRules"]}
    assert matched == {(group, resource, f"{resource}/*") for group, resource, _ in writes()}
    assert {operation for rule in spec["matchConstraints"]["resourceRules"] for operation in rule["operations"]} == {
        "*"
    }
    (protected,) = [one for one in spec["validations"] if one["message"].startswith("no playbook writes in")]
    assert all(f'"{namespace}"' in protected["expression"] for namespace in NAMESPACES)


def test_each_cluster_that_the_function_may_write_in_has_a_policy_before_it_may() -> None:
    stack = deploy({**CREATED, "response": response("isolate")}, account())
    identity = {name: spec["matchConditions"][0]["expression"] for name, spec in policies(stack).items()}
    assert '"falco-firelens:responder" in request.userInfo.groups' in identity["web-response"]
    assert '"system:serviceaccount:falco:falco-firelens-responder"' in identity["own-response"]
    for name in identity:
        binding = stack.one("ValidatingAdmissionPolicyBinding", name)
        assert binding.inputs["spec"] == {"policyName": NAME, "validationActions": ["Deny"]}
        assert {binding.urn, stack.one("ValidatingAdmissionPolicy", name).urn} <= stack.one(
            "ClusterRoleBinding", name
        ).dependencies


def test_a_cluster_is_without_a_policy_only_where_the_stack_file_says_so() -> None:
    stack = deploy({**CREATED, "response": response("isolate", withoutAdmissionPolicy=["own"])}, account())
    assert list(policies(stack)) == ["web-response"]
    assert {item.name for item in stack.of("ClusterRole")} == {"web-response", "own-response"}
    assert not policies(deploy({**CREATED, "response": response("notify")}, account()))


def test_an_old_eks_cluster_is_named_before_anything_is_made() -> None:
    old = {**EKS, "create": {"endpointAccess": "private", "version": "1.29"}}
    adopted = {"name": "pods", "platform": "eks", "existing": {"name": "Prod"}}
    found = Account().with_eks("Prod", version="1.28")
    with pytest.raises(SettingsError) as caught:
        deploy({"clusters": [old, adopted], "response": response("isolate")}, found)
    first, second = (line.partition(": ")[2] for line in str(caught.value).splitlines())
    assert first.startswith("clusters[0].create.version: found Kubernetes 1.29, expected Kubernetes 1.30 or newer")
    assert second.startswith("clusters[1].existing.name: found Kubernetes 1.28, expected")
    assert "or pods in response.withoutAdmissionPolicy, to deploy without it" in second
    without = response("isolate", withoutAdmissionPolicy=["web", "pods"])
    assert not policies(deploy({"clusters": [old, adopted], "response": without}, found))
    assert deploy({"clusters": [old, adopted], "response": response("notify")}, found), "which calls no cluster"


@pytest.mark.parametrize(
    ("version", "old"), [("1.9", True), ("1.29", True), ("1.30", False), ("1.35", False), ("2.0", False)]
)
def test_versions_are_compared_as_numbers(version: str, old: bool) -> None:
    assert too_old(version) is old


class ApiServer(BaseHTTPRequestHandler):
    """Answers as an API server does for an object that is not there, or for a kind that it does not know."""

    known = True

    def do_GET(self) -> None:
        details = {"name": NAME, "group": "admissionregistration.k8s.io", "kind": "validatingadmissionpolicies"}
        body = json.dumps({**json.loads(NOT_FOUND), "details": details if self.known else {}}).encode()
        self.send_response(404)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Print nothing."""


@pytest.fixture
def server(request: pytest.FixtureRequest) -> Iterator[str]:
    handler = type("Handler", (ApiServer,), {"known": request.param})
    listening = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    with serving(listening, threading.Event()):
        yield f"http://127.0.0.1:{listening.server_port}"


def look(server: str) -> None:
    new = {"metadata": {"name": NAME}}
    asyncio.run(check_policies(kubeconfig(server), None, new, expected="what to do"))


@pytest.mark.parametrize("server", [True], indirect=True)
def test_an_api_server_that_knows_policies_is_let_be(server: str) -> None:
    look(server)


@pytest.mark.parametrize("server", [False], indirect=True)
def test_an_old_api_server_is_named(server: str) -> None:
    with pytest.raises(UnsupportedError, match=r"found an API server without ValidatingAdmissionPolicy .* what to do"):
        look(server)


def test_only_a_cluster_whose_version_nobody_knows_is_asked() -> None:
    stack = deploy({**CREATED, "response": response("isolate")}, account())
    hooks = {name: stack.one("ValidatingAdmissionPolicy", f"{name}-response").before_create for name in ("web", "own")}
    assert hooks == {"web": (), "own": ("own-response-policy",)}
    assert OWN["name"] == "own"
