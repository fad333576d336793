"""What `falco_firelens.fleet.trust` takes for granted about the settings, held against them."""

import re
from pathlib import Path

import falco_firelens.settings as settings

FOLDER = Path(settings.__file__).parent
SCHEMA = (FOLDER / "schema.json").read_text()


def test_every_setting_that_is_read_as_a_file_is_known_by_its_name() -> None:
    """A new module here reads files by settings that have to be looked at, too."""
    readers = {file.name for file in FOLDER.glob("*.py") if "files_of(" in file.read_text()}
    keys = set(re.findall(r'\b(\w*[fF]iles?)":', SCHEMA))

    assert readers == {"falco.py", "kubeconfigs.py"}
    assert keys == {"kubeconfigFile", "rulesFiles"}


def test_every_setting_from_which_code_is_fetched_is_known_by_its_name() -> None:
    """The machine that runs pulumi fetches the chart; images are fetched by nodes."""
    assert set(re.findall(r'\b(\w*(?:[rR]epository|[rR]egistry))":', SCHEMA)) == {
        "chartRepository",
        "imageRegistry",
        "registry",
    }
