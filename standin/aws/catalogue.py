"""The list of types in docs/localcloud.md: `make generate` writes it."""

from pathlib import Path

from standin.aws.registry import functions, resources

PAGE = Path(__file__).resolve().parents[2] / "docs" / "localcloud.md"
BEGIN = "<!-- types: written by make generate -->"
END = "<!-- end of types -->"


def table() -> str:
    """All types and functions, by service, as a Markdown table."""
    columns = {"emulated": _by_service(False), "recorded": _by_service(True), "functions": _functions()}
    lines = ["| service | emulated | recorded only | functions |", "| --- | --- | --- | --- |"]
    for service in sorted({name for column in columns.values() for name in column}):
        cells = (", ".join(f"`{name}`" for name in sorted(column.get(service, ()))) for column in columns.values())
        lines.append(f"| {service} | {' | '.join(cells)} |")
    return "\n".join(lines)


def replaced(page: str) -> str:
    """Return the page with the list brought up to date.

    Raises ValueError where the page has lost its markers.
    """
    before, rest = page.split(BEGIN)
    _, after = rest.split(END)
    return f"{before}{BEGIN}\n{table()}\n{END}{after}"


def _by_service(recorded: bool) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for token, resource in resources().items():
        if resource.recorded == recorded:
            service, name = _names(token)
            found.setdefault(service, []).append(name)
    return found


def _functions() -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for token in functions():
        service, name = _names(token)
        found.setdefault(service, []).append(name)
    return found


def _names(token: str) -> tuple[str, str]:
    _, module, name = token.split(":")
    service = module.split("/")[0]
    return ("general" if service == "index" else service), name


if __name__ == "__main__":
    PAGE.write_text(replaced(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
