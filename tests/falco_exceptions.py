"""Forty exceptions as people write them, and what each says about a process's arguments.

Held against a reader of our own (tests/unit/sensor/test_exceptions.py) and the real Falco
(tests/pipeline/test_exceptions.py).
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Case:
    """One exception on one text: `silent` are texts that it keeps from being reported, `loud` are others."""

    comp: str
    value: str | tuple[str, ...]
    silent: tuple[str, ...]
    loud: tuple[str, ...]

    @property
    def title(self) -> str:
        return f"{self.comp} {self.value!r}"


def _equal(value: str, *loud: str) -> Case:
    return Case("=", value, (value,), (f"{value}x", *loud))


def _contains(value: str, *loud: str) -> Case:
    return Case("contains", value, (value, f"a {value} b"), (value[:-1] or "x", *loud))


CASES = (
    _equal("--config=/etc/nightly.yaml", "--config"),
    _equal("(sd-pam)", "sd-pam"),
    _equal("a,b", "a", "b"),
    _equal("it's"),
    _equal('sh -c "sleep 5"', "sh -c sleep 5"),
    _equal("/srv/a(1)/x"),
    _equal("plain"),
    _equal("with space", "with", "space"),
    _equal('a" or evt.type exists or proc.args = "b', "b", "anything"),
    _equal("a) or (evt.type exists", "anything"),
    _equal('"quoted"', "quoted"),
    _equal('"half', "half"),
    _equal("'single'", "single"),
    _equal("tab\there", "tab here"),
    _equal("two\nlines", "two lines"),
    _equal("back\\slash", "backslash"),
    _equal("C:\\", "C:"),
    _equal('ends in \\"', 'ends in "'),
    _equal("größe=ö", "grosse=o"),
    _equal("🦅 (eagle)"),
    _equal("${HOME}", "/root"),
    _equal("%evt.num", "1"),
    _equal("{{ .Values.x }} # no comment"),
    _equal("run shell_binaries now", "run bash now", "run"),
    _equal("(shell_binaries)", "bash"),
    _equal("exists", "anything"),
    _equal("tolower(proc.name)", "anything"),
    _equal("0755", "493"),
    Case("!=", "keep=this", ("anything",), ("keep=this",)),
    _contains("--config=/etc/nightly.yaml"),
    _contains('-c "', "-c"),
    _contains(" ", "none"),
    Case("startswith", "--x=(", ("--x=(1)",), ("--x=1", "y --x=(")),
    Case("endswith", "=y)", ("(x=y)",), ("x=y", "=y) ")),
    Case(
        "glob",
        "/srv/*/backup.?h --all=*",
        ("/srv/a/backup.sh --all=1",),
        ("/srv/a/backup.sh", "/srv/a/backup.ssh --all="),
    ),
    Case("glob", "[a-c],(x)", ("b,(x)",), ("d,(x)", "b")),
    Case("regex", "^(a|b)$", ("a", "b"), ("ab", "(a|b)")),
    Case("regex", r"--id=[0-9]+ \(ok\)", ("--id=42 (ok)",), ("--id= (ok)", "--id=42 ok", "x --id=42 (ok)")),
    Case(
        "in",
        ("a,b", "it's", 'say "x"', "(sd-pam)", "c d"),
        ("a,b", "it's", 'say "x"', "(sd-pam)", "c d"),
        ("a", "b", "x", "c"),
    ),
    Case("in", ("shell_binaries",), ("shell_binaries",), ("bash", "sh")),
    Case("icontains", "NIGHTLY=(", ("x nightly=( y",), ("nightly=",)),
    Case("iglob", "A=*", ("a=1",), ("b=1",)),
)
