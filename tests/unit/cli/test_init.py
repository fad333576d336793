"""`falco-firelens init`: botocore's models judge each call, and what AWS could answer to it."""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import boto3
import pytest
import yaml
from botocore.stub import Stubber
from hypothesis import example, given
from hypothesis import strategies as st

from falco_firelens.cli import COMMANDS, main
from falco_firelens.settings import read_stack_file
from falco_firelens.settings.types import ClusterName
from falco_firelens.settings.validation.matching import Matching
from falco_firelens.setup import account as setup
from falco_firelens.setup.account import AccountError, Adoptable, Inventory, look
from falco_firelens.setup.stack_file import valid_name

ACCOUNT, REGION = "111122223333", "eu-west-1"
ISSUER = f"https://oidc.eks.{REGION}.amazonaws.com/id/0123456789ABCDEF"
IDENTITY = ("get_caller_identity", {"Account": ACCOUNT}, {})
Answers = Mapping[str, list[tuple[str, Any, Any]]]
"""By service: operation, what AWS answers or the code of an error, and what is asked."""


@pytest.fixture
def stubbed() -> Iterator[Callable[[Answers], Inventory]]:
    """Look for clusters in an account that answers these and nothing else, in this order."""
    with ExitStack() as stack:

        def run(answers: Answers) -> Inventory:
            keys = {"aws_access_key_id": "x", "aws_secret_access_key": "x", "region_name": REGION}
            clients = {service: boto3.client(service, **keys) for service in ("sts", "eks", "ecs", "iam")}
            stubs = {service: stack.enter_context(Stubber(client)) for service, client in clients.items()}
            for service, expected in answers.items():
                for operation, answer, asked in expected:
                    if isinstance(answer, str):
                        stubs[service].add_client_error(operation, answer, "no", expected_params=asked)
                    else:
                        stubs[service].add_response(operation, answer, asked)
            found = look(clients.__getitem__, REGION)
            for stub in stubs.values():
                stub.assert_no_pending_responses()
            return found

        yield run


def eks_cluster(name: str, **more: Any) -> dict[str, Any]:
    usual = {
        "name": name,
        "status": "ACTIVE",
        "resourcesVpcConfig": {"endpointPublicAccess": True, "publicAccessCidrs": ["0.0.0.0/0"]},
        "accessConfig": {"authenticationMode": "API"},
        "identity": {"oidc": {"issuer": ISSUER}},
    }
    return {"cluster": {**usual, **more}}


def addon(name: str, answer: Any = None) -> tuple[str, Any, Any]:
    asked = {"clusterName": name, "addonName": "eks-pod-identity-agent"}
    return "describe_addon", answer or {"addon": {"status": "ACTIVE"}}, asked


def described(name: str, answer: Any = None, **more: Any) -> tuple[str, Any, Any]:
    return "describe_cluster", answer or eks_cluster(name, **more), {"name": name}


def groups(name: str, *found: str) -> tuple[str, Any, Any]:
    return "list_nodegroups", {"nodegroups": [*found]}, {"clusterName": name}


def listed(*names: str) -> tuple[str, Any, Any]:
    return "list_clusters", {"clusters": [*names]}, {}


NO_ECS = {"ecs": [("list_clusters", {"clusterArns": []}, {})]}


def one_eks(*answers: tuple[str, Any, Any], **others: Any) -> Answers:
    return {"sts": [IDENTITY], "eks": [listed("apps"), *answers], **NO_ECS, **others}


def test_every_page_is_read(stubbed: Callable[[Answers], Inventory]) -> None:
    pages = [
        ("list_clusters", {"clusters": ["a1"], "nextToken": "more"}, {}),
        ("list_clusters", {"clusters": ["b2"]}, {"nextToken": "more"}),
    ]
    each = [answer for name in ("a1", "b2") for answer in (described(name), addon(name), groups(name, "nodes"))]

    found = stubbed({"sts": [IDENTITY], "eks": [*pages, *each], **NO_ECS})

    assert found == Inventory(ACCOUNT, REGION, (Adoptable("a1", "eks"), Adoptable("b2", "eks")))


MISSING = "ResourceNotFoundException"
TRUSTED = [("list_open_id_connect_providers", {"OpenIDConnectProviderList": [
    {"Arn": f"arn:aws:iam::{ACCOUNT}:oidc-provider/{ISSUER.removeprefix('https://')}"}]}, {})]  # fmt: skip
PRIVATE = {"endpointPublicAccess": False, "endpointPrivateAccess": True}
OFFICE = {"endpointPublicAccess": True, "publicAccessCidrs": ["203.0.113.0/24"]}


@pytest.mark.parametrize(
    ("answers", "permission", "said"),
    [
        (one_eks(described("apps"), addon("apps", MISSING), groups("apps", "n"), iam=TRUSTED), "irsa", ["no add-on"]),
        (
            one_eks(
                described("apps"),
                addon("apps", MISSING),
                groups("apps", "n"),
                iam=[("list_open_id_connect_providers", {"OpenIDConnectProviderList": []}, {})],
            ),
            "irsa",
            ["no add-on", "create-addon --cluster-name apps"],
        ),
        (
            one_eks(
                described("apps"),
                addon("apps", MISSING),
                groups("apps", "n"),
                iam=[("list_open_id_connect_providers", "AccessDenied", {})],
            ),
            "irsa",
            ["no add-on", "not known whether IAM"],
        ),
        (
            one_eks(described("apps"), addon("apps", {"addon": {"status": "CREATE_FAILED"}}), groups("apps", "n"),
                    iam=TRUSTED), "irsa", ["no add-on"],
        ),
        (
            one_eks(described("apps"), addon("apps", "AccessDeniedException"), groups("apps", "n")),
            "podIdentity",
            ["not known whether it has the add-on eks-pod-identity-agent: DescribeAddon is denied"],
        ),
        (one_eks(described("apps", computeConfig={"enabled": True})), "podIdentity", []),
        (
            one_eks(described("apps", resourcesVpcConfig=PRIVATE), addon("apps"), groups("apps", "n")),
            "podIdentity",
            ["is private"],
        ),
        (
            one_eks(described("apps", resourcesVpcConfig=OFFICE), addon("apps"), groups("apps", "n")),
            "podIdentity",
            ["from 203.0.113.0/24 only"],
        ),
        (
            one_eks(
                described("apps", accessConfig={"authenticationMode": "CONFIG_MAP"}), addon("apps"), groups("apps", "n")
            ),
            "podIdentity",
            ["aws-auth"],
        ),
        (
            one_eks(
                described("apps"),
                addon("apps"),
                groups("apps"),
                ("list_fargate_profiles", {"fargateProfileNames": ["all"]}, {"clusterName": "apps"}),
            ),
            "podIdentity",
            ["no sensor runs on Fargate"],
        ),
        (
            one_eks(
                described("apps"), addon("apps"), ("list_nodegroups", "AccessDeniedException", {"clusterName": "apps"})
            ),
            "podIdentity",
            [],
        ),
    ],
)  # fmt: skip
def test_what_a_person_should_know_of_a_cluster(
    stubbed: Callable[[Answers], Inventory], answers: Answers, permission: str, said: list[str]
) -> None:
    (found,) = stubbed(answers).adoptable

    assert found.permission == permission
    assert len(found.notes) == len(said)
    assert all(part in note for part, note in zip(said, found.notes, strict=True))


@pytest.mark.parametrize(
    ("answers", "said"),
    [
        (one_eks(described("apps", status="CREATING")), "it is CREATING; run init again"),
        (one_eks(described("apps", "AccessDeniedException")), "DescribeCluster is denied"),
        (one_eks(described("apps", "ThrottlingException")), "DescribeCluster is throttled"),
    ],
)
def test_why_a_cluster_cannot_be_adopted(stubbed: Callable[[Answers], Inventory], answers: Answers, said: str) -> None:
    found = stubbed(answers)

    assert found.adoptable == () and said in found.unsuitable[0].reason


def ecs_cluster(name: str, **more: Any) -> dict[str, Any]:
    arn = f"arn:aws:ecs:{REGION}:{ACCOUNT}:cluster/{name}"
    return {"clusterName": name, "clusterArn": arn, "status": "ACTIVE", **more}


def test_ecs_clusters_are_adopted_where_they_have_instances(stubbed: Callable[[Answers], Inventory]) -> None:
    names = [f"c{number:03}" for number in range(103)]
    arns = [ecs_cluster(name)["clusterArn"] for name in names]
    fargate = {"capacityProviders": ["FARGATE", "FARGATE_SPOT"]}
    first = [ecs_cluster("c000"), ecs_cluster("c001", **fargate), ecs_cluster("c002", status="INACTIVE")]
    instance = f"arn:aws:ecs:{REGION}:{ACCOUNT}:container-instance/c000/1"

    def instances(arn: str, found: list[str], token: str = "", more: str = "") -> tuple[str, Any, Any]:
        answer = {"containerInstanceArns": found, **({"nextToken": more} if more else {})}
        return "list_container_instances", answer, {"cluster": arn, **({"nextToken": token} if token else {})}

    found = stubbed(
        {
            "sts": [IDENTITY],
            "eks": [listed()],
            "ecs": [
                ("list_clusters", {"clusterArns": arns[:60], "nextToken": "t"}, {}),
                ("list_clusters", {"clusterArns": arns[60:]}, {"nextToken": "t"}),
                ("describe_clusters", {"clusters": first, "failures": []}, {"clusters": arns[:100]}),
                instances(arns[0], [], more="u"),
                instances(arns[0], [instance], token="u"),
                instances(arns[1], []),
                (
                    "describe_clusters",
                    {"clusters": [ecs_cluster("c100")], "failures": [{"arn": arns[101], "reason": "MISSING"}]},
                    {"clusters": arns[100:]},
                ),
                instances(arns[100], []),
            ],
        }
    )

    assert found.adoptable == (Adoptable("c000", "ecs"),)
    assert [(one.name, one.reason.partition(";")[0]) for one in found.unsuitable] == [
        ("c001", "it has only Fargate, where no sensor reaches the kernel"),
        ("c101", "not known: ECS says MISSING"),
        ("c100", "it has no container instance"),
    ]


def test_one_platform_that_is_denied_leaves_the_other(stubbed: Callable[[Answers], Inventory]) -> None:
    found = stubbed(one_eks(described("apps"), addon("apps"), groups("apps", "n"),
                            ecs=[("list_clusters", "AccessDeniedException", {})]))  # fmt: skip

    assert [one.name for one in found.adoptable] == ["apps"]
    assert found.problems == ("ListClusters is denied (no); ask for the permission",)


@pytest.mark.parametrize(
    ("answers", "said"),
    [
        ({"sts": [("get_caller_identity", "ExpiredToken", {})]}, "does not take the credentials"),
        ({"sts": [("get_caller_identity", "InvalidClientTokenId", {})]}, f"region {REGION} is not enabled"),
        (
            {
                "sts": [IDENTITY],
                "eks": [("list_clusters", "AccessDeniedException", {})],
                "ecs": [("list_clusters", "ThrottlingException", {})],
            },
            "ListClusters is denied (no); ask for the permission; ListClusters is throttled",
        ),
    ],
)
def test_an_account_that_cannot_be_asked(stubbed: Callable[[Answers], Inventory], answers: Answers, said: str) -> None:
    with pytest.raises(AccountError) as error:
        stubbed(answers)

    assert said in str(error.value) and "\n" not in str(error.value)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder, and nothing of this machine's AWS configuration."""
    for name in ("AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY",
                 "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL", "AWS_CONTAINER_CREDENTIALS_FULL_URI"):  # fmt: skip
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)
    return work


INVENTORY = Inventory(
    ACCOUNT,
    REGION,
    (Adoptable("Apps_Production", "eks", "irsa", ("a note",)), Adoptable("Apps_Production", "ecs")),
    (setup.Unsuitable("web", "ecs", "it has only Fargate"),),
)


@pytest.fixture
def account(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An account with three clusters, of which one can only run on Fargate."""
    monkeypatch.setattr(setup, "look", lambda *_, **__: INVENTORY)
    return folder


def test_a_stack_file_and_a_thin_project_are_written_and_checked(
    account: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["init", "--yes"]) == 0

    out, err = capsys.readouterr()
    assert sorted(file.name for file in account.iterdir()) == [
        "Pulumi.prod.yaml", "Pulumi.yaml", "__main__.py", "requirements.txt"
    ]  # fmt: skip
    config = yaml.safe_load((account / "Pulumi.prod.yaml").read_text())["config"]
    assert config == {
        "aws:region": REGION,
        "aws:allowedAccountIds": [ACCOUNT],
        "falco-firelens:account": ACCOUNT,
        "falco-firelens:clusters": [
            {
                "name": "apps-production",
                "platform": "eks",
                "permission": "irsa",
                "existing": {"name": "Apps_Production"},
            },
            {"name": "apps-production-ecs", "platform": "ecs", "existing": {"cluster": "Apps_Production"}},
        ],
    }
    project = yaml.safe_load((account / "Pulumi.yaml").read_text())
    assert (project["name"], project["runtime"]["name"]) == ("falco-firelens", "python")
    assert "template" not in project and "${" not in (account / "Pulumi.yaml").read_text()
    assert "web (ecs) cannot be adopted: it has only Fargate" in err and "a note" in err
    assert "falco-firelens fleet preview prod" in out
    assert main(["check", "Pulumi.prod.yaml"]) == 0
    assert capsys.readouterr().err == "", "no warning"


def test_a_program_gets_the_same(account: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["init", "--json", "--stack", "eu", "--folder", "stacks"]) == 0

    out, err = capsys.readouterr()
    answer = json.loads(out)
    assert (answer["file"], answer["account"], answer["leftOut"][0]["name"]) == (
        "stacks/Pulumi.eu.yaml",
        ACCOUNT,
        "web",
    )
    assert [one["name"] for one in answer["adopted"]] == ["apps-production", "apps-production-ecs"]
    assert err == ""


def test_a_project_that_is_there_is_left_alone(account: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (account / "Pulumi.yaml").write_text("name: mine\nruntime: python\n")

    assert main(["init", "--yes", "--folder", "stacks"]) == 0

    assert [file.name for file in (account / "stacks").iterdir()] == ["Pulumi.prod.yaml"]
    assert (account / "Pulumi.yaml").read_text() == "name: mine\nruntime: python\n"


@pytest.mark.parametrize("more", [[], ["--yes"], ["--overwrite"]])
def test_no_file_is_replaced_without_being_asked_to(
    account: Path, more: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    file = account / "Pulumi.prod.yaml"
    file.write_text("mine")

    assert main(["init", *more]) == 1

    assert file.read_text() == "mine"
    assert "Pulumi.prod.yaml exists already" in capsys.readouterr().err


def test_a_replaced_file_shows_what_changes(account: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = account / "Pulumi.prod.yaml"
    file.write_text("config:\n  aws:region: eu-west-1\n  old: 1\n")

    assert main(["init", "--overwrite", "--yes"]) == 0

    out = capsys.readouterr().out
    assert "-  old: 1\n" in out and '+  falco-firelens:account: "111122223333"\n' in out
    assert read_stack_file(file).account == ACCOUNT


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        ("--cluster nowhere", 1, "cluster nowhere cannot be adopted: account 111122223333, region eu-west-1 has Apps"),
        ("--cluster web", 1, "cluster web cannot be adopted: it has only Fargate"),
        ("--stack ../x", 2, "--stack: found '../x', expected letters"),
        ("--region eu_west", 2, "--region: found 'eu_west', expected an AWS region such as eu-west-1"),
        ("--platform kubernetes", 2, "'kubernetes' is not one of 'eks', 'ecs'"),
        ("--profile nobody", 1, "nobody"),
    ],
)
def test_what_cannot_be_done_is_one_line_and_writes_nothing(
    account: Path, words: str, code: int, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["init", "--json", *words.split()]) == code

    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1) and said in err
    assert list(account.iterdir()) == []


def test_the_help_names_every_permission() -> None:
    """The operations that the code names, in the service that it asks for them."""
    source = Path(setup.__file__).read_text()
    called = set(re.findall(r"\b(?:sts|eks|ecs)\.((?:describe|list|get)_\w+)\(", source))
    called |= set(re.findall(r'"((?:list|describe)_\w+)"', source)) | set(
        re.findall(r"\)\.((?:list|get)_\w+)\(", source)
    )
    called -= {"get_paginator"}
    operations = {boto3.client(service, "eu-west-1").meta.method_to_api_mapping.get(name)
                  for name in called for service in ("sts", "eks", "ecs", "iam")} - {None}  # fmt: skip

    said = set(re.findall(r"(?:sts|eks|ecs|iam):(\w+)", COMMANDS["init"].load().help or ""))

    assert len(called) == 9 and operations == said


def test_more_clusters_than_a_stack_takes_are_said(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    many = Inventory(ACCOUNT, REGION, tuple(Adoptable(f"c{number:02}", "ecs") for number in range(31)))
    monkeypatch.setattr(setup, "look", lambda *_, **__: many)

    assert main(["init", "--json"]) == 1
    assert "found 31 clusters that can be adopted, expected at most 30 in a stack" in capsys.readouterr().err
    assert main(["init", "--yes", "--cluster", "c07", "--cluster", "c30"]) == 0


@pytest.mark.parametrize(("environment", "region"), [
    ({"AWS_DEFAULT_REGION": "us-east-1"}, "us-east-1"),
    ({"AWS_DEFAULT_REGION": "us-east-1", "AWS_REGION": "us-east-2"}, "us-east-2"),
])  # fmt: skip
def test_the_region_is_the_one_that_pulumi_would_use(
    folder: Path, environment: dict[str, str], region: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    monkeypatch.setattr(setup, "look", lambda _, region, *__, **___: asked.append(region) or INVENTORY)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)

    assert main(["init", "--yes"]) == 0
    assert asked == [region]


def test_a_person_is_asked(account: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    answers = iter(["eu", "eu-west-1", "Apps_Production"])
    monkeypatch.setattr("sys.stdin.isatty", lambda: True)
    monkeypatch.setattr("click.termui.visible_prompt_func", lambda _: next(answers))

    assert main(["init"]) == 0

    assert len(read_stack_file(account / "Pulumi.eu.yaml").clusters) == 2
    assert next(answers, None) is None
    assert capsys.readouterr().out.startswith("wrote ")


@pytest.mark.parametrize(("environment", "said"), [
    ({}, "found no AWS credentials, expected some: aws configure, aws sso login, or AWS_PROFILE"),
    ({"AWS_DEFAULT_REGION": ""}, "found no region, expected --region, AWS_REGION or one in the profile"),
    ({"AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x", "AWS_ENDPOINT_URL": "http://127.0.0.1:1"},
     f"nothing answers in region {REGION}"),
])  # fmt: skip
def test_a_machine_that_reaches_no_account(
    folder: Path,
    environment: dict[str, str],
    said: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(setup, "READING", setup.READING.merge(setup.Config(retries={"total_max_attempts": 1})))
    for name, value in environment.items():
        monkeypatch.setenv(name, value)

    assert main(["init", "--yes"]) in (1, 2)

    err = capsys.readouterr().err
    assert said in err and err.count("\n") == 1
    assert list(folder.iterdir()) == []


PATTERN = next(one.pattern for one in ClusterName.__metadata__ if isinstance(one, Matching))
IN_AWS = st.from_regex(r"[0-9A-Za-z_-]{1,255}", fullmatch=True)


@example(["a" * 50 + str(number) for number in range(200)])
@given(st.lists(IN_AWS, max_size=60, unique=True))
def test_any_name_becomes_valid_and_unique(names: list[str]) -> None:
    taken: list[str] = []
    for name in names:
        taken.append(valid_name(name, "ecs", taken))

    assert all(re.fullmatch(PATTERN, name) for name in taken)
    assert len(set(taken)) == len(names)


def test_a_name_that_is_valid_stays() -> None:
    assert valid_name("apps-1", "eks") == "apps-1"
    assert valid_name("1st", "eks") == "eks-1st"
    assert valid_name("a" * 60, "eks") == "a" * 40
