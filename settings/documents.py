"""YAML documents that a person wrote: parsed, or one line on what is wrong, which never repeats their content."""

import re

import yaml


class _Loader(yaml.SafeLoader):
    """Reads what PyYAML, alone, reads in another way than the engine and Falco: `=` is a text, `098` a number."""


_Loader.add_constructor("tag:yaml.org,2002:value", _Loader.construct_scalar)
_Loader.add_implicit_resolver("tag:yaml.org,2002:float", re.compile("0[0-9]+"), ["0"])


class NotYaml(ValueError):  # noqa: N818 - says what the text is
    """A text that is not YAML; the message has the line where it stops being so."""


def parse(text: str) -> list[object]:
    """All documents of a text. Raises NotYaml."""
    try:
        return list(yaml.load_all(text, _Loader))
    except yaml.MarkedYAMLError as error:
        line = f" at line {error.problem_mark.line + 1}" if error.problem_mark else ""
        problem = f"{error.problem}{line}"
    except (yaml.YAMLError, ValueError, RecursionError):
        problem = "a character or number that cannot be read"
    raise NotYaml(problem)


def parse_one(text: str) -> object:
    """The first document of a text, None if it is empty. Raises NotYaml."""
    documents = parse(text)
    return documents[0] if documents else None
