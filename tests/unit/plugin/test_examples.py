"""The programs in YAML, of the examples and the docs: the loader takes what they pass."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from falco_firelens.settings import ENCRYPTED, load
from localcloud.layout import CHECKOUT

PAGE = (CHECKOUT / "docs" / "other-languages.md").read_text()
PROGRAMS = {
    "example": (CHECKOUT / "examples" / "yaml" / "Pulumi.yaml").read_text(),
    **{f"page {index}": text for index, text in enumerate(re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL))},
}


@pytest.mark.parametrize("program", PROGRAMS.values(), ids=PROGRAMS)
def test_a_program_in_yaml_passes_settings_without_a_mistake(program: str) -> None:
    def value(given: Any) -> Any:
        if isinstance(given, dict):
            return {key: value(item) for key, item in given.items()}
        if isinstance(given, list):
            return [value(item) for item in given]
        return ENCRYPTED if given == "${kubeconfig}" else given

    (resource,) = yaml.safe_load(program)["resources"].values()
    assert resource["type"] == "falco-firelens:Deployment"
    assert load(value(resource["properties"]), file="Pulumi.yaml", root=Path()).clusters


def test_the_page_has_a_program_in_yaml() -> None:
    assert len(PROGRAMS) == 2
