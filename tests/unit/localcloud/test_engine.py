import json
import os

import psutil
import pytest

from localcloud.engine import Engine
from localcloud.errors import LocalCloudError

OUTPUT = """\
@ updating....
 +  aws:kms:Key events-key creating (3s)
 +  aws:kms:Key events-key created (4s)
 +  kubernetes:apps/v1:DaemonSet falco creating (2s) Available: 1/3
    warning: using pulumi-resource-aws from $PATH at /somewhere
    error: something else"""


@pytest.fixture
def pulumi(layout, tmp_path):
    """A command that notes what it is asked, in place of the engine; call it to choose what it knows and says."""

    def put(*, stacks=("local",), code=0):
        known = json.dumps([{"name": stack} for stack in stacks])
        (tmp_path / "said").write_text(OUTPUT)
        script = f"""#!/bin/sh
echo "$@" >> {tmp_path}/asked
case "$1 $2" in "stack ls") echo '{known}' ;; up*) cat {tmp_path}/said; exit {code} ;; esac
"""
        (layout.bin / "pulumi").write_text(script)
        (layout.bin / "pulumi").chmod(0o755)
        return lambda: [line.split(" --")[0] for line in (tmp_path / "asked").read_text().splitlines()]

    return put


def lock(layout, pid):
    folder = layout.state / ".pulumi" / "locks" / "organization" / "falco-firelens" / "local"
    folder.mkdir(parents=True)
    (folder / "1.json").write_text(json.dumps({"pid": pid}))


def test_the_first_deployment_makes_the_stack_and_later_ones_do_not(layout, pulumi):
    asked = pulumi(stacks=())
    Engine(layout).up()
    pulumi()
    Engine(layout).up()

    assert asked() == ["stack ls", "stack init local", "up", "stack ls", "up"]


def test_a_prefix_says_whose_line_it_is(layout, pulumi, capsys):
    pulumi()
    Engine(layout, prefix="spoke | ").up()

    shown = capsys.readouterr().out.splitlines()
    assert shown and all(line.startswith("spoke | ") for line in shown)


def test_what_tells_nothing_is_not_shown(layout, pulumi, capsys):
    pulumi()
    Engine(layout).up()

    shown = [line.strip() for line in capsys.readouterr().out.splitlines()]
    assert shown == [
        "+  aws:kms:Key events-key created (4s)",
        "+  kubernetes:apps/v1:DaemonSet falco creating (2s) Available: 1/3",
        "error: something else",
    ]


def test_a_failed_deployment_is_an_error(layout, pulumi):
    pulumi(code=255)

    with pytest.raises(LocalCloudError, match="`pulumi up` failed with exit code 255; see above"):
        Engine(layout).up()


def test_the_lock_of_a_killed_engine_is_broken_and_what_it_left_is_refreshed(layout, pulumi, tmp_path):
    asked = pulumi()
    lock(layout, max(psutil.pids()) + 100_000)

    Engine(layout).up()

    assert asked() == ["stack ls", "cancel", "up"]
    assert "--refresh" in (tmp_path / "asked").read_text()


def test_the_lock_of_a_living_engine_is_kept(layout, pulumi, tmp_path):
    asked = pulumi()
    lock(layout, os.getpid())

    Engine(layout).up()

    assert asked() == ["stack ls", "up"]
    assert "--refresh" not in (tmp_path / "asked").read_text()
