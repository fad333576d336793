"""The attacker wants to run code on the machine of the local cloud: from a web page, or as another user of it."""

import functools
import http.client
import json
import shutil
import ssl
import subprocess
import threading
from collections.abc import Iterator, Mapping
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import psutil
import pytest

from localcloud.accounts import client
from localcloud.cloud import LocalCloud
from tests.serving import serving
from tests.waiting import PATIENCE

pytestmark = pytest.mark.local

EVIL = "https://evil.example"
STACK = (
    "Action=CreateStack&Version=2010-05-15&StackName=evil&TemplateBody="
    '{"Resources":{"Q":{"Type":"AWS::SQS::Queue","Properties":{"QueueName":"evil"}}}}'
)
FORM = "application/x-www-form-urlencoded"
"""A page sends this type without a preflight."""

Answer = tuple[int, Mapping[str, str]]


def ask(url: str, method: str = "GET", headers: Mapping[str, str] | None = None, body: str | None = None) -> Answer:
    """What a stranger is answered; certificates are not looked at."""
    scheme, _, rest = url.partition("://")
    host, _, path = rest.partition("/")
    context = ssl._create_unverified_context()
    kind = functools.partial(http.client.HTTPSConnection, context=context) if scheme == "https" else None
    connection = (kind or http.client.HTTPConnection)(host, timeout=PATIENCE)
    try:
        connection.request(method, f"/{path}", body, dict(headers or {}))
        answer = connection.getresponse()
        return answer.status, {name.lower(): value for name, value in answer.getheaders()}
    finally:
        connection.close()


def ports(cloud: LocalCloud) -> dict[int, str]:
    """Every port that a process of the local cloud listens on, with the process's name."""
    return {
        connection.laddr.port: process.name
        for process in cloud.processes.running()
        for connection in psutil.Process(process.pid).net_connections()
        if connection.status == psutil.CONN_LISTEN
    }


def answers(port: int, **request: Mapping[str, str]) -> list[Answer]:
    """What a port says to a request over HTTP and over TLS, where it speaks that."""
    found: list[Answer] = []
    for scheme in ("http", "https"):
        try:
            found.append(ask(f"{scheme}://127.0.0.1:{port}", **request))
        except (OSError, http.client.HTTPException):
            continue
    return found


@pytest.mark.parametrize(
    "headers",
    [{}, {"Origin": EVIL}, {"Host": "evil.example"}, {"Origin": EVIL, "Host": "evil.example"}],
    ids=["another user", "a page", "a rebound name", "a page of a rebound name"],
)
@pytest.mark.parametrize("method", ["GET", "OPTIONS", "POST"])
def test_a_stranger_is_answered_by_some_port(local_cloud: LocalCloud, headers: dict[str, str], method: str) -> None:
    asked = {**headers, "Access-Control-Request-Method": "POST"} if method == "OPTIONS" else headers
    found = ports(local_cloud)
    assert len(found) >= 6

    for port, name in found.items():
        for status, given in answers(port, method=method, headers=asked):
            assert status >= 400, f"{name} answers {status}"
            assert "access-control-allow-origin" not in given, name


def test_a_stranger_reads_the_secrets_of_both_clusters_in_etcd(local_cloud: LocalCloud) -> None:
    (port,) = {port for port, name in ports(local_cloud).items() if name == "etcd"} - {_peer(local_cloud)}

    for scheme in ("http", "https"):
        with pytest.raises((OSError, http.client.HTTPException)):
            ask(f"{scheme}://127.0.0.1:{port}/health")


def _peer(cloud: LocalCloud) -> int:
    chosen = cloud.layout.ports()
    assert chosen
    return chosen.etcd_peer


def test_another_user_creates_a_function_without_a_key(local_env: dict[str, str]) -> None:
    unknown = "AWS4-HMAC-SHA256 Credential=test/20261128/us-east-1/cloudformation/aws4_request"
    for authorization in ({}, {"Authorization": unknown}, {"Authorization": "Bearer test"}):
        headers = {"Content-Type": FORM, **authorization}
        status, _ = ask(local_env["AWS_ENDPOINT_URL"], "POST", headers, STACK)
        assert status == 403

    assert stacks(local_env) == []


def test_each_local_cloud_has_a_key_of_its_own(local_env: dict[str, str], tmp_path: Path) -> None:
    from localcloud.access_key import access_key
    from localcloud.layout import Layout

    assert access_key(Layout(tmp_path))["AWS_ACCESS_KEY_ID"] != local_env["AWS_ACCESS_KEY_ID"]
    assert Layout(tmp_path).credentials.stat().st_mode & 0o077 == 0


def stacks(env: Mapping[str, str]) -> list[str]:
    return [one["StackName"] for one in client("cloudformation", env).describe_stacks()["Stacks"]]


# -- a real browser ----------------------------------------------------------------------------------------------------

CHAIN = """<!doctype html><title>evil</title><pre id="said"></pre><script>
const said = [];
async function attempt(name, url, options) {
  try {
    const answer = await fetch(url, options);
    said.push({name, status: answer.status, type: answer.type, text: (await answer.text()).slice(0, 80)});
  } catch (error) { said.push({name, refused: String(error)}); }
}
(async () => {
  const body = BODY, form = {"Content-Type": "application/x-www-form-urlencoded"};
  for (const url of URLS) {
    await attempt("read", url);
    await attempt("create with a preflight", url, {method: "POST", body, headers: {...form, "X-Amz-Date": "now",
      "Authorization": "AWS4-HMAC-SHA256 Credential=test/20261128/us-east-1/cloudformation/aws4_request"}});
    await attempt("create without a preflight", url, {method: "POST", body, headers: form});
    await attempt("create blindly", url, {method: "POST", body, headers: form, mode: "no-cors"});
  }
  document.getElementById("said").textContent = JSON.stringify(said);
})();
</script>"""


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Print nothing."""


@pytest.fixture
def page(local_env: dict[str, str], tmp_path: Path) -> Iterator[str]:
    """The address of a page of another origin that tries the chain against moto."""
    urls = [local_env["AWS_ENDPOINT_URL"] + "/", local_env["AWS_ENDPOINT_URL"].replace("127.0.0.1", "localhost") + "/"]
    text = CHAIN.replace("BODY", json.dumps(STACK)).replace("URLS", json.dumps(urls))
    (tmp_path / "index.html").write_text(text)
    server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(tmp_path)))
    with serving(server, threading.Event()):
        yield f"http://127.0.0.1:{server.server_port}/"


@pytest.fixture
def browser(tmp_path: Path) -> str:
    found = shutil.which("chromium")
    if found is None:
        pytest.skip("chromium is not on PATH: on Debian, apt-get install chromium")
    return found


def shown(browser: str, url: str, folder: Path, *options: str) -> str:
    """What the page shows once its script has ended."""
    command = [browser, "--headless=new", "--no-sandbox", "--disable-gpu", f"--user-data-dir={folder / 'profile'}"]
    command += ["--timeout=20000", "--virtual-time-budget=20000", *options, "--dump-dom", url]
    return subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=True).stdout


@pytest.mark.slow
def test_a_page_in_a_real_browser_creates_a_function(
    browser: str, page: str, local_env: dict[str, str], tmp_path: Path
) -> None:
    text = shown(browser, page, tmp_path)

    said = json.loads(text.partition('<pre id="said">')[2].partition("</pre>")[0])
    assert len(said) == 8
    for one in said:
        blind = one["name"] == "create blindly" and one.get("type") == "opaque"
        assert blind or "Failed to fetch" in one.get("refused", ""), one
    assert stacks(local_env) == [], "nothing was made, though a browser shows nobody what a blind request is answered"


@pytest.mark.slow
def test_a_page_of_a_rebound_name_reads_moto_in_a_real_browser(
    browser: str, local_env: dict[str, str], tmp_path: Path
) -> None:
    port = local_env["AWS_ENDPOINT_URL"].rpartition(":")[2]

    text = shown(browser, f"http://evil.example:{port}/", tmp_path, "--host-resolver-rules=MAP evil.example 127.0.0.1")

    assert "found the host evil.example" in text
