"""What a module's page tells of its packages and commands. Pure.

Told are those that other modules can name: no package below ``internal``, none that a
pattern such as ``./...`` passes over, and no folder whose name is no import path. So a
line to paste has nothing in it that a shell would read otherwise.

``go install PATH@VERSION`` refuses a module whose go.mod replaces or excludes
(https://go.dev/ref/mod#go-install): then there are no such lines, but the reason.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape
from itertools import islice
from typing import Final

from gosync.errors import MalformedError
from gosync.gomod.modfile import GoMod
from gosync.gomod.module import ModuleVersion
from gosync.gomod.packages import ModulePackages, Package
from gosync.gomod.pathcheck import check_import_path
from gosync.publish import html

_AT_ONCE: Final = 10
_MAX_PACKAGES: Final = 500
_INTERNAL: Final = "internal"


def package_sections(
    newest: ModuleVersion, module: ModulePackages, go_mod: GoMod
) -> Iterator[str]:
    """Yield the parts of both sections; nothing where there is none to name.

    Args:
        newest: The version that is told of.
        module: Its packages.
        go_mod: Its go.mod.
    """
    named = [each for each in module.packages if _is_named(newest.path, each)]
    commands = [_path(newest.path, e) for e in named if e.is_command]
    libraries = [_path(newest.path, e) for e in named if e.is_library]
    if commands:
        yield from _section("commands", html.plural(len(commands), "command"))
        yield from _commands(commands, newest.version, go_mod)
        yield "</section>"
    if libraries:
        yield from _section("packages", html.plural(len(libraries), "package"))
        items = [f"<span class=path>{escape(each)}</span>" for each in libraries]
        yield from _folded(items, "packages")
        yield "</section>"


def _is_named(path: str, package: Package) -> bool:
    if not package.is_matched or _INTERNAL in package.folder.split("/"):
        return False
    try:
        check_import_path(_path(path, package))
    except MalformedError:
        return False
    return True


def _path(path: str, package: Package) -> str:
    return f"{path}/{package.folder}" if package.folder else path


def _section(name: str, title: str) -> Iterator[str]:
    yield f'<section aria-labelledby="{name}"><h2 id="{name}">{title}</h2>'


def _commands(paths: Sequence[str], version: str, go_mod: GoMod) -> Iterator[str]:
    refused = _refused(go_mod)
    if refused:
        yield (
            f"<p><code>go install</code> refuses them: the go.mod has {refused}"
            " directives. They are built from a checkout of the module.</p>"
        )
        items = [f"<span class=path>{escape(each)}</span>" for each in paths]
    else:
        lines = (escape(f"go install {each}@{version}") for each in paths)
        items = [f"<code>{line}</code>" for line in lines]
    yield from _folded(items, "commands")


def _refused(go_mod: GoMod) -> str:
    if go_mod.replace:
        return "replace"
    return "exclude" if go_mod.exclude else ""


def _folded(items: Sequence[str], noun: str) -> Iterator[str]:
    """Yield a list, what is beyond the first few folded."""
    yield _list(items[:_AT_ONCE])
    rest = items[_AT_ONCE:]
    if rest:
        yield f"<details><summary>{html.number(len(rest))} more {noun}</summary>"
        yield _list(list(islice(rest, _MAX_PACKAGES)))
        more = len(rest) - _MAX_PACKAGES
        if more > 0:
            yield f"<p>{html.number(more)} more.</p>"
        yield "</details>"


def _list(items: Sequence[str]) -> str:
    lines = "\n".join(f"<li>{each}</li>" for each in items)
    return f"<ul class=lines>\n{lines}\n</ul>"
