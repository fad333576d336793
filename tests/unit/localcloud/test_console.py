import io

import pytest

from localcloud import console
from localcloud.console import Step, duration, table


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.mark.parametrize(("seconds", "said"), [(0.04, "0.0 s"), (9.94, "9.9 s"), (42.4, "42 s"), (185, "3 min 05 s")])
def test_a_duration_is_told_as_people_do(seconds, said):
    assert duration(seconds) == said


def test_a_log_has_progress_only_now_and_then(monkeypatch):
    log = io.StringIO()
    with Step("building", log) as step:
        step.progress("1 of 3")
        monkeypatch.setattr(console, "LOG_INTERVAL", 0)
        step.progress("2 of 3")

    lines = log.getvalue().splitlines()
    assert [line.split(",")[0].split(" after")[0] for line in lines] == [
        "building …",
        "building … 2 of 3",
        "building: done",
    ]


def test_a_terminal_has_one_line_that_changes():
    terminal = Terminal()
    with Step("building", terminal) as step:
        step.progress("1 of 3")

    assert terminal.getvalue().count("\n") == 1
    assert "1 of 3" in terminal.getvalue()


def test_a_step_that_fails_says_so():
    log = io.StringIO()
    with pytest.raises(ValueError, match="no"), Step("building", log):
        raise ValueError("no")

    assert "building: failed after" in log.getvalue()


def test_columns_of_a_table_are_as_wide_as_their_widest_cell():
    assert table("What runs", [("etcd", "1"), ("moto", "23")]).splitlines() == ["What runs", "  etcd  1", "  moto  23"]
