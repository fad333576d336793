"""Fluent Bit: which image of it ships the events."""

from typing import Annotated

from pydantic import AfterValidator

from falco_firelens.sensor import images
from falco_firelens.settings.images import Digest, Registry, at_least
from falco_firelens.settings.validation.matching import Matching
from falco_firelens.settings.validation.model import Model

OLDEST_VERSION = (3, 4, 9)
"""Older releases end silently when a log group does not exist."""


class FluentBit(Model):
    """Which Fluent Bit runs. This release is tested with the default version."""

    version: Annotated[
        str,
        Matching(r"[0-9]+\.[0-9]+\.[0-9]+", 'a version of aws-for-fluent-bit such as "3.5.10"'),
        AfterValidator(at_least(OLDEST_VERSION, "the first version that survives a missing log group")),
    ] = images.FLUENT_BIT.version
    """Version of the image `aws-for-fluent-bit`, 3.4.9 or later, which is not Fluent Bit's own."""

    registry: Registry | None = None
    """Where the image `aws-for-fluent-bit` alone is pulled from, such as a mirror that has it under another path.
    Default: `aws-observability` in `imageRegistry`."""

    digest: Digest | None = None
    """Digest of that image, as `falco.digest`."""
