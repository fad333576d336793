"""Roles reach the local control plane `eks` as they reach an EKS cluster: by a signed token and an access entry."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from lightkube import ApiError
from lightkube.resources.core_v1 import Pod, Secret
from lightkube.resources.networking_v1 import NetworkPolicy

from components.response.cluster_access import GROUP, NAME
from falco_firelens.responder.clients import AwsClients, connect, eks_token
from falco_firelens.responder.configuration import Cluster
from falco_firelens.responder.environment import Environment
from falco_firelens.responder.permissions import needs, rules
from falco_firelens.responder.responder import Responder
from localcloud.aws.eks_identity.webhook import STAND_IN
from localcloud.cloud import LocalCloud
from localcloud.deployed import Deployed
from tests.local.response import Api
from tests.unit.responder.events import MemoryLedger, configuration, event, playbook
from tests.waiting import wait_for

pytestmark = pytest.mark.local

TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "lambda.amazonaws.com"}}],
}
EKS = Cluster("eks", "eks", "eks")


@pytest.fixture(scope="module")
def aws(local_cloud: LocalCloud) -> Deployed:
    return Deployed(local_cloud.layout)


@pytest.fixture(scope="module")
def cluster(aws: Deployed) -> Iterator[dict[str, Any]]:
    """The cluster that the local control plane stands for."""
    eks = aws.client("eks")
    given = {"roleArn": "arn:aws:iam::123456789012:role/eks", "resourcesVpcConfig": {"subnetIds": []}}
    eks.create_cluster(name="eks", accessConfig={"authenticationMode": "API"}, **given)
    yield eks.describe_cluster(name="eks")["cluster"]
    eks.delete_cluster(name="eks")


@pytest.fixture(scope="module")
def api(local_cloud: LocalCloud) -> Iterator[Api]:
    """Where the group of the response function may isolate pods, as components/response/cluster_access.py has it."""
    one = Api(local_cloud.layout)
    group = "rbac.authorization.k8s.io"
    role = {"apiVersion": f"{group}/v1", "kind": "ClusterRole", "metadata": {"name": NAME}}
    binding = {
        "apiVersion": f"{group}/v1",
        "kind": "ClusterRoleBinding",
        "metadata": {"name": NAME},
        "roleRef": {"apiGroup": group, "kind": "ClusterRole", "name": NAME},
        "subjects": [{"apiGroup": group, "kind": "Group", "name": GROUP}],
    }
    one.apply({**role, "rules": rules(needs(["isolate"]))}, binding)
    yield one
    # A stack with a response makes the same two.
    one.kubectl("delete", "clusterrole,clusterrolebinding", NAME)


@pytest.fixture
def role(aws: Deployed) -> Iterator[str]:
    """The ARN of a role with a path, which STS leaves out."""
    iam = aws.client("iam")
    made = iam.create_role(RoleName="answers", Path="/falco/", AssumeRolePolicyDocument=json.dumps(TRUST))
    yield made["Role"]["Arn"]
    iam.delete_role(RoleName="answers")


@pytest.fixture
def entry(aws: Deployed, cluster: dict[str, Any], role: str) -> Iterator[dict[str, Any]]:
    """The role's access entry."""
    eks = aws.client("eks")
    given = {"clusterName": cluster["name"], "principalArn": role}
    yield eks.create_access_entry(**given, kubernetesGroups=[GROUP])["accessEntry"]
    if role in eks.list_access_entries(clusterName=cluster["name"])["accessEntries"]:
        eks.delete_access_entry(**given)


@pytest.fixture
def clients(aws: Deployed, role: str, local_env: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> AwsClients:
    """The function's own way to AWS and the clusters, with the credentials that Lambda would give it."""
    given = aws.client("sts").assume_role(RoleArn=role, RoleSessionName="falco@response")["Credentials"]
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", given["AccessKeyId"])
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", given["SecretAccessKey"])
    monkeypatch.setenv("AWS_SESSION_TOKEN", given["SessionToken"])
    for name in ("AWS_ENDPOINT_URL", "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_CONFIG_FILE"):
        monkeypatch.setenv(name, local_env[name])
    return AwsClients()


def token(clients: AwsClients, name: str = "eks") -> str:
    return eks_token(boto3.Session(), clients.aws("sts"), name)


def status(api: Api, bearer: str) -> int:
    """What the API server answers to a question that the group may ask."""
    return answer_to(connect(**api.access(bearer)))


def answer_to(client: Any, kind: Any = Pod) -> int:
    with pytest.raises(ApiError) as caught:
        client.get(kind, "nobody", namespace="default")
    return caught.value.response.status_code


def test_describe_cluster_tells_where_the_local_control_plane_is(api: Api, cluster: dict[str, Any]) -> None:
    given = api.access("")
    assert cluster["endpoint"] == given["server"]
    assert cluster["certificateAuthority"]["data"] == given["certificate_authority"]


def test_the_creator_of_a_cluster_administers_it(
    api: Api, cluster: dict[str, Any], aws: Deployed, local_env: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_ENDPOINT_URL", "AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.setenv(name, local_env[name])
    creator = aws.client("sts").get_caller_identity()["Arn"]
    eks = aws.client("eks")

    assert eks.list_access_entries(clusterName="eks")["accessEntries"] == [creator]
    assert answer_to(AwsClients().kubernetes(EKS), Secret) == 404


@pytest.mark.parametrize(
    "access",
    [
        {"authenticationMode": "API", "bootstrapClusterCreatorAdminPermissions": False},
        {"authenticationMode": "API"},
    ],
)
def test_a_creator_is_let_in_unless_the_cluster_is_made_without(aws: Deployed, access: dict[str, Any]) -> None:
    eks = aws.client("eks")
    given = {"roleArn": "arn:aws:iam::123456789012:role/eks", "resourcesVpcConfig": {"subnetIds": []}}
    eks.create_cluster(name="other", accessConfig=access, **given)

    entries = eks.list_access_entries(clusterName="other")["accessEntries"]

    eks.delete_cluster(name="other")
    assert bool(entries) == access.get("bootstrapClusterCreatorAdminPermissions", True)


def test_other_clusters_stay_made_up(aws: Deployed, api: Api) -> None:
    eks = aws.client("eks")
    given = {"roleArn": "arn:aws:iam::123456789012:role/eks", "resourcesVpcConfig": {"subnetIds": []}}
    endpoint = eks.create_cluster(name="other", **given)["cluster"]["endpoint"]
    eks.delete_cluster(name="other")
    assert endpoint != api.access("")["server"]


@pytest.mark.usefixtures("entry")
def test_a_role_with_an_access_entry_may_do_what_its_group_may_and_no_more(api: Api, clients: AwsClients) -> None:
    client = clients.kubernetes(EKS)
    assert answer_to(client) == 404
    assert answer_to(client, Secret) == 403


@pytest.mark.usefixtures("entry")
def test_the_role_is_a_user_named_after_its_session(api: Api, clients: AwsClients) -> None:
    client = clients.kubernetes(EKS)
    with pytest.raises(ApiError, match=r'User "arn:aws:sts::123456789012:assumed-role/answers/falco-response"'):
        client.get(Secret, "anything", namespace="default")


@pytest.mark.usefixtures("entry")
def test_the_function_isolates_a_pod_through_its_own_clients(api: Api, clients: AwsClients) -> None:
    api.pods("shop/web-0")
    try:
        one = Responder(configuration(playbook(actions=["isolate"])), clients, MemoryLedger(), Environment())
        (answer,) = one.answer([event(pod="web-0", fields={"k8s.ns.name": "shop"})])
        assert [outcome.state for outcome in answer.outcomes] == ["done"]
        assert len(list(api.admin.list(NetworkPolicy, namespace="shop"))) == 1
    finally:
        api.clear("shop")


@pytest.mark.usefixtures("cluster")
def test_a_role_without_an_access_entry_is_nobody_and_the_log_says_why(api: Api, clients: AwsClients) -> None:
    assert answer_to(clients.kubernetes(EKS)) == 401
    log = (api.layout.log / "eks-apiserver.log").read_text()
    assert f"{STAND_IN}: no access entry of type STANDARD for arn:aws:iam::123456789012:role/answers" in log


@pytest.mark.usefixtures("entry")
def test_a_token_for_another_cluster_is_refused(api: Api, clients: AwsClients) -> None:
    assert status(api, token(clients, "other")) == 401
    assert status(api, token(clients)) == 404


@pytest.mark.usefixtures("entry")
@pytest.mark.parametrize(("age", "answered"), [(14, 404), (16, 401)])
def test_a_token_is_good_for_a_quarter_of_an_hour(
    age: int, answered: int, api: Api, clients: AwsClients, monkeypatch: pytest.MonkeyPatch
) -> None:
    then = datetime.now(UTC) - timedelta(minutes=age)
    monkeypatch.setattr("botocore.auth.get_current_datetime", lambda **_: then)
    assert status(api, token(clients)) == answered


@pytest.mark.usefixtures("entry")
def test_a_token_signed_with_other_credentials_is_refused(
    api: Api, clients: AwsClients, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_ACCESS_KEY_ID"):
        with monkeypatch.context() as patch:
            patch.setenv(name, "forged")
            assert status(api, token(clients)) == 401, name


@pytest.mark.usefixtures("entry")
def test_without_its_access_entry_a_role_is_soon_nobody(
    aws: Deployed, role: str, api: Api, clients: AwsClients
) -> None:
    good = token(clients)
    assert status(api, good) == 404
    aws.client("eks").delete_access_entry(clusterName="eks", principalArn=role)
    wait_for(lambda: status(api, good) == 401, "the end of the API server's memory")


def refused(call: Any, **given: Any) -> str:
    with pytest.raises(ClientError) as caught:
        call(**given)
    return str(caught.value)


def test_what_eks_refuses_of_access_entries_is_refused(aws: Deployed, entry: dict[str, Any], role: str) -> None:
    eks = aws.client("eks")
    who = {"clusterName": "eks", "principalArn": role}
    assert "already in use" in refused(eks.create_access_entry, **who)
    assert "invalid principal" in refused(eks.create_access_entry, clusterName="eks", principalArn=f"{role}-2")
    assert "cannot start with" in refused(eks.update_access_entry, **who, kubernetesGroups=["system:masters"])
    assert "could not be found" in refused(eks.describe_access_entry, clusterName="eks", principalArn=f"{role}-2")
    back = {"authenticationMode": "CONFIG_MAP"}
    assert "Unsupported" in refused(eks.update_cluster_config, name="eks", accessConfig=back)


def test_a_cluster_that_knows_only_its_config_map_has_no_access_entries(aws: Deployed, role: str) -> None:
    eks = aws.client("eks")
    given = {"roleArn": "arn:aws:iam::123456789012:role/eks", "resourcesVpcConfig": {"subnetIds": []}}
    eks.create_cluster(name="old", **given)
    try:
        who = {"clusterName": "old", "principalArn": role}
        assert "authentication mode must be set" in refused(eks.create_access_entry, **who)
        eks.update_cluster_config(name="old", accessConfig={"authenticationMode": "API_AND_CONFIG_MAP"})
        assert eks.create_access_entry(**who)["accessEntry"]["username"].endswith("/answers/{{SessionName}}")
    finally:
        eks.delete_cluster(name="old")
