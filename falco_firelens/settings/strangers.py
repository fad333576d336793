"""Settings that come from outside the program, such as a service's caller: what they may not say, and how much.

Settings are code: a kubeconfig can name a command, a path any file of the machine. Validators ask `of_stranger`.
"""

from collections.abc import Mapping, Sequence
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from pathlib import Path
from typing import cast
from urllib.parse import urlsplit

from pydantic import ValidationInfo

from falco_firelens.settings.validation.errors import mistake
from falco_firelens.settings.validation.files import Files
from falco_firelens.settings.validation.raw import DEEPEST, items_of, keys_of
from falco_firelens.settings.validation.wording import describe_key
from falco_firelens.settings.validation.yaml_text import MOST_VALUES

CLUSTER_KEYS = frozenset((
    "server", "certificate-authority-data", "tls-server-name", "insecure-skip-tls-verify", "disable-compression",
    "extensions",
))  # fmt: skip
USER_KEYS = frozenset((
    "token", "client-certificate-data", "client-key-data", "username", "password", "as", "as-uid", "as-groups",
    "as-user-extra", "extensions",
))  # fmt: skip
"""What a kubeconfig can say without a command, a file or a proxy of the machine that reads it.

https://kubernetes.io/docs/reference/config-api/kubeconfig.v1/
"""

OWN_NAMES = frozenset(("localhost", "local", "internal", "lan", "intranet", "corp", "home", "arpa", "test", "invalid"))
"""Last labels that no name of the internet has: https://www.iana.org/assignments/special-use-domain-names/, and
`internal`, of which EC2's and Google's metadata services have names."""

NAT64 = IPv6Network("64:ff9b::/96")
"""https://www.rfc-editor.org/rfc/rfc6052"""


class NoFiles(Files):
    """Files of settings that a stranger gives: none, whatever setting names one."""

    def __init__(self) -> None:
        super().__init__(Path())

    def text(self, name: str) -> str:
        """Refuse it, without a look at whether it is there."""
        raise mistake(
            "no file: these settings come from outside the program, and files are those of its machine",
            found="the path of a file",
        )


def of_stranger(info: ValidationInfo) -> bool:
    """Whether the settings that are being checked come from outside the program."""
    return isinstance(info.context, NoFiles)


def check_kubeconfig(config: Mapping[str, object], found: str) -> None:
    """Raise PydanticCustomError where a kubeconfig says more than an address on the internet and a credential."""
    for entries, key, known in (("clusters", "cluster", CLUSTER_KEYS), ("users", "user", USER_KEYS)):
        for entry in items_of(config[entries]):
            others = sorted(keys_of(keys_of(entry).get(key)).keys() - known)
            if others:
                said = f"{found}, with {', '.join(describe_key(other, sorted(known)) for other in others)}"
                raise mistake("a token, or certificates as data: no command, no file, no proxy", found=said)
    for entry in items_of(config["clusters"]):
        check_address(keys_of(keys_of(entry).get("cluster")).get("server"), f"{found}, with another server")


def check_address(url: object, found: str) -> None:
    """Raise PydanticCustomError where a URL may lead into the network of the machine that opens it.

    Names are not resolved: what they mean can change after the check, and only a firewall holds against that.
    """
    try:
        parts = urlsplit(url if isinstance(url, str) else "")
        user = parts.username or parts.password
        good = parts.scheme in ("https", "oci") and not user and is_public(parts.hostname)
    except ValueError:
        good = False
    if not good:
        raise mistake("https:// and a host on the internet, by its full name or its address", found=found)


def is_public(host: str | None) -> bool:
    """Whether a host is one of the internet, as far as its name or address says."""
    name = (host or "").lower().rstrip(".")
    try:
        address = ip_address(name)
    except ValueError:
        *above, last = name.split(".")
        # The C library takes 127.1, 0x7f.1 and 2130706433 for addresses: inet_aton(3).
        return bool(above) and name.isascii() and last.isalnum() and not last[0].isdigit() and last not in OWN_NAMES
    return _meant(address).is_global and not _meant(address).is_multicast


def _meant(address: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    """Return the IPv4 address that an IPv6 one stands for, if it does."""
    if isinstance(address, IPv4Address):
        return address
    if address in NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or (address.teredo[1] if address.teredo else address)


def too_large(value: object) -> str | None:
    """Return which bound a tree exceeds, without copying it; None if it exceeds none.

    A list that is in a tree many times, as YAML's aliases make it, counts each time.
    """
    waiting: list[tuple[object, int]] = [(value, 0)]
    seen = 0
    while waiting:
        one, depth = waiting.pop()
        seen += 1
        if depth > DEEPEST:
            return f"more than {DEEPEST} levels"
        if seen + len(waiting) > MOST_VALUES:
            return f"more than {MOST_VALUES} values"
        if isinstance(one, Mapping):
            waiting += [(item, depth + 1) for item in cast("Mapping[object, object]", one).values()]
        elif isinstance(one, list | tuple):
            waiting += [(item, depth + 1) for item in cast("Sequence[object]", one)]
    return None
