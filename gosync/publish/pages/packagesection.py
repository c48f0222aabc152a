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
from gosync.gomod.modulepackages import ModulePackages, Package
from gosync.gomod.pathcheck import check_import_path
from gosync.publish.pages import html
from gosync.publish.pages.words import Words, digits

_AT_ONCE: Final = 10
_MAX_PACKAGES: Final = 500
_MAX_SYNOPSIS: Final = 200
_ENGLISH: Final = Words()


def package_sections(
    newest: ModuleVersion,
    module: ModulePackages,
    go_mod: GoMod,
    words: Words = _ENGLISH,
) -> Iterator[str]:
    """Yield the parts of both sections; nothing where there is none to name.

    Args:
        newest: The version that is told of.
        module: Its packages.
        go_mod: Its go.mod.
        words: The words of the page's language.
    """
    commands = named_commands(newest.path, module)
    named = (each for each in module.packages if each.is_library)
    libraries = [each for each in named if _is_named(newest.path, each)]
    if commands:
        yield from _section("commands", words.count(len(commands), "command"))
        yield from _commands(newest, commands, go_mod, words)
        yield "</section>"
    if libraries:
        yield from _section("packages", words.count(len(libraries), "package"))
        items = [_item(_path(newest.path, each), each) for each in libraries]
        yield from _folded(items, "package", words)
        yield "</section>"


def named_commands(path: str, module: ModulePackages) -> list[Package]:
    """Return the commands of a module that others can name."""
    commands = (each for each in module.packages if each.is_command)
    return [each for each in commands if _is_named(path, each)]


def _is_named(path: str, package: Package) -> bool:
    if not package.is_public:
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


def _commands(
    newest: ModuleVersion, commands: Sequence[Package], go_mod: GoMod, words: Words
) -> Iterator[str]:
    refused = _refused(go_mod)
    if refused:
        told = words.say(
            "<code>go install</code> refuses them: the go.mod has {verb} directives."
            " They are built from a checkout of the module.",
            verb=refused,
        )
        yield f"<p>{told}</p>"
        items = [_item(_path(newest.path, each), each) for each in commands]
    else:
        items = [
            f"<code class=paste>go install {escape(_path(newest.path, each))}"
            f"@{escape(newest.version)}</code>{_told(each)}"
            for each in commands
        ]
    yield from _folded(items, "command", words)


def _item(path: str, package: Package) -> str:
    return f"<span class=path>{escape(path)}</span>{_told(package)}"


def _told(package: Package) -> str:
    """Return what a package is, in its own words."""
    synopsis = escape(html.short(package.synopsis, _MAX_SYNOPSIS))
    return f"<span class=told>{synopsis}</span>" if synopsis else ""


def _refused(go_mod: GoMod) -> str:
    if go_mod.replace:
        return "replace"
    return "exclude" if go_mod.exclude else ""


def _folded(items: Sequence[str], noun: str, words: Words) -> Iterator[str]:
    """Yield a list, what is beyond the first few folded."""
    yield _list(items[:_AT_ONCE])
    rest = items[_AT_ONCE:]
    if rest:
        more = len(rest) - _MAX_PACKAGES
        told = f"<p>{words.say('{n} more.', n=digits(more))}</p>" if more > 0 else ""
        inside = _list(list(islice(rest, _MAX_PACKAGES)))
        yield html.folded(words.count(len(rest), f"more {noun}"), f"{inside}{told}")


def _list(items: Sequence[str]) -> str:
    lines = "\n".join(f"<li>{each}</li>" for each in items)
    return f"<ul class=lines>\n{lines}\n</ul>"
