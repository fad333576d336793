"""Archives as vendors publish them, and as nobody should, served on 127.0.0.1 by a mirror of the test's own."""

import hashlib
import io
import json
import os
import socket
import ssl
import tarfile
import threading
import zipfile
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from localcloud.errors import LocalCloudError
from localcloud.toolchain import archives, download
from localcloud.toolchain.download import MIRROR, UnavailableError, Vendors, taken
from localcloud.toolchain.releases import Release
from testbed import self_signed
from tests.serving import serving

CONTENT = b"#!/bin/sh\necho hello\n"
ARCHIVE = "https://vendor.example/v{version}/tool-{system}-{machine}.tar.gz"
PATH = "/vendor.example/v1.2.3/tool-linux-amd64.tar.gz"
SUMS = "https://vendor.example/v{version}/SUMS"


def member(name, content=CONTENT, **attributes):
    info = tarfile.TarInfo(name)
    info.size = len(content)
    for key, value in attributes.items():
        setattr(info, key, value)
    return info, content


def tar(*members):
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        for info, content in members or (member("tool/README"), member("tool/tool"), member("tool/helper")):
            archive.addfile(info, io.BytesIO(content))
    return packed.getvalue()


def zipped(*names, mode=0):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name in names:
            info = zipfile.ZipInfo(name)
            info.external_attr = mode << 16
            archive.writestr(info, CONTENT)
    return packed.getvalue()


def sha256(content):
    return hashlib.sha256(content).hexdigest()


def released(content=None, url=ARCHIVE, programs=None, **keys):
    """A release of one file on this platform, pinned by the checksum of `content`."""
    programs = programs or {"tool": "tool/tool"}
    pin = {"sha256": {"linux-amd64": sha256(content)}} if content is not None else {}
    file = {"url": url, "programs": programs, **pin, **keys}
    return Release.model_validate({"version": "1.2.3", "files": [file]}).on("linux", "amd64")


@pytest.fixture
def vendor(tmp_path, monkeypatch):
    """A mirror: `vendor.files` has what it serves, `vendor.asked` what it was asked for."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    stopped = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            server.asked.append(self.path)
            answer = server.files.get(self.path)
            if callable(answer):
                answer(self)
                return
            self.send_response(200 if answer is not None else 404)
            self.send_header("Content-Length", str(len(answer or b"")))
            self.end_headers()
            self.wfile.write(answer or b"")

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.files, server.asked, server.stopped = {}, [], stopped
    monkeypatch.setenv(MIRROR, f"http://127.0.0.1:{server.server_port}")
    with serving(server, stopped):
        yield server


def left(tmp_path):
    """What a failure has left in the cache, beside the files of locks."""
    return [file for file in (tmp_path / "cache").rglob("*") if file.is_file() and file.suffix != ".lock"]


def test_the_programs_of_an_archive_are_taken_once_and_nothing_else_of_it(vendor, tmp_path, capsys):
    vendor.files[PATH] = tar()
    release = released(vendor.files[PATH], programs={"tool": "tool/tool", "helper": "tool/helper"})
    assert taken("tool", release) is None

    folder = Vendors().take("tool", release)

    assert "taking tool, helper 1.2.3 from vendor.example: done" in capsys.readouterr().out
    assert {file.name: file.read_bytes() for file in folder.iterdir()} == {"tool": CONTENT, "helper": CONTENT}
    assert all(os.access(file, os.X_OK) for file in folder.iterdir())
    assert {file.parent for file in left(tmp_path)} == {folder}
    assert Vendors().take("tool", release) == taken("tool", release) == folder
    assert vendor.asked == [PATH]


def test_a_file_that_is_the_program_itself_is_taken(vendor):
    vendor.files["/vendor.example/v1.2.3/tool"] = CONTENT
    release = released(CONTENT, "https://vendor.example/v{version}/tool", {"tool": ""})

    assert (Vendors().take("tool", release) / "tool").read_bytes() == CONTENT


def test_a_program_is_taken_out_of_a_zip(vendor):
    path = PATH.replace(".tar.gz", ".zip")
    vendor.files[path] = zipped("tool/README", "tool/tool")

    folder = Vendors().take("tool", released(vendor.files[path], ARCHIVE.replace(".tar.gz", ".zip")))

    assert [file.name for file in folder.iterdir()] == ["tool"]


def test_a_member_may_be_named_from_the_archives_own_folder(vendor):
    vendor.files[PATH] = tar(member("./tool/tool"))

    assert (Vendors().take("tool", released(vendor.files[PATH])) / "tool").exists()


@pytest.mark.parametrize(
    "form",
    [
        lambda digest: digest,
        lambda digest: f"{digest}\n",
        lambda digest: f"{'0' * 64}  other.tar.gz\n{digest}  tool-linux-amd64.tar.gz\n",
        lambda digest: f"{digest.upper()} *./tool-linux-amd64.tar.gz\n",
        lambda digest: json.dumps(
            {"assets": [{"name": "other"}, {"name": "tool-linux-amd64.tar.gz", "digest": f"sha256:{digest}"}]}
        ),
    ],
    ids=["alone", "alone on a line", "lines", "shasum's form", "GitHub's answer"],
)
def test_a_checksum_that_is_not_pinned_is_the_published_one(vendor, form):
    vendor.files[PATH] = tar()
    vendor.files["/vendor.example/v1.2.3/SUMS"] = form(sha256(vendor.files[PATH])).encode()
    release = released(checksums=SUMS)

    assert (Vendors().take("tool", release) / "tool").exists()
    vendor.files["/vendor.example/v1.2.3/SUMS"] = form(sha256(b"another")).encode()
    with pytest.raises(LocalCloudError, match=rf"expected {sha256(b'another')}, which http://.*/SUMS says"):
        Vendors().take("again", release)


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"0" * 40 + b"  tool-linux-amd64.tar.gz\n",
        b"0" * 64 + b"  tool-linux-arm64.tar.gz\n",
        b"<html>log in first</html>",
        b"{",
        b'{"assets": [{"name": "tool-linux-amd64.tar.gz", "digest": null}]}',
        b'{"message": "API rate limit exceeded"}',
    ],
    ids=["nothing", "SHA-1", "another file", "a page", "broken", "no digest", "too many requests"],
)
def test_nothing_is_fetched_of_which_no_sha256_is_published(vendor, text):
    vendor.files |= {PATH: tar(), "/vendor.example/v1.2.3/SUMS": text}

    with pytest.raises(UnavailableError, match=r"SUMS has no SHA-256 of tool-linux-amd64\.tar\.gz"):
        Vendors().take("tool", released(checksums=SUMS))

    assert PATH not in vendor.asked


def test_a_pin_is_not_overruled_by_what_is_published(vendor):
    vendor.files |= {PATH: tar(), "/vendor.example/v1.2.3/SUMS": sha256(tar()).encode()}

    with pytest.raises(LocalCloudError, match=r"releases\.yaml says"):
        Vendors().take("tool", released(b"what was pinned", checksums=SUMS))


def test_a_wrong_checksum_stops_and_leaves_nothing(vendor, tmp_path):
    vendor.files[PATH] = tar(member("tool/tool", b"#!/bin/sh\nrm -rf ~\n"))

    with pytest.raises(LocalCloudError, match=r"(?s)found the SHA-256 .*attacker.*LOCALCLOUD_PROGRAMS=build") as raised:
        Vendors().take("tool", released(tar()))

    assert sha256(vendor.files[PATH]) in str(raised.value)
    assert left(tmp_path) == []


def cut(handler):
    """The connection ends before the whole file has come."""
    handler.send_response(200)
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    handler.wfile.write(b"the beginning")


def silent(handler):
    """The server takes the request down and never answers."""
    handler.server.stopped.wait()


def refused(handler):
    handler.send_error(403)


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (cut, "peer closed connection"),
        (silent, "did not answer in time"),
        (None, "answered 404"),
        (refused, "answered 403"),
    ],
)
def test_what_does_not_arrive_can_be_built(vendor, tmp_path, monkeypatch, answer, message):
    monkeypatch.setattr(download, "READ_SECONDS", 0.2)
    vendor.files[PATH] = answer

    with pytest.raises(UnavailableError, match=message):
        Vendors().take("tool", released(tar()))

    assert left(tmp_path) == []


def test_a_file_that_comes_too_slowly_as_a_whole_is_given_up(vendor, monkeypatch):
    monkeypatch.setattr(download, "TOTAL_SECONDS", -1.0)
    vendor.files[PATH] = tar()

    with pytest.raises(UnavailableError, match="did not answer in time"):
        Vendors().take("tool", released(tar()))


def test_a_file_without_an_end_does_not_fill_the_disk(vendor, monkeypatch):
    monkeypatch.setattr(download, "MOST_BYTES", 10)
    vendor.files[PATH] = tar()

    with pytest.raises(UnavailableError, match="has more than 10 bytes"):
        Vendors().take("tool", released(tar()))


def test_an_archive_of_which_one_gets_too_much_is_broken(vendor, monkeypatch):
    monkeypatch.setattr(archives, "MOST_BYTES", 10)
    vendor.files[PATH] = tar()

    with pytest.raises(UnavailableError, match="more than 10 bytes in tool"):
        Vendors().take("tool", released(tar()))


def test_a_firewall_that_swallows_connections_does_not_keep_anybody_waiting(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(download, "CONNECT_SECONDS", 0.2)
    with ExitStack() as stack:
        listener = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        port = listener.getsockname()[1]
        for _ in range(8):  # Linux drops further ones when the queue is full
            client = stack.enter_context(socket.socket())
            client.setblocking(False)
            client.connect_ex(("127.0.0.1", port))
        monkeypatch.setenv(MIRROR, f"http://127.0.0.1:{port}")

        with pytest.raises(UnavailableError, match="did not answer in time"):
            Vendors().take("tool", released(tar()))


def test_a_host_that_cannot_be_reached_is_asked_once(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    with socket.create_server(("127.0.0.1", 0)) as server:
        closed = server.getsockname()[1]
    monkeypatch.setenv(MIRROR, f"http://127.0.0.1:{closed}")
    vendors = Vendors()
    with pytest.raises(UnavailableError, match=rf"127\.0\.0\.1:{closed} cannot be reached: .*refused"):
        vendors.take("tool", released(tar()))
    monkeypatch.setattr(download, "_answer", lambda _: pytest.fail("asked again"))

    with pytest.raises(UnavailableError, match="cannot be reached"):
        vendors.take("other", released(tar()))


@pytest.mark.parametrize(
    ("archive", "message"),
    [
        (b"no archive at all", "is a broken archive"),
        (tar()[:-30], "is a broken archive"),
        (tar(member("tool/other")), "has no tool/tool"),
    ],
    ids=["something else", "cut off", "without the program"],
)
def test_a_broken_archive_can_be_built(vendor, tmp_path, archive, message):
    vendor.files[PATH] = archive

    with pytest.raises(UnavailableError, match=message):
        Vendors().take("tool", released(archive))

    assert left(tmp_path) == []


@pytest.mark.parametrize(
    ("suffix", "archive"),
    [
        ("tar.gz", tar(member("../../tool"), member("tool/tool"))),
        ("tar.gz", tar(member("tool/link", b"", type=tarfile.SYMTYPE, linkname="/etc"), member("tool/tool"))),
        ("tar.gz", tar(member("tool/link", b"", type=tarfile.LNKTYPE, linkname="../../x"), member("tool/tool"))),
        ("tar.gz", tar(member("tool/tool", b"", type=tarfile.SYMTYPE, linkname="other"))),
        ("tar.gz", tar(member("tool/tool", b"", type=tarfile.FIFOTYPE))),
        ("tar.gz", tar(member("tool/tool", b"", type=tarfile.DIRTYPE))),
        ("zip", zipped("../tool", "tool/tool")),
        ("zip", zipped("/tool", "tool/tool")),
        ("zip", zipped("tool/tool", mode=0o120777)),
    ],
    ids=["outside", "link", "hard link", "program is a link", "pipe", "folder", "zip outside", "zip root", "zip link"],
)
def test_a_hostile_archive_stops_and_writes_nothing(vendor, tmp_path, suffix, archive):
    vendor.files[PATH.replace("tar.gz", suffix)] = archive

    with pytest.raises(LocalCloudError, match="made to harm; nothing of it was used"):
        Vendors().take("tool", released(archive, ARCHIVE.replace("tar.gz", suffix)))

    assert left(tmp_path) == []
    assert not [file for file in tmp_path.rglob("*tool*") if file.is_file() and file.suffix != ".lock"]


def test_a_release_is_taken_whole_or_not_at_all(vendor, tmp_path):
    vendor.files["/vendor.example/one"] = CONTENT
    files = [
        {"url": f"https://vendor.example/{name}", "programs": {name: ""}, "sha256": {"any": sha256(CONTENT)}}
        for name in ("one", "two")
    ]
    release = Release.model_validate({"version": "1", "files": files}).on("linux", "amd64")

    with pytest.raises(UnavailableError, match="two answered 404"):
        Vendors().take("both", release)

    assert left(tmp_path) == []
    vendor.files["/vendor.example/two"] = CONTENT
    assert len(list(Vendors().take("both", release).iterdir())) == 2


def test_two_that_need_the_same_at_once_take_it_once(vendor):
    vendor.files[PATH] = tar()

    with ThreadPoolExecutor(2) as pool:
        folders = [future.result() for future in [pool.submit(Vendors().take, "tool", released(tar())) for _ in "ab"]]

    assert folders[0] == folders[1]
    assert vendor.asked == [PATH]


@contextmanager
def over_tls(server, tmp_path, monkeypatch):
    """Serve over TLS, with a certificate that this process trusts."""
    files = self_signed(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(files.certificate, files.key)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    monkeypatch.setenv("SSL_CERT_FILE", str(files.certificate))
    monkeypatch.setenv(MIRROR, f"https://127.0.0.1:{server.server_port}")
    yield


def test_a_redirect_is_followed_but_not_away_from_tls(vendor, tmp_path, monkeypatch):
    def redirect(scheme):
        def answer(handler):
            handler.send_response(302)
            handler.send_header("Location", f"{scheme}://127.0.0.1:{vendor.server_port}/elsewhere")
            handler.send_header("Content-Length", "0")
            handler.end_headers()

        return answer

    with over_tls(vendor, tmp_path, monkeypatch):
        vendor.files |= {PATH: redirect("https"), "/elsewhere": tar()}
        assert (Vendors().take("tool", released(tar())) / "tool").exists()

        vendor.files[PATH] = redirect("http")
        with pytest.raises(UnavailableError, match=r"redirects to http://.*, which is not https"):
            Vendors().take("other", released(tar()))


@pytest.mark.parametrize("mirror", ["http://mirror.example", "mirror.example", "ftp://mirror.example"])
def test_a_mirror_that_anybody_could_answer_for_is_refused(vendor, monkeypatch, mirror):
    monkeypatch.setenv(MIRROR, mirror)

    with pytest.raises(LocalCloudError, match=f"LOCALCLOUD_MIRROR: found {mirror}, expected .* https://"):
        Vendors().take("tool", released(tar()))
