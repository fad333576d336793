"""The access key of the user that deploys: random for each local cloud, and asked for by its servers."""

import json
import secrets
import string
from collections.abc import Mapping
from pathlib import Path

from localcloud.layout import Layout, write_secret

_LETTERS = string.ascii_uppercase + string.digits


def access_key(layout: Layout) -> Mapping[str, str]:
    """Return the access key, in the names of the environment."""
    return json.loads(access_key_file(layout).read_text())


def access_key_file(layout: Layout) -> Path:
    """Return the file of the access key, which is drawn when it is first asked for."""
    if not layout.credentials.exists():
        drawn = {
            "AWS_ACCESS_KEY_ID": "AKIA" + "".join(secrets.choice(_LETTERS) for _ in range(16)),
            "AWS_SECRET_ACCESS_KEY": secrets.token_urlsafe(30),
        }
        write_secret(layout.credentials, json.dumps(drawn).encode())
    return layout.credentials
