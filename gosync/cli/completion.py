"""``gosync completion``: the script with which a shell completes verbs and modules."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

_SHELLS = ("bash", "fish", "zsh")
_VARIABLE = "_GOSYNC_COMPLETE"


@click.command()
@click.argument("shell", type=click.Choice(_SHELLS))
def completion(shell: str) -> None:
    """Print the script with which SHELL completes verbs, options and module names.

    \b
    bash  gosync completion bash > /usr/share/bash-completion/completions/gosync
    zsh   gosync completion zsh > /usr/share/zsh/vendor-completions/_gosync
    fish  gosync completion fish > /usr/share/fish/vendor_completions.d/gosync.fish

    For yourself alone: ~/.local/share/bash-completion/completions/gosync, a folder of
    zsh's fpath, ~/.config/fish/completions/gosync.fish.
    """  # noqa: D301 - \b is click's, for lines that stay
    made = get_completion_class(shell)
    assert made is not None, "click knows these shells"
    # Its arguments are for completing; the script needs the names alone.
    command = click.Command("gosync")
    click.echo(made(command, {}, "gosync", _VARIABLE).source())
