import subprocess
import sys

import pytest

from falco_firelens.contract import cache
from localcloud import moto
from localcloud.aws.server import REQUEST_ID, RequestIds


@pytest.mark.parametrize(
    ("headers", "expected"),
    [([("Server", "moto")], None), ([("x-amzn-requestid", "given")], "given")],
    ids=["none", "given"],
)
def test_every_answer_has_one_request_id(headers, expected):
    started = []

    def application(_environ, start_response):
        start_response("200 OK", headers)
        return [b"{}"]

    assert list(RequestIds(application)({}, lambda status, sent: started.append((status, sent)))) == [b"{}"]

    ((status, sent),) = started
    ids = [value for name, value in sent if name.lower() == REQUEST_ID.lower()]
    assert (status, len(ids)) == ("200 OK", 1)
    assert ids[0] == expected if expected else len(ids[0]) == 32


@pytest.mark.parametrize("variable", ["XDG_CACHE_HOME", "HOME"])
def test_functions_are_looked_for_where_this_machine_has_built_them(tmp_path, monkeypatch, variable):
    """The process has an environment of its own."""
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setenv(variable, str(tmp_path))
    program = "from falco_firelens.contract import cache; print(cache())"

    found = subprocess.check_output([sys.executable, "-c", program], text=True, env=moto._environment())

    assert found.strip() == str(cache())
    assert tmp_path in cache().parents
