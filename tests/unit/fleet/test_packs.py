"""Which policy packs an engine is told to run, and with which configuration."""

import json
from pathlib import Path

import pytest

from falco_firelens.cli import main
from falco_firelens.fleet.errors import FleetError
from falco_firelens.fleet.packs import Pack, Packs
from falco_firelens.policy.configuration import PACK
from falco_firelens.settings import load

PROJECT = Path(__file__).resolve().parents[3]
APPS = {"clusters": [{"name": "apps", "platform": "ecs"}], "policy": {"advisory": ["imdsv2"]}}
SETTINGS = load(APPS, file="stack", root=PROJECT)


def test_the_project_s_own_pack_runs_with_the_stack_s_levels_unless_it_is_left_out(tmp_path: Path) -> None:
    (pack,) = Packs([], [], own=True).of_stack(SETTINGS, tmp_path)

    assert pack.path == str(PACK)
    levels = json.loads(Path(pack.config).read_text())
    assert (levels["imdsv2"], levels["encryption"]) == ("advisory", "mandatory")
    without = Packs([], [], own=False)
    assert not without and without.of_stack(SETTINGS, tmp_path) == ()


def test_another_pack_comes_beside_it_with_its_own_configuration_or_none(tmp_path: Path) -> None:
    other, config = tmp_path / "other", tmp_path / "config.json"

    own, bare = Packs([other], [], own=True).of_stack(SETTINGS, tmp_path)
    _, configured = Packs([other], [config], own=True).of_stack(SETTINGS, tmp_path)

    assert (own.path, bare.path) == (str(PACK), str(other))
    assert json.loads(Path(bare.config).read_text()) == {}
    assert configured == Pack(str(other), str(config))


@pytest.mark.parametrize("named", [PACK, PACK.parent])
def test_naming_the_own_pack_runs_it_once_and_its_configuration_wins(named: Path, tmp_path: Path) -> None:
    (plain,) = Packs([named], [], own=True).of_stack(SETTINGS, tmp_path)
    (told,) = Packs([named], [tmp_path / "mine.json"], own=True).of_stack(SETTINGS, tmp_path)

    assert json.loads(Path(plain.config).read_text())["imdsv2"] == "advisory"
    assert told == Pack(str(named), str(tmp_path / "mine.json"))


def test_every_configuration_belongs_to_a_pack(tmp_path: Path) -> None:
    with pytest.raises(FleetError, match=r"found 2, expected one for each --policy-pack, of which there are 1"):
        Packs([tmp_path], [tmp_path, tmp_path], own=True)


@pytest.mark.parametrize(("arguments", "runs"), [((), True), (("--no-policy",), False)])
def test_the_command_line_runs_it_by_default(
    arguments: tuple[str, ...], runs: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[bool] = []

    def made(*_: object, policy: bool, **__: object) -> None:
        given.append(policy)
        raise FleetError("stop")

    monkeypatch.setattr("falco_firelens.fleet.command_line.Fleet", made)

    main(["fleet", "preview", *arguments])

    assert given == [runs]
