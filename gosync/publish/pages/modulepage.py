"""A module's page: what it is, its versions and needs, how it was proven. Pure.

What is told of the module itself is told of the version that ``@latest`` names, by its
``.mod``, its packages, its README and its licence files; what is retracted, by the
highest version's ``.mod``. Texts of others are shown to some length, their control
characters and marks of writing direction as escapes. Links lead to the module's own
files, to the modules that require it, and out of its README: whether another module is
in the tree changes without this one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape
from itertools import islice
from typing import Final

import msgspec

from gosync.folder import routes
from gosync.gomod.modfile import GoMod, Requirement
from gosync.gomod.modulepackages import ModulePackages
from gosync.gomod.readme import Readme
from gosync.licence.found import ModuleLicences
from gosync.publish.contents import Carried, ModuleContents
from gosync.publish.pages import html
from gosync.publish.pages.packagesection import package_sections
from gosync.publish.pages.versionsection import (
    proof_section,
    version_section,
    withdrawn_section,
)
from gosync.publish.pages.vulnsection import vuln_section
from gosync.publish.pages.words import Words, digits
from gosync.text import printable

_MAX_DEPENDENCIES: Final = 500
MAX_DEPENDENTS: Final = 500
_ENGLISH: Final = Words()


class ModuleAbout(msgspec.Struct, frozen=True):
    """What a module's newest version says of itself.

    Attributes:
        go_mod: Its go.mod; None where it cannot be read.
        licences: Its licences; None where they are not known.
        packages: Its packages; None where they are not known.
        dependents: The modules in the tree that require it, MAX_DEPENDENTS + 1 at most.
        readme: Its README as it came.
        readme_html: The same as HTML that can do nothing (``readmehtml``).
    """

    go_mod: GoMod | None = None
    licences: ModuleLicences | None = None
    packages: ModulePackages | None = None
    dependents: tuple[str, ...] = ()
    readme: Readme = Readme()
    readme_html: str = ""

    @property
    def synopsis(self) -> str:
        """What it is, in a sentence; "" where it does not say so."""
        return "" if self.packages is None else self.packages.synopsis


def module_page(
    contents: ModuleContents,
    database: str,
    about: ModuleAbout | None = None,
    *,
    words: Words = _ENGLISH,
    pkgsite: str = "",
) -> bytes:
    """Return the page of one module.

    Args:
        contents: What the tree says of it.
        database: The checksum database's name, "" for none.
        about: What its newest version says of itself, where that is known.
        words: The words of its language.
        pkgsite: The address of a pkgsite that shows documentation, "" for none.
    """
    path, about = contents.at.path, about or ModuleAbout()
    up = html.up(contents.at.page)
    lookups = f"{up}{routes.sumdb_folder(database)}/lookup/" if database else ""
    body = [
        html.breadcrumb(up, words),
        f"<header><h1 class=path>{escape(path)}</h1>{_synopsis(about)}</header>",
        _deprecated(about.go_mod, words),
        *_introduction(contents, about, pkgsite, words),
        *withdrawn_section(contents.withdrawn, words),
        *vuln_section(contents, words),
        *_packages(contents, about, words),
        *_readme(about, words),
        *version_section(contents, lookups, words),
        *_dependencies(about.go_mod, words),
        *_dependents(about.dependents, up, words),
        proof_section(contents, database, words),
    ]
    return html.document(path, body, words=words)


def _synopsis(about: ModuleAbout) -> str:
    told = escape(html.short(about.synopsis))
    return f"\n<p class=lead>{told}</p>" if told else ""


def _introduction(
    contents: ModuleContents, about: ModuleAbout, pkgsite: str, words: Words
) -> Iterator[str]:
    if contents.latest is None:
        yield _without_zips(contents, words)
        return
    newest = escape(contents.latest.row.version)
    path = escape(contents.at.path)
    yield f"<pre tabindex=0><code class=paste>go get {path}@{newest}</code></pre>"
    facts = "\n".join(
        f"<dt>{name}</dt><dd>{value}</dd>"
        for name, value in _facts(contents.latest, about, words)
        if value
    )
    yield f"<dl class=facts>\n{facts}\n</dl>"
    yield _ways(contents, about, pkgsite, words)


def _ways(
    contents: ModuleContents, about: ModuleAbout, pkgsite: str, words: Words
) -> str:
    """Return links to the parts of the page, and to documentation elsewhere."""
    links = [("#readme", "README")] if about.readme_html else []
    links.append(("#versions", words.say("Versions")))
    if about.go_mod is not None and about.go_mod.require:
        links.append(("#needs", words.say("Dependencies")))
    if about.dependents:
        links.append(("#needed", words.say("Dependents")))
    if pkgsite:
        place = f"{pkgsite.rstrip('/')}/{contents.at.path}"
        links.append((escape(place), words.say("Package documentation")))
    items = " ".join(f'<a href="{href}">{told}</a>' for href, told in links)
    return f'<nav class=ways aria-label="{words.say("On this page")}">{items}</nav>'


def _packages(
    contents: ModuleContents, about: ModuleAbout, words: Words
) -> Iterator[str]:
    if contents.latest is not None and about.packages is not None:
        go_mod = about.go_mod or GoMod()
        mv = contents.latest.row.mv
        yield from package_sections(mv, about.packages, go_mod, words)


def _readme(about: ModuleAbout, words: Words) -> Iterator[str]:
    if not about.readme_html:
        return
    yield '<section class=readme aria-labelledby="readme"><h2 id="readme">README</h2>'
    yield about.readme_html
    if about.readme.is_cut:
        told = words.say("It goes on: the whole of it is in the module's zip.")
        yield f"<p><i>{told}</i></p>"
    yield "</section>"


def _facts(
    newest: Carried, about: ModuleAbout, words: Words
) -> Iterator[tuple[str, str]]:
    """Yield what the newest version is, each in HTML; "" for what is not known."""
    row, go_mod = newest.row, about.go_mod or GoMod()
    yield words.say("Newest"), escape(row.version)
    yield words.say("Committed"), escape((row.version_time or "")[:10])
    yield words.say("Licence"), _licence(about.licences, words)
    yield words.say("Needs Go"), escape(html.short(go_mod.go))
    yield words.say("Size"), html.size(row.zip_bytes) if row.zip_bytes else ""


def _licence(licences: ModuleLicences | None, words: Words) -> str:
    if licences is None:
        return ""
    text = escape(html.short(licences.expression))
    if licences.unrecognised:
        names = escape(html.short(", ".join(licences.unrecognised)))
        text += f" <small>{words.say('not recognised: {names}', names=names)}</small>"
    if licences.also:
        names = escape(html.short(", ".join(licences.also)))
        text += f" <small>{words.say('also {names}', names=names)}</small>"
    return text


def _deprecated(go_mod: GoMod | None, words: Words) -> str:
    if go_mod is None or not go_mod.deprecated:
        return ""
    message = escape(html.short(go_mod.deprecated))
    told = words.say("<b>Deprecated</b> by its author: {message}", message=message)
    return f"<p class=note>{told}</p>"


def _without_zips(contents: ModuleContents, words: Words) -> str:
    if not contents.versions:
        return f"<p>{words.say('Nothing of it is carried.')}</p>"
    told = words.say("Only go.mod files are carried: enough to choose versions by.")
    return f"<p>{told}</p>"


def _dependencies(go_mod: GoMod | None, words: Words) -> Iterator[str]:
    """Yield what the newest version needs: at once what it imports, folded the rest."""
    required = () if go_mod is None else go_mod.require
    if not required:
        return
    direct = [each for each in required if not each.indirect]
    indirect = [each for each in required if each.indirect]
    yield '<section aria-labelledby="needs">'
    yield f'<h2 id="needs">{words.say("What the newest needs")}</h2>'
    if direct:
        yield _requirements(direct, words)
    if indirect:
        modules = words.count(len(indirect), "module")
        told = words.say("{modules} more that these need", modules=modules)
        yield html.folded(told, _requirements(indirect, words))
    yield "</section>"


def _dependents(paths: Sequence[str], up: str, words: Words) -> Iterator[str]:
    """Yield which modules in the tree require it, each with a link to its page."""
    if not paths:
        return
    pages = ((each, words.page(routes.module_page(each))) for each in paths)
    items = "\n".join(
        f'<li><a class=path href="{up}{html.href(page)}">{escape(path)}</a></li>'
        for path, page in islice(pages, MAX_DEPENDENTS)
    )
    more = ""
    if len(paths) > MAX_DEPENDENTS:
        more = f"\n<p>{words.say('And others.')}</p>"
    yield '<section aria-labelledby="needed">'
    yield f'<h2 id="needed">{words.say("Needed here by")}</h2>'
    yield f"<ul class=lines>\n{items}\n</ul>{more}</section>"


def _requirements(required: Sequence[Requirement], words: Words) -> str:
    items = "\n".join(
        f"<li><span class=path>{escape(printable(each.path))}</span>"
        f" <small>{escape(printable(each.version))}</small></li>"
        for each in islice(required, _MAX_DEPENDENCIES)
    )
    more = len(required) - _MAX_DEPENDENCIES
    rest = f"\n<p>{words.say('{n} more.', n=digits(more))}</p>" if more > 0 else ""
    return f"<ul class=lines>\n{items}\n</ul>{rest}"
