"""The attacker wants to deploy what nobody approved: by a pull request, or by a job on the machine that deploys."""

import hashlib
import io
import json
import os
import subprocess
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from components.aws.wheels import PackageError, Wheels
from components.response import package
from falco_firelens.fleet import Change, FleetError, Result, Status
from falco_firelens.fleet.comment import LIMIT, comment
from falco_firelens.fleet.proposal import Proposal, take_over
from falco_firelens.fleet.results import UNKNOWN
from falco_firelens.responder.configuration import Configuration
from tests.repositories import Repository

# A self-hosted runner: the tests of a pull request and the deployment share a home, and with it the cache.


def wheel(**modules: str) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for name, text in modules.items():
            archive.writestr(f"library/{name}.py", text)
    return made.getvalue()


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache with the one wheel that the lock names, and the package that was built from it."""
    lock = tmp_path / "requirements.lock"
    lock.write_text(f"library==1.0 \\\n    --hash=sha256:{hashlib.sha256(wheel(good='')).hexdigest()}\n")
    monkeypatch.setattr(package, "REQUIREMENTS", lock)

    def download(wheels: Wheels, folder: Path) -> None:
        (folder / "library-1.0-py3-none-any.whl").write_bytes(wheel(good=""))

    monkeypatch.setattr(Wheels, "_download", download)
    package.build(Configuration(), tmp_path / "cache")
    return tmp_path / "cache"


def libraries(built: Path) -> list[str]:
    with zipfile.ZipFile(built) as archive:
        return [name for name in archive.namelist() if name.startswith("library/")]


def test_a_changed_wheel_in_the_cache_becomes_part_of_the_function(cache: Path) -> None:
    assert libraries(package.build(Configuration(), cache)) == ["library/good.py"]
    (kept,) = cache.glob("wheels-*/*.whl")
    kept.write_bytes(wheel(good="", evil="print('ran')"))

    with pytest.raises(PackageError, match=r"library-1\.0-py3-none-any\.whl is not what requirements\.lock names"):
        package.build(Configuration(), cache)


def test_a_further_wheel_in_the_cache_becomes_part_of_the_function(cache: Path) -> None:
    (kept,) = cache.glob("wheels-*")
    (kept / "zz-1.0-py3-none-any.whl").write_bytes(wheel(evil=""))
    with pytest.raises(PackageError, match="is not what"):
        package.build(Configuration(), cache)


def test_a_wheel_is_left_out_of_the_function(cache: Path) -> None:
    (kept,) = cache.glob("wheels-*/*.whl")
    kept.unlink()
    with pytest.raises(PackageError, match="has no wheel of library"):
        package.build(Configuration(), cache)


@pytest.mark.parametrize("planted", ["a file", "a link"])
def test_a_whole_package_in_the_cache_is_deployed(cache: Path, tmp_path: Path, planted: str) -> None:
    built = package.build(Configuration(), cache)
    evil = tmp_path / "evil.zip"
    evil.write_bytes(wheel(evil=""))
    built.unlink()
    if planted == "a file":
        built.write_bytes(evil.read_bytes())
    else:
        built.symlink_to(evil)

    again = package.build(Configuration(), cache)

    assert again == built and libraries(again) == ["library/good.py"]
    assert not again.is_symlink() and libraries(evil) == ["library/evil.py"]


# The author hopes that the reviewer looks no further than the comment's "Permissions".

POLICY, ROLE = "aws:iam/rolePolicy:RolePolicy", "aws:iam/role:Role"
FOREIGN = "arn:aws:iam::666666666666:root"


def document(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def said(*changes: Change, **keys: Any) -> str:
    """The comment without its folded details."""
    return comment([Result("prod", "preview", Status.SUCCEEDED, changes)], **keys).partition("<details>")[0]


def changed(new: object, old: object = None, kind: str = POLICY, key: str = "policy", name: str = "one") -> Change:
    urn = f"urn:pulumi:s::p::{kind}::{name}"
    return Change("update", urn, kind, old={key: old}, new={key: new}, properties={key: "update"})


def test_a_thirteenth_action_is_not_seen() -> None:
    actions = [f"logs:Describe{letter}" for letter in "ABCDEFGHIJKLMNOPQRSTUVWXYZ"]
    text = said(changed(document({"Effect": "Allow", "Action": [*actions, "sts:AssumeRole"], "Resource": "*"})))

    assert "**now allowed**: `sts:AssumeRole`, " in text
    assert all(f"`{action}`" in text for action in actions)


def test_an_action_that_changes_permissions_is_lost_among_those_that_read() -> None:
    actions = [
        "logs:FilterLogEvents",
        "iam:PutRolePolicy",
        "s3:GetObject",
        "s3:PutObject",
        "iam:PassRole",
        "unknown:Do",
    ]
    text = said(changed(document({"Effect": "Allow", "Action": actions, "Resource": "*"})))
    (line,) = [line for line in text.splitlines() if "now allowed" in line]

    assert line.split("**: ")[1].startswith(
        "`iam:PassRole`, `iam:PutRolePolicy`, `s3:PutObject`, `unknown:Do`, `logs:FilterLogEvents`, `s3:GetObject` on"
    )


def test_a_ninth_value_of_a_condition_is_not_seen() -> None:
    arns = [f"arn:aws:logs:eu-west-1:111122223333:log-group:{'x' * 60}-{index}" for index in range(8)]

    def trusting(*values: str) -> str:
        condition = {"ArnLike": {"aws:SourceArn": list(values)}}
        principal = {"Service": "logs.amazonaws.com"}
        return document({"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": principal, "Condition": condition})

    text = said(changed(trusting(*arns, FOREIGN), trusting(*arns), ROLE, "assumeRolePolicy"))

    assert f"    - **`{FOREIGN}`**" in text.splitlines()
    assert text.index(f"**`{FOREIGN}`**") < text.index(arns[0]), "what is new comes before what is not"


@pytest.mark.parametrize("length", [400, 4000])
def test_a_foreign_account_is_behind_the_end_of_a_long_value(length: int) -> None:
    for where in (
        {"Resource": "x" * length + FOREIGN},
        {"Principal": {"AWS": "x" * length + FOREIGN}, "Resource": "*"},
    ):
        assert FOREIGN in said(changed(document({"Effect": "Allow", "Action": "s3:GetObject", **where})))


@pytest.mark.parametrize(
    "text",
    [
        pytest.param('{"Statement": [{"Effect": "Deny"}], "Statement": [{"Effect": "Allow"}]}', id="key twice"),
        pytest.param('{"Statement": [["Effect", "Allow"]]}', id="no mapping"),
        pytest.param('{"Statement": [{"Effect": "allow", "Action": "*"}]}', id="unknown effect"),
        pytest.param('{"Statement": [{"Effect": "Allow", "Actions": "*"}]}', id="unknown element"),
        pytest.param(f'{{"Statement": [{{"Effect": "Allow", "Action": "{UNKNOWN}"}}]}}', id="known later"),
    ],
)
def test_a_document_that_cannot_be_read_says_nothing(text: str) -> None:
    assert "RolePolicy `one`:\n- the document is known after deployment only, or cannot be read" in said(changed(text))


def test_the_spelling_of_an_element_hides_a_statement() -> None:
    text = said(changed('{"statement": {"effect": "Allow", "action": "iam:*", "resource": "*"}}'))
    assert "**now allowed**: `iam:*` on `*`" in text


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("managedPolicyArns", ["arn:aws:iam::aws:policy/AdministratorAccess"]),
        ("inlinePolicies", [{"policy": document({"Effect": "Allow", "Action": "iam:*", "Resource": "*"})}]),
    ],
)
def test_a_role_brings_its_permissions_itself(key: str, value: object) -> None:
    text = said(changed(value, kind=ROLE, key=key))
    assert "**now allowed**: `all that arn:aws:iam::aws:policy/AdministratorAccess" in text or "`iam:*` on `*`" in text


RBAC = "kubernetes:rbac.authorization.k8s.io/v1"
ADMIN = {"kind": "ClusterRole", "name": "cluster-admin"}


@pytest.mark.parametrize(
    ("kind", "inputs", "expected"),
    [
        (
            f"{RBAC}:ClusterRole",
            {"rules": [{"apiGroups": ["apps", ""], "resources": ["pods"], "verbs": ["get", "escalate"]}]},
            ["**now allowed**: `k8s:escalate`, `k8s:get` on `pods`", "on `apps/pods`"],
        ),
        (
            f"{RBAC}:ClusterRoleBinding",
            {"roleRef": ADMIN, "subjects": [{"kind": "ServiceAccount", "namespace": "evil", "name": "x"}]},
            ["**now allowed**: `all that ClusterRole cluster-admin allows` to `ServiceAccount evil/x`"],
        ),
        (
            "aws:lambda/permission:Permission",
            {"action": "lambda:InvokeFunction", "principal": "*", "function": "f", "sourceAccount": "666666666666"},
            ["**now allowed**: `lambda:InvokeFunction` to `*` on `f` if `sourceAccount 666666666666`"],
        ),
        (
            "aws:eks/accessPolicyAssociation:AccessPolicyAssociation",
            {
                "policyArn": "arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy",
                "principalArn": FOREIGN,
            },
            ["AmazonEKSClusterAdminPolicy allows`", f"to `{FOREIGN}`"],
        ),
        (
            "aws:eks/accessEntry:AccessEntry",
            {"principalArn": FOREIGN, "kubernetesGroups": ["system:masters"]},
            ["`all that the group system:masters allows`", f"to `{FOREIGN}`"],
        ),
        (
            "aws:eks/podIdentityAssociation:PodIdentityAssociation",
            {"roleArn": "arn:role", "namespace": "evil", "serviceAccount": "x"},
            ["`all that arn:role allows` to `ServiceAccount evil/x`"],
        ),
        (
            "aws:kms/grant:Grant",
            {"granteePrincipal": FOREIGN, "keyId": "key", "operations": ["Decrypt"]},
            [f"**now allowed**: `kms:Decrypt` to `{FOREIGN}` on `key`"],
        ),
    ],
)
def test_what_is_no_iam_document_permits_something_unseen(
    kind: str, inputs: dict[str, Any], expected: list[str]
) -> None:
    text = said(Change("create", f"urn:pulumi:s::p::{kind}::one", kind, new=inputs))
    permissions = text[text.index("### Permissions") :]
    assert all(part in permissions for part in expected), permissions


def test_one_stack_among_many_gets_a_permission_unseen() -> None:
    one = changed(document({"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "*"}))
    names = ["a", "b", "c", "prod"]
    results = [Result(name, "preview", Status.SUCCEEDED, [one]) for name in names]

    text = comment([*results, Result("z", "preview", Status.SUCCEEDED)])

    assert "`a`, `b`, `c`, `prod`, RolePolicy" in text


def test_permissions_are_cut_for_want_of_room_and_nothing_says_so() -> None:
    harmless = [
        changed(
            document({"Effect": "Allow", "Action": "logs:DescribeLogGroups", "Resource": f"{index}{'x' * 5000}"}),
            name=f"a{index:02}",
        )
        for index in range(30)
    ]
    evil = changed(document({"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": FOREIGN}), name="zz")

    text = said(*harmless, evil, more="https://ci.example/run")

    assert len(text) < LIMIT
    assert f"**now allowed**: `sts:AssumeRole` on `{FOREIGN}`" in text
    cut = 31 - text.count("**now allowed**")
    assert cut > 0
    line = f"> - **{cut} changes of permissions left out for want of room**: https://ci.example/run"
    assert text.splitlines()[4:6] == ["> [!CAUTION]", line]


def test_one_change_is_too_long_to_be_shown_and_nothing_says_so() -> None:
    evil = changed(document({"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "x" * LIMIT}))
    assert "> - **one change of permissions left out for want of room**" in said(evil)


# The author hopes that code, or what the credentials of a preview open, is used before anybody has approved it. The
# preview without an approval runs what is checked out: the base commit.

KEY = "awskms:///arn:aws:kms:eu-west-1:111122223333:key/1?region=eu-west-1"


class Project(Repository):
    """A project on `main`, and what a pull request proposes on the branch `proposed`."""

    def stack_file(self, name: str, beside: dict[str, object] | None = None, **config: object) -> None:
        own = {key if "__" in key else f"falco-firelens:{key}": value for key, value in config.items()}
        keys = {key.replace("__", ":"): value for key, value in own.items()}
        document = {"secretsprovider": KEY, "encryptedkey": "abc", **(beside or {}), "config": keys}
        self.write(f"Pulumi.{name}.yaml", yaml.safe_dump(document))

    def proposed(self, change: Callable[["Project"], object]) -> Proposal:
        """What a base checkout makes of a branch with this change."""
        self.git("checkout", "-b", "proposed")
        change(self)
        self.commit()
        self.git("checkout", "main")
        return take_over(self.folder, [self.folder], "proposed")


ECS = [{"name": "jobs", "platform": "ecs"}]


@pytest.fixture
def project(tmp_path: Path) -> Project:
    made = Project(tmp_path / "project")
    made.stack_file("a", clusters=ECS, falco={"rulesFiles": ["rules/a.yaml"]})
    made.stack_file("b", clusters=ECS)
    made.stack_file("kubernetes", clusters=[{"name": "k", "platform": "kubernetes", "existing": {"kubeconfig": "x"}}])
    made.stack_file("passphrase", {"secretsprovider": "", "encryptionsalt": "v1:x"}, clusters=ECS)
    made.write("rules/a.yaml", "[]")
    made.write("Pulumi.yaml", "name: falco-firelens\nruntime: python\n")
    for name in ("__main__.py", "components/x.py", "docs/x.md", "tests/x.py", "requirements.txt"):
        made.write(name, "")
    made.commit()
    return made


def names(found: Proposal) -> list[str]:
    return [stack.name for stack in found.stacks]


def test_a_change_of_data_alone_is_previewed_by_the_base_program(project: Project) -> None:
    """No attack: this is what a preview without an approval is for."""

    def change(on: Project) -> None:
        on.stack_file("b", clusters=ECS, tags={"x": "y"}, aws__region="eu-west-1")
        on.write("rules/a.yaml", "[{rule: x}]")
        on.stack_file("new", clusters=ECS)
        on.write("docs/x.md", "more")
        on.write("tests/x.py", "raise SystemExit")

    found = project.proposed(change)

    assert (names(found), found.waiting, found.program) == (["a", "b", "new"], {}, ())
    assert "x: y" in (project.folder / "Pulumi.b.yaml").read_text()
    assert (project.folder / "rules/a.yaml").read_text() == "[{rule: x}]"
    assert (project.folder / "tests/x.py").read_text() == "", "what no stack is made of stays as it was approved"


def test_what_main_has_got_since_is_part_of_the_preview(project: Project) -> None:
    """No attack: what is previewed is what a merge would make."""
    project.git("checkout", "-b", "later")
    project.stack_file("b", clusters=ECS, tags={"main": "y"})
    project.commit()
    project.git("checkout", "main")
    found = project.proposed(lambda on: on.write("rules/a.yaml", "[{rule: x}]"))
    assert names(found) == ["a"]

    project.git("checkout", "--force", "later")
    assert names(take_over(project.folder, [project.folder], "proposed")) == ["a"]
    assert "main: y" in (project.folder / "Pulumi.b.yaml").read_text()


def test_a_checkout_of_the_merge_alone_is_enough(project: Project, tmp_path: Path) -> None:
    """No attack: what preview.yml does, whose checkout has the merge and its two parents."""
    project.git("checkout", "-b", "proposed")
    project.stack_file("b", clusters=ECS, tags={"x": "y"})
    project.commit()
    project.git("checkout", "main")
    project.write("docs/x.md", "later")
    project.commit()
    project.git("checkout", "-b", "merge")
    project.git("merge", "--no-ff", "proposed")
    clone = tmp_path / "clone"
    project.git("clone", "--depth=2", "--branch=merge", project.folder.as_uri(), str(clone))
    merge = project.git("rev-parse", "merge")
    project.git("-C", str(clone), "checkout", "--detach", "HEAD^1")

    found = take_over(clone, [clone], merge)

    assert (names(found), found.program) == (["b"], ())
    assert "x: y" in (clone / "Pulumi.b.yaml").read_text()


def test_a_removed_stack_is_named(project: Project) -> None:
    """No attack."""
    found = project.proposed(lambda on: (on.folder / "Pulumi.b.yaml").unlink())
    assert (names(found), found.removed) == ([], ("b",))


def linked(name: str, to: str) -> Callable[[Project], object]:
    def change(on: Project) -> None:
        file = on.folder / name
        file.unlink(missing_ok=True)
        file.symlink_to(to)

    return change


def renamed(before: str, after: str) -> Callable[[Project], object]:
    return lambda on: (on.folder / before).rename(on.folder / after)


def executable(on: Project) -> None:
    (on.folder / "Pulumi.b.yaml").chmod(0o755)


def a_linked_folder(on: Project) -> None:
    (on.folder / "rules/a.yaml").unlink()
    (on.folder / "rules").rmdir()
    (on.folder / "rules").symlink_to("/etc")


def a_submodule(on: Project) -> None:
    commit = on.git("rev-parse", "HEAD")
    on.git("update-index", "--add", "--cacheinfo", f"160000,{commit},rules.yaml")
    (on.folder / "rules.yaml").mkdir()


def written(name: str, text: str = "{}") -> Callable[[Project], object]:
    return lambda on: on.write(name, text)


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(written("__main__.py", "evil"), id="the program"),
        pytest.param(written("components/x.py", "evil"), id="a component"),
        pytest.param(written("yaml.py", "evil"), id="a module of a library's name"),
        pytest.param(written("boto3/__init__.py", "evil"), id="a package of a library's name"),
        pytest.param(written("sitecustomize.py", "evil"), id="what Python imports by itself"),
        pytest.param(written("Pulumi.yaml", "name: x\nruntime: nodejs\n"), id="another runtime"),
        pytest.param(written("Pulumi.yml", "name: x\nruntime: nodejs\n"), id="another project file"),
        pytest.param(written("PULUMI.yaml"), id="a project file where case does not matter"),
        pytest.param(written("Pulumi.b.json"), id="a stack file in JSON"),
        pytest.param(written("Pulumi.b.yml"), id="a stack file of another name"),
        pytest.param(written("rules/Pulumi.yaml"), id="a project in a folder"),
        pytest.param(written("components/rules.yaml"), id="data of the program's own"),
        pytest.param(written("falco_firelens/policy/PulumiPolicy.yaml"), id="the policy pack"),
        pytest.param(written("requirements.txt", "evil"), id="requirements"),
        pytest.param(written("requirements-fleet.lock", "evil"), id="a lock"),
        pytest.param(written("pyproject.toml", "evil"), id="the build"),
        pytest.param(written("pip.conf", "evil"), id="configuration of pip"),
        pytest.param(written(".github/workflows/x.yaml"), id="a workflow"),
        pytest.param(written(".github/actions/x/action.yml"), id="an action"),
        pytest.param(written(".gitlab-ci.yml"), id="GitLab's pipeline"),
        pytest.param(written(".gitattributes", "* filter=evil"), id="git's attributes"),
        pytest.param(written("Pulumi.--help.yaml"), id="a stack called like an option"),
        pytest.param(written("rules/a\nb.yaml"), id="a name of two lines"),
        pytest.param(written("rules/big.yaml", "x" * (1 << 20) + "x"), id="a huge file"),
        pytest.param(linked("Pulumi.b.yaml", "/etc/passwd"), id="a stack file that is a link"),
        pytest.param(linked("rules/a.yaml", "../../../secret.yaml"), id="a rules file that is a link"),
        pytest.param(linked("components/y.md.py", "../docs/x.md"), id="a link into the program"),
        pytest.param(a_linked_folder, id="a folder that is a link"),
        pytest.param(a_submodule, id="a submodule"),
        pytest.param(executable, id="a file that is made executable"),
        pytest.param(renamed("tests/x.py", "yaml.py"), id="a test that is renamed to a module"),
        pytest.param(renamed("Pulumi.b.yaml", "Pulumi.yaml"), id="a stack file that is renamed to the project's"),
    ],
)
def test_code_is_run_by_the_preview_without_an_approval(project: Project, change: Callable[[Project], object]) -> None:
    def both(on: Project) -> None:
        on.stack_file("a", clusters=ECS, tags={"x": "y"})
        change(on)

    before = {file: file.read_bytes() for file in project.folder.glob("[!.]*/*.*")}
    found = project.proposed(both)

    assert found.program and found.stacks == ()
    assert {file: file.read_bytes() for file in before} == before, "nothing is taken over"
    assert project.git("status", "--porcelain") == ""


EXEC = {"kubeconfig": "users: [{user: {exec: {command: sh, args: ['-c', evil]}}}]"}


@pytest.mark.parametrize(
    ("stack", "config", "reason"),
    [
        ("kubernetes", {"tags": {"x": "y"}}, "credentials of a cluster"),
        ("kubernetes", {"clusters": ECS}, "credentials of a cluster"),
        ("b", {"clusters": [{"name": "k", "platform": "kubernetes", "existing": EXEC}]}, "credentials of a cluster"),
        ("b", {"clusters": [{"name": "k", "platform": "eks", "existing": EXEC}]}, "credentials of a cluster"),
        ("b", {"clusters": [{"name": "k", "existing": {"kubeconfigFile": "x.yaml"}}]}, "credentials of a cluster"),
        ("b", {"clusters": json.dumps([{"name": "k", "platform": "kubernetes"}])}, "credentials of a cluster"),
        ("b", {"falco-firelens__config__clusters": [{"platform": "kubernetes"}]}, "credentials of a cluster"),
        ("b", {"clusters": '[{"platform": '}, "cannot be read"),
        ("b", {"clusters": {"secure": "v1:x"}}, "its clusters are encrypted"),
        ("passphrase", {"clusters": ECS, "tags": {"x": "y"}}, "not under a KMS key"),
        ("b", {"beside": {"secretsprovider": "passphrase"}}, "not under a KMS key"),
        ("b", {"beside": {"secretsprovider": f"{KEY}&endpoint=https://evil.example"}}, "not under a KMS key"),
        ("b", {"beside": {"secretsprovider": "hashivault://evil"}}, "not under a KMS key"),
        ("new", {"beside": {"secretsprovider": f"{KEY}&profile=evil"}}, "not under a KMS key"),
        ("b", {"beside": {"secretsprovider": KEY.replace("key/1", "key/2")}}, 'changes "secretsprovider"'),
        ("b", {"beside": {"encryptedkey": "other"}}, 'changes "encryptedkey"'),
        ("b", {"beside": {"environment": ["evil"]}}, 'changes "environment"'),
        ("new", {"beside": {"environment": ["evil"]}}, 'changes "environment"'),
        ("b", {"beside": {"runtime": "nodejs"}}, 'changes "runtime"'),
        ("b", {"aws__endpoints": [{"sts": "https://evil.example"}]}, 'changes "aws:endpoints"'),
        ("b", {"aws__sharedConfigFiles": ["evil.ini"]}, 'changes "aws:sharedConfigFiles"'),
        ("b", {"aws__region": "x.evil.example/#"}, "its aws:region is none"),
        ("b", {"aws__profile": "evil"}, 'changes "aws:profile"'),
        ("b", {"kubernetes__kubeconfig": "x"}, "credentials of a cluster"),
        ("b", {"pulumi__disable-default-providers": ["aws"]}, 'changes "pulumi:disable-default-providers"'),
        ("b", {"tags": {"x": {"secure": "v1:moved"}}}, "encrypted value"),
        ("b", {"falco": {"rulesFiles": ["/etc/passwd"]}}, 'names "/etc/passwd"'),
        ("b", {"falco": {"rulesFiles": ["../secret.yaml"]}}, 'names "../secret.yaml"'),
        ("b", {"falco": {"rulesFiles": ["~/secret.yaml"]}}, 'names "~/secret.yaml"'),
        ("b", {"falco": {"rulesFiles": [".git/config.yaml"]}}, 'names ".git/config.yaml"'),
        ("b", {"falco": {"rulesFiles": ["rules/../../x.yaml"]}}, 'names "rules/../../x.yaml"'),
        ("b", {"falco": {"rulesFiles": ["missing.yaml"]}}, 'names "missing.yaml"'),
        ("b", {"falco": {"rulesFiles": ["docs/x.md"]}}, 'names "docs/x.md"'),
        ("b", {"falco": json.dumps({"rulesFiles": ["/etc/passwd"]})}, 'names "/etc/passwd"'),
        ("b", {"falco": {"rulesFiles": "/etc/passwd"}}, 'names "/etc/passwd"'),
        ("b", {"falco": {"chartRepository": "https://evil.example"}}, "names another chartRepository"),
    ],
)
def test_a_stack_is_opened_or_followed_elsewhere_without_an_approval(
    project: Project, stack: str, config: dict[str, Any], reason: str
) -> None:
    keys = {"clusters": ECS, **config} if stack != "passphrase" else config
    if stack == "passphrase":
        keys = {"beside": {"secretsprovider": "", "encryptionsalt": "v1:x"}, **config}
    if "falco-firelens__config__clusters" in keys:
        del keys["clusters"]

    found = project.proposed(lambda on: on.stack_file(stack, **keys))

    assert found.program == () and found.stacks == ()
    assert list(found.waiting) == [stack] and reason in found.waiting[stack]


def test_a_file_that_was_a_link_before_is_followed(project: Project) -> None:
    (project.folder / "shared").symlink_to("rules")
    project.stack_file("b", clusters=ECS, falco={"rulesFiles": ["shared/a.yaml"]})
    project.commit()

    found = project.proposed(lambda on: on.write("rules/a.yaml", "[{rule: x}]"))

    assert names(found) == ["a"] and 'names "shared/a.yaml"' in found.waiting["b"]


def test_something_in_the_working_tree_leads_what_is_taken_over_elsewhere(project: Project, tmp_path: Path) -> None:
    """A file that git ignores may be a link: pip's cache, a virtual environment."""
    (tmp_path / "elsewhere").mkdir()
    project.write(".gitignore", "more\n")
    project.commit()
    (project.folder / "more").symlink_to(tmp_path / "elsewhere")
    project.git("checkout", "-b", "proposed")
    (project.folder / "more").unlink()
    project.write("more/x.yaml", "[]")
    project.git("add", "--force", "more/x.yaml")
    project.commit()
    project.git("checkout", "main")
    (project.folder / "more").symlink_to(tmp_path / "elsewhere")

    with pytest.raises(FleetError, match=r"more/x\.yaml: found a link on the way"):
        take_over(project.folder, [project.folder], "proposed")
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_a_commit_is_named_like_an_option(project: Project) -> None:
    with pytest.raises(FleetError, match="git rev-parse"):
        take_over(project.folder, [project.folder], "--output=evil")


def test_what_has_changed_in_the_working_tree_is_mixed_with_what_is_proposed(project: Project) -> None:
    project.git("branch", "proposed")
    project.write("__main__.py", "evil")
    with pytest.raises(FleetError, match="expected a fresh checkout"):
        take_over(project.folder, [project.folder], "proposed")


def test_two_changes_of_one_file_make_a_stack_that_nobody_wrote(project: Project) -> None:
    project.git("checkout", "-b", "proposed")
    project.stack_file("b", clusters=ECS, tags={"x": "y"})
    project.commit()
    project.git("checkout", "main")
    project.stack_file("b", clusters=ECS, tags={"x": "z"})
    project.commit()
    with pytest.raises(FleetError, match="cannot be merged with what is checked out: rebase it"):
        take_over(project.folder, [project.folder], "proposed")


def test_a_stack_that_waits_is_not_mentioned_in_the_comment() -> None:
    text = comment([], waiting={"prod": "its state holds credentials of a cluster", "x`\n": "its state holds"})
    assert "> Not previewed until somebody approves it:\n> - `prod`: `its state holds credentials" in text
    assert "> - ``x`\\n``: `its state holds`" in text


# The author hopes to speak with the voice of CI, or to silence it.

PROJECT = Path(__file__).parents[2]
MARKER = "<!-- falco-firelens preview -->"
CURL = """#!/usr/bin/env python3
import sys, json, pathlib
arguments = sys.argv[1:]
with open("asked", "a") as asked:
    asked.write(json.dumps(arguments) + "\\n")
answers = {"user": {"id": 7}, "order_by": json.loads(pathlib.Path("given.json").read_text())}
url = next(one for one in arguments if one.startswith("https:"))
body = next((json.dumps(answer) for end, answer in answers.items() if end in url.rpartition("/")[2]), "text")
pathlib.Path(arguments[arguments.index("--output") + 1]).write_text(body)
"""
"""A made-up GitLab: it answers whose token it is, and with the notes that are given."""


def noted(folder: Path, notes: list[dict[str, Any]], **variables: str) -> tuple[int, list[list[str]]]:
    """How the job `note` ends, and what it asks GitLab for."""
    (script,) = yaml.safe_load((PROJECT / "examples/gitlab-ci.yml").read_text())["note"]["script"]
    curl = folder / "bin/curl"
    curl.parent.mkdir()
    curl.write_text(CURL)
    curl.chmod(0o755)
    (folder / "given.json").write_text(json.dumps(notes))
    given = {"CI_API_V4_URL": "https://gitlab.example/api/v4", "CI_PROJECT_ID": "1", "COMMENT_TOKEN": "t"}
    env = {
        "PATH": f"{curl.parent}:{os.environ['PATH']}",
        **given,
        "MERGE_REQUEST": "5",
        "PREVIEW_JOB": "9",
        **variables,
    }
    done = subprocess.run(["bash", "-c", script], cwd=folder, env=env, capture_output=True, check=False)
    asked = folder / "asked"
    return done.returncode, [json.loads(line) for line in asked.read_text().splitlines()] if asked.exists() else []


def test_a_note_of_somebody_else_takes_the_place_of_the_preview(tmp_path: Path) -> None:
    foreign = {"id": 1, "author": {"id": 8}, "body": MARKER}
    code, asked = noted(tmp_path, [foreign])
    assert code == 0
    assert "POST" in asked[-1] and asked[-1][-1].endswith("/projects/1/merge_requests/5/notes")


def test_the_note_of_ci_is_edited_and_no_other(tmp_path: Path) -> None:
    """No attack."""
    notes = [{"id": 1, "author": {"id": 8}, "body": MARKER}, {"id": 2, "author": {"id": 7}, "body": f"{MARKER} old"}]
    code, asked = noted(tmp_path, notes)
    assert code == 0 and "PUT" in asked[-1] and asked[-1][-1].endswith("/merge_requests/5/notes/2")


@pytest.mark.parametrize("variable", ["MERGE_REQUEST", "PREVIEW_JOB"])
@pytest.mark.parametrize("value", ["../../variables", "5/../6", "", "5?x=y", "5:6", "-1"])
def test_the_token_that_writes_notes_asks_for_something_else(tmp_path: Path, variable: str, value: str) -> None:
    code, asked = noted(tmp_path, [], **{variable: value})
    assert code != 0 and asked == []
