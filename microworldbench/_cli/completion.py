"""``mwb completion``: the script that lets a shell complete commands, options and names."""

from __future__ import annotations

import click

HOW = {
    "bash": 'eval "$(mwb completion bash)"           # in ~/.bashrc',
    "zsh": 'eval "$(mwb completion zsh)"            # in ~/.zshrc',
    "fish": "mwb completion fish | source            # in ~/.config/fish/config.fish",
}


@click.command(epilog="\b\n" + "\n".join(HOW.values()))
@click.argument("shell", type=click.Choice(list(HOW)))
@click.option(
    "--program", type=click.Choice(["mwb", "microverse"]), default="mwb", show_default=True, help="For which."
)
def completion(shell: str, program: str) -> None:
    """Prints the script that makes SHELL complete commands, options and names."""
    from click.shell_completion import get_completion_class

    made = get_completion_class(shell)
    assert made is not None
    named = click.Group(program)  # the script holds the program's name only; what completes is asked of it later
    click.echo(made(named, {}, program, f"_{program.upper()}_COMPLETE").source())
