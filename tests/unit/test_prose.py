"""The word list of tools/prose.yaml finds what it should, and only there."""

import pytest

from tools import prose

ENTRIES = prose.entries(prose.LIST.read_text())


def found(text: str, path: str = "docs/page.md") -> list[str]:
    return [str(one) for one in prose.check(path, text, ENTRIES)]


@pytest.mark.parametrize(
    "text",
    [
        "Every mistake is told at once.",
        "A dry run only tells what it would do.",
        "The desired state, as the program wished.",
        "Whoever deploys needs a role.",
        "It puts the file together anew.",
        "`--yes`: the word for it.",
        "Another invocation is at it.",
        "Events are kept less long.",
        "A queue of ours.",
        "What has become of the stacks.",
        "A name of one's own.",
        "It is otherwise than in the state.",
        "Events graver than Critical.",
        "The resources that are to be created are known.",
        "An action about which there is nothing to say.",
        "The name has not the form that it must have.",
        "Mend the cause and run it again.",
        "A cluster that is there already.",
    ],
)
def test_a_translated_turn_is_found(text: str) -> None:
    assert found(text) != []


@pytest.mark.parametrize(
    "text",
    [
        "Labels tell one node from another.",
        "Tell people how to undo it.",
        "The word list is a file.",
        "As long as the stack exists, it runs.",
        "The function has no role.",
        "The alarm says which cluster it is about.",
        "It keeps its own name.",
    ],
)
def test_plain_english_is_not(text: str) -> None:
    assert found(text) == []


def test_a_finding_names_file_line_words_and_what_to_write() -> None:
    assert found("# Title\n\nAn alarm is\ntold once.\n") == [
        'docs/page.md:3: found \'is told\', write: report, notify, show ("is reported", "is notified")'
    ]


def test_of_python_strings_docstrings_and_comments_are_read_and_names_are_not() -> None:
    source = '"""It is told."""\n\nwished = 1  # as the user wished\nprint(f"{wished} is told")\n'
    source += "# What has\n# become of it.\n"

    lines = sorted(int(one.split(":")[1]) for one in found(source, "room/module.py"))

    assert lines == [1, 3, 4, 5]


def test_yaml_is_read_as_a_whole() -> None:
    assert len(found("key: # as wished\n  description: Who is told about alarms\n", "Pulumi.yaml")) == 2


def test_every_exception_is_still_needed() -> None:
    files = [file for file in (prose.ROOT / "falco_firelens").rglob("*") if file.suffix in (".py", ".lua")]
    texts = [" ".join(file.read_text().split()) for file in files]
    for entry in ENTRIES:
        for exception in entry.exceptions:
            assert any(exception in text for text in texts), exception
