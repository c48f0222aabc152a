"""Man pages of gosync and its verbs: `python contrib/manpages.py DIR`.

They are made of the verbs' own help by click-man (`pip install click-man`), which looks
for verbs in click's own way; gosync imports each when it is asked for, so they are laid
out for it first. They belong into /usr/share/man/man1, or ~/.local/share/man/man1.
"""

from __future__ import annotations

import sys
from pathlib import Path

import click
from click_man.core import write_man_pages

from gosync import __version__
from gosync.cli.main import main


def lay_out(group: click.Group) -> None:
    """Put a group's verbs where click keeps its own."""
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if command is None:
            continue
        group.commands[name] = command
        if isinstance(command, click.Group):
            lay_out(command)


def write(folder: Path) -> None:
    """Write a page a verb."""
    folder.mkdir(parents=True, exist_ok=True)
    lay_out(main)
    write_man_pages("gosync", main, version=__version__, target_dir=str(folder))


if __name__ == "__main__":
    write(Path(sys.argv[1]))
