"""Stacks from files and from settings objects, selection, and the order of hubs and spokes."""

import json
import sys
from pathlib import Path

import pytest
import yaml
from hypothesis import example, given
from hypothesis import settings as limits
from hypothesis import strategies as st
from pydantic import SecretStr

from falco_firelens.fleet import FleetError, Selection, Stack, Waves
from falco_firelens.fleet.stacks import discover, generations, select
from falco_firelens.fleet.waves import backwards
from falco_firelens.fleet.workspace import work_directory
from falco_firelens.settings import ENCRYPTED, load, namespaced

PROJECT = Path(__file__).parents[3]
CLUSTERS = [{"name": "shop", "platform": "ecs"}]
KUBECONFIG = yaml.safe_dump(
    {
        "clusters": [{"name": "c", "cluster": {"server": "https://c"}}],
        "users": [{"name": "u", "user": {"token": "very-secret-token"}}],
        "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
        "current-context": "c",
    }
)
SELF_MANAGED = {
    "name": "own",
    "platform": "kubernetes",
    "nodeRole": "nodes",
    "existing": {"kubeconfig": KUBECONFIG},
}


def stack(name: str, *, region: str = "eu-west-1", **keys: object) -> Stack:
    return Stack.of(name, region, {"clusters": CLUSTERS, **keys})


def spoke(name: str, hub: str) -> Stack:
    return stack(name, spoke={"hub": f"acme/falco-firelens/{hub}"})


def write(folder: Path, name: str, **keys: object) -> None:
    config = {"aws:region": "eu-west-1", **{f"falco-firelens:{key}": value for key, value in keys.items()}}
    (folder / f"Pulumi.{name}.yaml").write_text(yaml.safe_dump({"config": config}))


def test_stack_files_are_found_by_name_and_say_account_region_labels_and_hub(tmp_path: Path) -> None:
    write(tmp_path, "b", account="111122223333", tags={"env": "prod"}, spoke={"hub": "acme/falco-firelens/a"})
    write(tmp_path, "a", hub={})
    (tmp_path / "Pulumi.yaml").write_text("name: falco-firelens\n")

    a, b = discover([tmp_path])

    assert (a.name, a.account, a.is_hub, a.hub) == ("a", "any", True, None)
    assert (b.account, b.region, b.labels, b.hub) == (
        "111122223333",
        "eu-west-1",
        {"env": "prod"},
        "acme/falco-firelens/a",
    )


def test_the_project_s_own_stacks_are_found() -> None:
    assert {"dev", "local"} <= {found.name for found in discover([PROJECT])}


def test_a_file_that_is_no_stack_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "Pulumi.broken.yaml").write_text("config: [")

    with pytest.raises(FleetError, match=r"Pulumi\.broken\.yaml: found not YAML"):
        discover([tmp_path])


def test_a_key_twice_is_refused_with_its_lines(tmp_path: Path) -> None:
    (tmp_path / "Pulumi.twice.yaml").write_text("config:\n  aws:region: eu-west-1\n  aws:region: us-east-1\n")

    with pytest.raises(FleetError, match='found the key "aws:region" twice, at lines 2 and 3'):
        discover([tmp_path])


def test_two_files_of_one_stack_are_refused(tmp_path: Path) -> None:
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        write(tmp_path / folder, "same")

    with pytest.raises(FleetError, match="two files of a stack same"):
        discover([tmp_path / "one", tmp_path / "two"])


@pytest.mark.parametrize(
    ("selection", "expected"),
    [
        (Selection(), ["prod-eu", "prod-us", "test-eu"]),
        (Selection(names=("prod-*",)), ["prod-eu", "prod-us"]),
        (Selection(names=("test-eu", "prod-us")), ["prod-us", "test-eu"]),
        (Selection(accounts=("111122223333",)), ["prod-eu", "prod-us"]),
        (Selection(regions=("eu-west-1",)), ["prod-eu", "test-eu"]),
        (Selection(labels={"env": "prod", "team": "a"}), ["prod-eu"]),
        (Selection(regions=("eu-west-1",), labels={"env": "prod"}), ["prod-eu"]),
    ],
    ids=str,
)
def test_selection_by_name_account_region_and_label(selection: Selection, expected: list[str]) -> None:
    stacks = [
        stack("prod-eu", account="111122223333", tags={"env": "prod", "team": "a"}),
        stack("prod-us", account="111122223333", region="us-east-2", tags={"env": "prod"}),
        stack("test-eu", account="444455556666", tags={"env": "test"}),
    ]

    assert [found.name for found in select(stacks, selection)] == expected


def test_a_name_of_no_stack_is_refused_with_those_there_are() -> None:
    with pytest.raises(FleetError, match="found no stack prdo, expected some of prod"):
        select([stack("prod")], Selection(names=("prdo",)))


def test_hubs_come_first_then_one_then_a_few_then_the_rest() -> None:
    stacks = [spoke(f"s{index}", "hub") for index in range(8)] + [stack("alone"), stack("hub", hub={})]

    waves = [[one.name for one in wave] for wave in Waves(canary=1, few=3).of(stacks)]

    assert waves == [["hub"], ["alone"], ["s0", "s1", "s2"], ["s3", "s4", "s5", "s6", "s7"]]


def test_a_stack_that_others_name_is_a_hub_whatever_its_own_file_says() -> None:
    waves = [[one.name for one in wave] for wave in Waves().of([spoke("a", "z"), stack("z")])]

    assert waves == [["z"], ["a"]]


def test_destruction_goes_backwards() -> None:
    order = [[one.name for one in wave] for wave in backwards([stack("hub", hub={}), spoke("a", "hub")])]

    assert order == [["a"], ["hub"]]


def test_a_hub_elsewhere_holds_nobody_up() -> None:
    assert [[one.name for one in wave] for wave in generations([spoke("a", "elsewhere")])] == [["a"]]


def test_stacks_that_are_each_other_s_hub_are_refused() -> None:
    with pytest.raises(FleetError, match="each other's hub"):
        generations([spoke("a", "b"), spoke("b", "a")])


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)), max_size=40), st.integers(0, 3), st.integers(0, 3))
def test_every_stack_is_in_one_wave_and_its_hub_in_an_earlier(
    links: list[tuple[int, int]], canary: int, few: int
) -> None:
    hubs = {f"s{max(link)}": f"s{min(link)}" for link in links if link[0] != link[1]}
    names = sorted({*hubs, *hubs.values()})
    stacks = [spoke(name, hubs[name]) if name in hubs else stack(name) for name in names]

    waves = [[one.name for one in wave] for wave in Waves(canary, few).of(stacks)]

    assert sorted(name for wave in waves for name in wave) == names
    places = {name: place for place, wave in enumerate(waves) for name in wave}
    assert all(places[hub] < places[name] for name, hub in hubs.items())


def test_a_settings_object_is_written_as_a_stack_file_that_loads_to_the_same(tmp_path: Path) -> None:
    tree = {
        "clusters": [*CLUSTERS, {"name": "kk", "platform": "eks", "create": {"endpointAccess": "private"}}],
        "events": {"retentionDays": 30},
    }
    settings = load(tree, file="object", root=PROJECT)
    given_stack = Stack.of("service", "eu-west-1", settings)

    with work_directory(PROJECT, given_stack) as folder:
        written = yaml.safe_load((folder / "Pulumi.service.yaml").read_text())

    assert load(namespaced(written["config"]), file="written", root=PROJECT) == settings
    assert given_stack.check(PROJECT) == settings


@limits(max_examples=20, deadline=None)
@given(st.dictionaries(st.text(), st.text() | st.sampled_from(["685e3", "0o17", "yes", "\nfirst", "<<", "2026-01-02"])))
@example({"commit": "685e3", "build": "0o17", "<<": "\nfirst", "\nR": "\u2028\n"})
def test_texts_are_written_so_that_the_engine_reads_them_as_such(tags: dict[str, str]) -> None:
    """tests/local/test_stack_files.py asks the engine."""
    with work_directory(PROJECT, stack("service", account="098765432109", tags=tags)) as folder:
        read = Stack.read(folder / "Pulumi.service.yaml")

    assert read.account == "098765432109"
    assert json.loads(str(read.config["falco-firelens:tags"])) == tags
    assert "\n" not in str(read.config["falco-firelens:tags"]), "the engine loses some of them"


def test_what_is_encrypted_already_stays_so() -> None:
    given_stack = stack("service", notifications=[{"endpoint": {"secure": "v1:x"}}])
    with work_directory(PROJECT, given_stack) as folder:
        read = Stack.read(folder / "Pulumi.service.yaml")

    assert read.config["falco-firelens:notifications"] == [{"endpoint": {"secure": "v1:x"}}]


def test_a_secret_of_a_settings_object_is_not_written_in_the_clear() -> None:
    settings = load({"clusters": [SELF_MANAGED]}, file="object", root=PROJECT)
    given_stack = Stack.of("service", "eu-west-1", settings)

    with work_directory(PROJECT, given_stack) as folder:
        written = "".join(file.read_text() for file in folder.iterdir())

    assert "very-secret-token" not in written
    assert given_stack.secrets == {"falco-firelens:clusters"}
    assert "very-secret-token" not in repr(given_stack)


@pytest.mark.parametrize("kind", ["settings", "mapping"])
def test_every_secret_that_a_program_gives_is_kept(kind: str) -> None:
    key = "https://hooks.example/very-secret-token"
    tree = {
        "clusters": CLUSTERS,
        "network": None,
        "notifications": [{"protocol": "https", "endpoint": SecretStr(key)}],
        "response": {
            "playbooks": [{"name": "tell", "actions": {"notify": None}}],
            "webhooks": [{"url": SecretStr(key)}],
        },
    }
    given_stack = Stack.of("service", "eu-west-1", load(tree, file="o", root=PROJECT) if kind == "settings" else tree)

    with work_directory(PROJECT, given_stack) as folder:
        written = "".join(file.read_text() for file in folder.iterdir())

    assert "very-secret-token" not in written + repr(given_stack)
    assert "*****" not in written
    assert given_stack.secrets == {"falco-firelens:notifications", "falco-firelens:response"}
    assert given_stack.config["falco-firelens:notifications"] == [{"protocol": "https", "endpoint": key}]
    assert given_stack.check(PROJECT).notifications[0].endpoint == SecretStr(key)


def test_settings_in_which_something_is_encrypted_make_no_stack() -> None:
    tree = {"clusters": CLUSTERS, "notifications": [{"protocol": "https", "endpoint": ENCRYPTED}]}
    with pytest.raises(FleetError, match="stack a: found an encrypted value in notifications, expected its text"):
        Stack.of("a", "eu-west-1", load(tree, file="o", root=PROJECT))


def test_a_work_directory_is_private_points_at_the_program_and_goes(tmp_path: Path) -> None:
    with work_directory(PROJECT, stack("one")) as folder:
        project = yaml.safe_load((folder / "Pulumi.yaml").read_text())
        assert folder.stat().st_mode & 0o077 == 0
        assert Path(project["main"]).samefile(PROJECT)
        assert Path(project["runtime"]["options"]["virtualenv"]) == PROJECT / ".venv"

    assert not folder.exists()


def test_the_packaged_program_runs_in_the_python_that_runs_now_with_paths_of_the_stack_files(tmp_path: Path) -> None:
    with work_directory(tmp_path, stack("one"), "111122223333", packaged=True) as folder:
        project = yaml.safe_load((folder / "Pulumi.yaml").read_text())
        program = (folder / "__main__.py").read_text()

    assert project["name"] == "falco-firelens"
    assert "main" not in project
    assert project["runtime"] == {"name": "python", "options": {"toolchain": "pip", "virtualenv": sys.prefix}}
    assert project["config"] == {"aws:allowedAccountIds": {"value": ["111122223333"]}}
    assert program == f"from falco_firelens.program import deploy\n\ndeploy({str(tmp_path)!r})\n"
