"""The attacker wants to deploy what nobody approved: by a pull request, or by a job on the machine that deploys."""

import hashlib
import io
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from components.response import package
from components.response.wheels import PackageError
from falco_firelens.fleet import Change, Result, Status
from falco_firelens.fleet.comment import LIMIT, comment
from falco_firelens.fleet.results import UNKNOWN
from falco_firelens.responder.configuration import Configuration

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

    def download(wheels: package.Wheels, folder: Path) -> None:
        (folder / "library-1.0-py3-none-any.whl").write_bytes(wheel(good=""))

    monkeypatch.setattr(package.Wheels, "_download", download)
    package.build(Configuration(), tmp_path / "cache")
    return tmp_path / "cache"


def names(built: Path) -> list[str]:
    with zipfile.ZipFile(built) as archive:
        return [name for name in archive.namelist() if name.startswith("library/")]


def test_a_changed_wheel_in_the_cache_becomes_part_of_the_function(cache: Path) -> None:
    assert names(package.build(Configuration(), cache)) == ["library/good.py"]
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

    assert again == built and names(again) == ["library/good.py"]
    assert not again.is_symlink() and names(evil) == ["library/evil.py"]


# The author hopes that whoever approves looks no further than the comment's "Permissions".

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
