"""What is wrong with a stack: one mistake, and the base of every error that the program ends with."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Mistake:
    """One thing to fix in a stack file. The path is empty where the file as a whole is wrong."""

    path: str
    found: str
    expected: str

    def __str__(self) -> str:
        return f"{self.path}{': ' if self.path else ''}found {self.found}, expected {self.expected}"


class StackError(Exception):
    """The stack cannot be deployed. The message says what was found and what to do, and is all that a user sees."""


class MisfitError(StackError):
    """Something that exists outside the stack is not what the stack file says."""

    def __init__(self, path: str, found: str, expected: str) -> None:
        self.mistake = Mistake(path, found, expected)
        super().__init__(str(self.mistake))
