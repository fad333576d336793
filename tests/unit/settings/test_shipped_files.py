"""The files of the project that say what settings there are agree with the models."""

import json
import re
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from falco_firelens.cli import main
from falco_firelens.cli.stack_files import schema_text
from falco_firelens.settings import Settings, SettingsError, load, read_stack_file
from falco_firelens.settings.reference import reference
from falco_firelens.settings.validation.locations import fields_of
from tests.unit.settings import bad_clusters, bad_hub, bad_settings
from tests.unit.settings.conftest import KUBECONFIG

PROJECT = Path(__file__).parents[3]

STACK_FILES = [
    *(PROJECT / f"Pulumi.{name}.yaml" for name in ("dev", "local", "local-spoke", "local-spoke-us")),
    *sorted(PROJECT.glob("examples/**/Pulumi.*.yaml")),
]
"""Not all of the project's folder: a person keeps stack files of their own there."""

VALIDATOR = jsonschema.Draft202012Validator(
    json.loads((PROJECT / "falco_firelens" / "settings" / "schema.json").read_text())
)

Mistakes = Callable[[str], list[str]]


def name_of(file: Path) -> str:
    return str(file.relative_to(PROJECT))


def config_of(text: str) -> dict[str, Any]:
    """A stack file's tree with settings under the project's namespace."""
    return {"config": {f"falco-firelens:{key}": value for key, value in yaml.safe_load(text).items()}}


def test_the_reference_is_current() -> None:
    page = (PROJECT / "docs" / "configuration.md").read_text()
    assert page == reference(), "run: make generate"


def test_the_schema_is_current() -> None:
    schema = (PROJECT / "falco_firelens" / "settings" / "schema.json").read_text()
    assert schema == schema_text(), "run: make generate"


def test_every_setting_is_explained() -> None:
    page = reference()
    assert "| `diskGib` | whole number, 30 to 16384 | `50` | Size of each instance's" in page
    meanings = [row.rstrip(" |").rpartition("| ")[2] for row in page.splitlines() if row.startswith("| `")]
    assert len(meanings) > 50
    assert all(len(meaning) > 4 for meaning in meanings)


def test_pulumi_yaml_declares_the_top_level_keys_and_leaves_their_checks_to_the_program() -> None:
    declared = yaml.safe_load((PROJECT / "Pulumi.yaml").read_text())["config"]
    assert list(declared) == list(fields_of(Settings))
    assert all(about.keys() == {"description", "default"} for about in declared.values())


def test_the_defaults_of_pulumi_yaml_are_those_of_the_models() -> None:
    declared = yaml.safe_load((PROJECT / "Pulumi.yaml").read_text())["config"]
    defaults = {key: about["default"] for key, about in declared.items()}
    apps = {"clusters": [{"name": "apps", "platform": "ecs"}]}
    assert load(defaults | apps, file="", root=PROJECT) == load(apps, file="", root=PROJECT)
    with pytest.raises(SettingsError, match="clusters: found a list of 0, expected at least 1"):
        load(defaults, file="", root=PROJECT)


@pytest.fixture
def kubeconfigs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The kubeconfigs that shipped stack files name, at home and in the local cloud's folder."""
    names = {"~/.kube/config": "kops.example.com", ".local/kubernetes/selfmanaged.kubeconfig": "selfmanaged"}
    for name, context in names.items():
        file = tmp_path / name.removeprefix("~/")
        file.parent.mkdir(parents=True)
        file.write_text(KUBECONFIG.replace("kops", context))
    monkeypatch.setenv("HOME", str(tmp_path))


@pytest.mark.parametrize("file", STACK_FILES, ids=name_of)
def test_shipped_stack_files_can_be_used(file: Path, tmp_path: Path, kubeconfigs: None) -> None:
    (tmp_path / "Pulumi.yaml").touch()
    (tmp_path / "examples").symlink_to(PROJECT / "examples")
    copy = tmp_path / file.name
    copy.write_text(file.read_text())
    settings = read_stack_file(copy)
    assert settings.clusters or settings.hub


def test_the_first_stack_file_of_the_readme_adopts_a_cluster_and_can_be_used(tmp_path: Path) -> None:
    first = re.findall(r"```yaml\n(.*?)```", (PROJECT / "README.md").read_text(), re.DOTALL)[0]
    file = tmp_path / "Pulumi.prod.yaml"
    file.write_text(textwrap.dedent(first))

    [cluster] = read_stack_file(file).clusters

    assert cluster.existing, "it works from a laptop, where the endpoint of a created cluster cannot be reached"


@pytest.mark.parametrize("file", STACK_FILES, ids=name_of)
def test_shipped_stack_files_name_the_schema_and_agree_with_it(file: Path) -> None:
    comment = file.read_text().splitlines()[0]
    assert comment.startswith("# yaml-language-server: $schema=")
    assert (
        file.parent / comment.partition("=")[2]
    ).resolve() == PROJECT / "falco_firelens" / "settings" / "schema.json"
    VALIDATOR.validate(yaml.safe_load(file.read_text()))


@pytest.mark.parametrize(
    "text",
    [
        "clusters: [{name: apps, platform: eks, create: {endpointAccess: private}}]\nnetwork:\n",
        "{account: any, clusters: [{name: apps, platform: ecs}]}",
        "clusters: [{name: a1, platform: kubernetes, nodeRole: n, existing: {kubeconfig: {secure: 'v1:x'}}}]",
        "{clusters: [{name: apps, platform: ecs}], falco: {exceptions: [{rule: R, name: n, fields: [f.a], "
        "values: [[22], [a]]}]}}",
        "hub: {spokes: [{account: '111111111111', regions: [eu-west-1]}]}",
    ],
)
def test_the_schema_takes_what_the_loader_takes(text: str) -> None:
    VALIDATOR.validate(config_of(text))


BEYOND_A_SCHEMA = (
    *("duplicate name", "created and existing", "same", "of another account", "node role", "min above", "desired"),
    *("arm type", "x86 type", "of one name", "unnamed", "range", "everyone", "address"),
    *("hub and spoke", "somebody else", "without clusters", "by case only", "line end", "by default"),
    "for some only",
)
"""Words in the names of mistakes that relate several values or take arithmetic: those are for the loader alone. So is a
last line end, before which Python's `$` matches."""

FOR_A_SCHEMA = {
    name: text
    for table in (
        *(bad_clusters.CLUSTERS, bad_clusters.CREATED),
        *(bad_settings.TOP_LEVEL, bad_settings.EVENTS, bad_hub.HUBS),
    )
    for name, (text, *_) in table.items()
    if not any(words in name for words in BEYOND_A_SCHEMA)
}


@pytest.mark.parametrize("text", FOR_A_SCHEMA.values(), ids=FOR_A_SCHEMA.keys())
def test_an_editor_underlines_what_the_loader_refuses(text: str, mistakes: Mistakes) -> None:
    assert mistakes(text)
    assert not VALIDATOR.is_valid(config_of(text))


def test_other_namespaces_are_left_alone() -> None:
    VALIDATOR.validate({**config_of("clusters: [{name: apps, platform: ecs}]"), "encryptionsalt": "v1:x"})
    tree = config_of("clusters: [{name: apps, platform: ecs}]")
    tree["config"] |= {"aws:region": "eu-west-1", "aws:defaultTags": {"tags": {}}}
    VALIDATOR.validate(tree)


def test_checking_on_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    good, bad = tmp_path / "Pulumi.good.yaml", tmp_path / "Pulumi.bad.yaml"
    good.write_text("config: {'falco-firelens:clusters': [{name: apps, platform: ecs}, {name: jobs, platform: ecs}]}")
    bad.write_text("config: {'falco-firelens:clusters': [{name: A, platform: ecs}], 'falco-firelens:x': 1}")
    assert main(["check", str(good)]) == 0
    assert capsys.readouterr().out.startswith(
        f"{good}: good: apps (ecs, created), jobs (ecs, created); events to /falco/events\n"
    )
    assert main(["check", str(bad), str(good)]) == 1
    captured = capsys.readouterr()
    assert [line.partition(": found")[0] for line in captured.err.splitlines()] == [
        "Pulumi.bad.yaml: clusters[0].name",
        "Pulumi.bad.yaml: x",
    ]
    assert str(good) in captured.out


GUARDED = "account: '111122223333', 'aws:allowedAccountIds': {}, clusters: [{{name: apps, platform: ecs}}]"


@pytest.mark.parametrize(
    ("allowed", "code", "said"),
    [
        ("['111122223333']", 0, ""),
        ("'[\"111122223333\"]'", 0, ""),
        ("['111122223333', '222222222222']", 0, 'warning: aws:allowedAccountIds: write `aws:allowedAccountIds: ["1111'),
        (
            "['222222222222']",
            1,
            'aws:allowedAccountIds: found "222222222222", expected ["111122223333"], as account says',
        ),
        ("[111122223333, 1]", 1, 'aws:allowedAccountIds: found "111122223333", "1", expected a list of account ids'),
        ("five", 1, "aws:allowedAccountIds: found no list, expected a list of account ids of 12 digits in quotes"),
        ("[]", 1, "aws:allowedAccountIds: found no list, expected a list of account ids of 12 digits in quotes"),
    ],
)
def test_the_guard_of_the_account(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], allowed: str, code: int, said: str
) -> None:
    file = tmp_path / "Pulumi.prod.yaml"
    file.write_text(f"config: {{{GUARDED.format(allowed)}}}")
    assert main(["check", str(file)]) == code
    printed = capsys.readouterr().err
    assert printed.startswith(f"Pulumi.prod.yaml: {said}") if said else printed == ""


def test_a_stack_file_that_names_its_account_alone_is_asked_for_the_guard(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "Pulumi.prod.yaml"
    file.write_text("config: {account: '111122223333', clusters: [{name: apps, platform: ecs}]}")
    assert main(["check", str(file)]) == 0
    assert capsys.readouterr().err == (
        "Pulumi.prod.yaml: warning: aws:allowedAccountIds: "
        'write `aws:allowedAccountIds: ["111122223333"]` under config: '
        "without it `pulumi destroy` and `pulumi refresh` act with the credentials of any account\n"
    )


@pytest.mark.parametrize("file", STACK_FILES, ids=name_of)
def test_shipped_stack_files_are_guarded(
    file: Path, tmp_path: Path, kubeconfigs: None, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "Pulumi.yaml").touch()
    (tmp_path / "examples").symlink_to(PROJECT / "examples")
    copy = tmp_path / file.name
    copy.write_text(file.read_text())
    assert main(["check", str(copy)]) == 0
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(("command", "expected"), [("reference", reference), ("schema", schema_text)])
def test_printing_on_the_command_line(
    command: str, expected: Callable[[], str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([command]) == 0
    assert capsys.readouterr().out == expected()
