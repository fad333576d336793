"""Which policy packs an engine runs, and the configuration of each."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from falco_firelens.fleet.errors import FleetError
from falco_firelens.policy.configuration import PACK, pack_config
from falco_firelens.settings import Settings


@dataclass(frozen=True)
class Pack:
    """What the engine takes for `--policy-pack` and `--policy-pack-config`."""

    path: str
    config: str


class Packs:
    """The project's own pack, unless it is left out, and further ones.

    The own pack has each stack's own levels, unless it is among `given` with a configuration.
    """

    def __init__(self, given: Sequence[Path], configs: Sequence[Path], *, own: bool) -> None:
        """`configs` are those of `given`, one each or none at all.

        Raises:
            FleetError: there are fewer or more.
        """
        if configs and len(configs) != len(given):
            raise FleetError(
                f"--policy-pack-config: found {len(configs)}, expected one for each --policy-pack, of which there are"
                f" {len(given)}"
            )
        self._own = {str(PACK.parent), str(PACK)}
        paths = [str(pack.resolve()) for pack in given]
        texts = [str(config.resolve()) for config in configs] or [None] * len(given)
        self._packs: list[tuple[str, str | None]] = list(zip(paths, texts, strict=True))
        if own and not self._own & set(paths):
            self._packs.insert(0, (str(PACK), None))

    def __bool__(self) -> bool:
        return bool(self._packs)

    def of_stack(self, settings: Settings, folder: Path) -> tuple[Pack, ...]:
        """All of them with their configurations, which are written into `folder` where nobody has given one."""
        return tuple(self._configured(settings, folder)) if self._packs else ()

    def _configured(self, settings: Settings, folder: Path) -> Iterator[Pack]:
        levels, nothing = folder / "levels.json", folder / "no-levels.json"
        levels.write_text(json.dumps(pack_config(settings)))
        nothing.write_text("{}")
        for path, config in self._packs:
            yield Pack(path, config or str(levels if path in self._own else nothing))
