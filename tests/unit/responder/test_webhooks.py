"""Notices to webhooks over real sockets: what they get, what their failures cost, and that their URLs stay secret."""

import contextlib
import json
import ssl
import threading
from collections.abc import Callable, Generator, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from falco_firelens.responder.actions import notifications
from testbed.certificate import self_signed
from tests.serving import serving
from tests.unit.responder.account import Account, deliver, moto_account
from tests.unit.responder.events import configuration, document, playbook
from tests.waiting import PATIENCE

SECRET = "T0SECRET"
PLAN = configuration(playbook(actions=["notify"]))


class Receiver:
    """An HTTP server that keeps what it is sent, and answers as `answer` says, once `before` has returned."""

    def __init__(self) -> None:
        self.answer: Any = 200
        self.before: Callable[[], object] = lambda: None
        self.got: list[dict[str, Any]] = []
        self.paths: list[str] = []
        self.stopped = threading.Event()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                receiver.paths.append(self.path)
                body = self.rfile.read(int(self.headers["Content-Length"] or 0))
                receiver.before()
                if receiver.answer == "hang":
                    receiver.stopped.wait()
                    return
                if receiver.answer == "nonsense":
                    self.wfile.write(b"SSH-2.0-OpenSSH\r\n")
                    return
                if isinstance(receiver.answer, tuple):
                    self.send_response(receiver.answer[0])
                    self.send_header("Location", receiver.answer[1])
                else:
                    self.send_response(receiver.answer)
                    receiver.got += [json.loads(body)] if receiver.answer == 200 else []
                self.send_header("Content-Length", "0")
                self.end_headers()

            do_GET = do_POST  # noqa: N815

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)

    def url(self, scheme: str = "http", path: str = SECRET) -> str:
        return f"{scheme}://127.0.0.1:{self.server.server_address[1]}/services/{path}"


@contextlib.contextmanager
def receiving() -> Generator[Receiver]:
    made = Receiver()
    with serving(made.server, made.stopped):
        yield made


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as made:
        yield made


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> Iterator[Account]:
    monkeypatch.setattr(notifications, "WEBHOOK_SECONDS", PATIENCE)
    with moto_account(monkeypatch):
        yield Account()


def told(account: Account, *hooks: tuple[str, str], **changes: Any) -> dict[str, Any]:
    """Answer an event with these webhooks, each a URL and its format."""
    value = json.dumps([{"url": url, "format": form} for url, form in hooks])
    account.aws("secretsmanager").create_secret(Name="hooks", SecretString=value)
    return account.invocation(PLAN, WEBHOOKS_SECRET="hooks").answer_delivery(deliver(document(**changes)))


def again(account: Account) -> list[str]:
    return account.poll(PLAN, WEBHOOKS_SECRET="hooks")


def test_slack_and_a_program_get_the_same_notice_in_their_own_form(account: Account, receiver: Receiver) -> None:
    hostile = "<!channel> *now* <https://evil.example|click> & `x`"
    told(account, (receiver.url(), "slack"), (receiver.url(), "json"), output=hostile)
    slack, plain = sorted(receiver.got, key=len)
    assert set(slack) == {"text", "mrkdwn", "unfurl_links", "unfurl_media"}
    assert not slack["mrkdwn"] and not slack["unfurl_links"] and not slack["unfurl_media"]
    assert "&lt;!channel&gt; *now* &lt;https://evil.example|click&gt; &amp; `x`" in slack["text"]
    assert "<" not in slack["text"] and "pod eks/shop/web-0" in slack["text"]
    assert plain["event"]["output"] == hostile and plain["subject"] == "pod eks/shop/web-0"


FAILURES = [500, 404, 304, "hang", "nonsense"]


@pytest.mark.parametrize("answer", FAILURES)
def test_a_webhook_that_fails_is_told_later_and_nobody_else_twice(
    account: Account,
    receiver: Receiver,
    answer: Any,
    capsys: Any,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with receiving() as broken:
        if answer == "hang":
            impatient_with(broken, monkeypatch)
        broken.answer = answer
        told(account, (broken.url(), "slack"), (receiver.url(), "json"))
        assert len(receiver.got) == len(account.notices()) == 1 and broken.got == []
        (message,) = account.messages("retries")
        assert "1 of 2 webhooks did not accept the notice" in message["reasons"]["notify"]
        assert len(again(account)) == 1
        broken.answer = 200
        assert again(account) == []
        assert len(broken.got) == len(receiver.got) == len(account.notices()) == 1
        nothing_is_said(account, capsys, caplog, message)


def impatient_with(broken: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    """Do not wait long for one webhook; the others may be as slow as a busy machine makes them."""
    post = notifications._post

    def impatiently(url: str, body: bytes) -> None:
        with monkeypatch.context() as patch:
            if url == broken.url() and broken.answer == "hang":
                patch.setattr(notifications, "WEBHOOK_SECONDS", 0.2)
            post(url, body)

    monkeypatch.setattr(notifications, "_post", impatiently)


def nothing_is_said(account: Account, capsys: Any, caplog: pytest.LogCaptureFixture, *messages: Any) -> None:
    """No URL in any log, notice or message."""
    printed = capsys.readouterr()
    said = [printed.out, printed.err, caplog.text, *account.notices(), json.dumps(messages)]
    said.append(json.dumps(account.aws("dynamodb").scan(TableName="ledger")["Items"]))
    assert not [text for text in said if SECRET in text or "127.0.0.1:" in text]


@pytest.mark.parametrize(
    "url",
    [
        f"http://127.0.0.1:1/services/{SECRET}",
        f"htps://127.0.0.1:1/{SECRET}",
        f"http://127.0.0.1:1/{SECRET} x",
        f"http://127.0.0.1:{SECRET}/x",
        f"http://[{SECRET}/x",
        f"file:///{SECRET}",
        f"{SECRET}",
        f"http://127.0.0.1:1/{SECRET}\n",
        f"http://127.0.0.1:1/{SECRET}\u00e9",
    ],
)
def test_a_url_that_is_wrong_is_not_told_to_anybody(
    account: Account, url: str, capsys: Any, caplog: pytest.LogCaptureFixture
) -> None:
    told(account, (url, "slack"))
    (message,) = account.messages("retries")
    assert "did not accept the notice" in message["reasons"]["notify"]
    nothing_is_said(account, capsys, caplog, message)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(account: Account, receiver: Receiver, status: int) -> None:
    with receiving() as elsewhere:
        receiver.answer = (status, elsewhere.url())
        told(account, (receiver.url(), "json"))
        assert receiver.paths == [f"/services/{SECRET}"] and elsewhere.paths == []
    (message,) = account.messages("retries")
    assert f"HTTP status {status}" in message["reasons"]["notify"]


@pytest.mark.parametrize("trusted", [True, False])
def test_only_a_server_with_a_trusted_certificate_is_told(
    account: Account, receiver: Receiver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, trusted: bool
) -> None:
    files = self_signed(tmp_path)
    if trusted:
        monkeypatch.setenv("SSL_CERT_FILE", str(files.certificate))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*files)
    receiver.server.socket = context.wrap_socket(receiver.server.socket, server_side=True)
    told(account, (receiver.url("https"), "json"))
    assert len(receiver.got) == trusted and len(account.messages("retries")) == (not trusted)
