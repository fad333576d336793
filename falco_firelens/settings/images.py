"""Which image runs: where it is pulled from, and by which digest."""

from collections.abc import Callable
from typing import Annotated, Final

from falco_firelens.sensor import images
from falco_firelens.settings.validation.errors import mistake
from falco_firelens.settings.validation.matching import Matching

Registry = Annotated[
    str,
    Matching(
        r"[a-z0-9.-]+(:[0-9]+)?(/[a-z0-9._-]+)*",
        "a registry with its path, without scheme and tag, such as public.ecr.aws/falcosecurity",
    ),
]

BY_TAG: Final = "none"
"""In place of a digest: the image is pulled by its tag."""

Digest = Annotated[
    str,
    Matching(f"{images.DIGEST}|{BY_TAG}", f"sha256: and 64 hexadecimal digits in lower case, or {BY_TAG}"),
]


def at_least(oldest: tuple[int, int, int], why: str) -> Callable[[str], str]:
    """Return a check that a version is not older than `oldest`, which is the first one for the reason `why`."""

    def check(version: str) -> str:
        if tuple(int(part) for part in version.split(".")) < oldest:
            raise mistake(f"at least {'.'.join(map(str, oldest))}, {why}")
        return version

    return check
