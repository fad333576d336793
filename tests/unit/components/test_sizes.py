"""How large a stack's sensors are, as `check` says it without an account."""

from pathlib import Path

import pytest
import yaml

from components.stack.sizes import sizes
from falco_firelens.cli import main
from falco_firelens.sensor.model import SensorError
from falco_firelens.settings import load

CLUSTERS = [
    {"name": "apps", "platform": "eks", "existing": {"name": "apps"}},
    {"name": "jobs", "platform": "ecs", "existing": {"cluster": "jobs"}},
]
RULE = "- rule: Long\n  desc: {}\n  condition: evt.type = open\n  output: o\n  priority: NOTICE\n"


def write(folder: Path, described: int, **keys: object) -> Path:
    """A stack file with a rule whose description has so many characters."""
    (folder / "rules.yaml").write_text(RULE.format("d" * described))
    own = {"clusters": CLUSTERS, "falco": {"rulesFiles": ["rules.yaml"]}, **keys}
    file = folder / "Pulumi.dev.yaml"
    file.write_text(yaml.safe_dump({"config": {f"falco-firelens:{key}": value for key, value in own.items()}}))
    return file


def measured(folder: Path, **keys: object) -> dict[str, int]:
    settings = load({"clusters": CLUSTERS, **keys}, file="f", root=folder)
    return {f"{size.cluster} {size.document}": size.bytes for size in sizes(settings)}


def test_a_longer_rules_file_makes_each_platform_s_document_longer_by_as_much(tmp_path: Path) -> None:
    write(tmp_path, 100)
    short = measured(tmp_path, falco={"rulesFiles": ["rules.yaml"]})
    write(tmp_path, 1100)
    long = measured(tmp_path, falco={"rulesFiles": ["rules.yaml"]})

    assert {name: long[name] - short[name] for name in long} == {
        "apps ConfigMap falco": 1000,
        "apps ConfigMap fluent-bit": 0,
        "jobs task definition": 1000,
    }


def test_a_spoke_has_one_more_output_than_other_stacks(tmp_path: Path) -> None:
    alone, spoke = measured(tmp_path), measured(tmp_path, spoke={"hub": "acme/falco-firelens/hub"})

    assert spoke["apps ConfigMap fluent-bit"] > alone["apps ConfigMap fluent-bit"]
    assert spoke["jobs task definition"] > alone["jobs task definition"]


def test_check_prints_each_size_beside_the_limit(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", str(write(tmp_path, 40_000))]) == 0

    lines = capsys.readouterr().out.splitlines()
    assert lines[0].endswith("good: apps (eks, existing), jobs (ecs, existing); events to /falco/events")
    assert [line.partition(" has ")[0] for line in lines[1:]] == [
        "  apps: ConfigMap falco",
        "  apps: ConfigMap fluent-bit",
        "  jobs: task definition",
    ]
    assert lines[3].endswith(" of at most 63,488 bytes")


def test_check_refuses_what_ecs_would(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", str(write(tmp_path, 60_000))]) == 1

    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("Pulumi.dev.yaml: cluster jobs: The sensor's task definition is ")
    assert "shorten the files of falco.rulesFiles" in err


def test_a_config_map_that_is_too_large_is_refused(tmp_path: Path) -> None:
    (tmp_path / "rules.yaml").write_text(RULE.format("d" * 1_048_576))

    with pytest.raises(SensorError, match="ConfigMap takes 1,048,576"):
        sizes(load({"clusters": CLUSTERS[:1], "falco": {"rulesFiles": ["rules.yaml"]}}, file="f", root=tmp_path))
