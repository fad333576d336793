"""The real Falco accepts what it is told, on every platform.

Runs where `falco` is on PATH with what its packages and images bring: the default rules and the container plugin.
"""

import dataclasses
import json
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from falco_firelens.contract import Platform
from falco_firelens.sensor import falco
from falco_firelens.sensor.model import ClusterIdentity, FalcoOptions, RuleException
from tests.waiting import PATIENCE

PLATFORMS: tuple[Platform, ...] = ("eks", "kubernetes", "ecs")
PLUGIN = Path("/usr/share/falco/plugins/libcontainer.so")

OPTIONS = FalcoOptions(
    rules={"team.yaml": "- list: team_binaries\n  items: [curl]\n"},
    disabled_rules=("Terminal shell in container",),
    exceptions=(RuleException("Clear Log Activities", "ours", ("proc.name",), ("in",), ((("logrotate", "vector"),),)),),
)

falco_program = shutil.which("falco")
pytestmark = [
    pytest.mark.pipeline,
    pytest.mark.skipif(not falco_program, reason="falco is not on PATH: https://falco.org/docs/setup/packages/"),
]
complete = pytest.mark.skipif(
    not (PLUGIN.exists() and Path(falco.DEFAULT_RULES).exists()),
    reason=f"this falco comes without {PLUGIN} or {falco.DEFAULT_RULES}, which its packages and images bring",
)


def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    assert falco_program
    return subprocess.run([falco_program, *map(str, arguments)], capture_output=True, text=True, timeout=PATIENCE)


def install(directory: Path, platform: Platform, options: FalcoOptions) -> Path:
    """The sensor's files as the container finds them, but in `directory`. Returns the settings file."""
    identity = ClusterIdentity("local", platform, "123456789012", "eu-west-1")
    for name, text in falco.files(options, identity).items():
        (directory / name).write_text(text.replace("/sensor/", f"{directory}/"))
    return directory / falco.SETTINGS_FILE


@complete
@pytest.mark.parametrize("platform", PLATFORMS)
def test_falco_starts_with_our_settings_and_rules(tmp_path: Path, platform: Platform):
    settings = install(tmp_path, platform, OPTIONS)
    result = run("-c", settings, "--dry-run")
    assert result.returncode == 0, result.stderr
    for file in (settings, *(tmp_path / name for name in falco.rules(OPTIONS))):
        assert f"{file} | schema validation: ok" in result.stderr


@complete
def test_a_setting_that_falco_does_not_know_would_show(tmp_path: Path):
    settings = install(tmp_path, "eks", OPTIONS)
    settings.write_text(settings.read_text() + "no_such_setting: true\n")
    assert f"{settings} | schema validation: failed" in run("-c", settings, "--dry-run").stderr


@complete
def test_an_exception_for_a_rule_that_does_not_exist_stops_falco(tmp_path: Path):
    missing = dataclasses.replace(OPTIONS.exceptions[0], rule="No such rule")
    settings = install(tmp_path, "eks", dataclasses.replace(OPTIONS, exceptions=(missing,)))
    assert run("-c", settings, "--dry-run").returncode != 0


@pytest.mark.parametrize("priority", ["Emergency", "Notice", "Debug"])
def test_the_self_test_is_a_valid_rule_at_every_priority(tmp_path: Path, priority: str):
    rules = tmp_path / "self_test.yaml"
    rules.write_text(falco.rules(FalcoOptions(minimum_priority=priority))["self_test.yaml"])
    settings = tmp_path / "falco.yaml"
    settings.write_text(yaml.safe_dump({"engine": {"kind": "modern_ebpf"}, "json_output": True}))
    result = run("-c", settings, "-V", rules)
    assert result.returncode == 0, result.stderr
    (report,) = json.loads(result.stdout)["falco_load_results"]
    assert report["successful"] and not report["errors"] and not report["warnings"]
