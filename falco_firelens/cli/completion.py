"""Prints the script by which a shell completes the command."""

import click
from click.shell_completion import BashComplete, add_completion_class, get_completion_class

from falco_firelens.cli.command import PROGRAM, Command

VARIABLE = "_FALCO_FIRELENS_COMPLETE"
"""By which a shell asks the command what could come next: https://click.palletsprojects.com/en/stable/shell-completion/"""

_REPLIED = "COMPREPLY+=($value)"


class Bash(BashComplete):
    """Bash, with no space behind what goes on, such as `apps/`."""

    source_template = BashComplete.source_template.replace(
        _REPLIED, f"{_REPLIED}\n            if [[ $value == */ ]]; then compopt -o nospace; fi"
    )


add_completion_class(Bash)


@click.command(
    cls=Command,
    examples=["falco-firelens completion bash", "falco-firelens completion zsh"],
)
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> int:
    """Print the script that completes the command in a shell.

    Bash: add `eval "$(falco-firelens completion bash)"` to ~/.bashrc. Zsh: the same with `zsh` to ~/.zshrc. Fish: write
    the script to ~/.config/fish/completions/falco-firelens.fish.
    """
    found = get_completion_class(shell)
    assert found, "click knows the three"
    click.echo(found(click.get_current_context().find_root().command, {}, PROGRAM, VARIABLE).source())
    return 0
