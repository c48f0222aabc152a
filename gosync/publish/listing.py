"""The tree's list of modules: one page while they are few, else pages by their paths.

Pages are divided as ``paging`` says: a module that comes or goes changes the page that
it is on and the front page, whatever is on the others, and a tree looks the same
whether it was published at once or bit by bit.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from hashlib import sha256

from gosync.catalog.shown import ShownModule, ShownSums
from gosync.catalog.shown_table import ShownModules
from gosync.catalog.versions import Proof
from gosync.folder import routes
from gosync.publish.aboutmodule import ModuleOutline
from gosync.publish.contents import ModuleContents, digest_lines
from gosync.publish.knownvulns import digest_vulns
from gosync.publish.pages.frontpage import (
    ListPart,
    ModuleSummary,
    TreeFacts,
    front_page,
    list_page,
    summary_of,
)
from gosync.publish.pages.paging import begins_page, touched_parts
from gosync.publish.pages.words import Words
from gosync.publish.storage.tree import TreeWriter
from gosync.text import shown


def shown_module(
    contents: ModuleContents, outline: ModuleOutline, per_page: int
) -> ShownModule:
    """Return what is remembered of a module that a tree shows. Pure."""
    versions, path = contents.versions, contents.at.path
    whole = sum(version.whole for version in versions)
    return ShownModule(
        path=path,
        newest=contents.latest.row.version if contents.latest else "",
        versions=whole,
        go_mods=len(versions) - whole,
        proven=sum(v.whole and v.row.proof is Proof.SUMDB for v in versions),
        digest=sha256(digest_lines(contents)).hexdigest(),
        begins_page=begins_page(path, per_page),
        vulns=digest_vulns(contents.vulns),
        synopsis=shown(outline.synopsis),
        commands=outline.commands,
    )


def list_starts(begin: list[str], first: str) -> list[str]:
    """Return what a list's pages begin with: "" for the one before all that begin one.

    Args:
        begin: The modules that begin a page, by path.
        first: The first module of all.
    """
    return begin if first in begin[:1] else ["", *begin]


class ListWriter:
    """Writes the pages of one tree's list.

    Attributes:
        stale: Pages to remove at the end.
    """

    def __init__(
        self,
        writer: TreeWriter,
        shown: ShownModules,
        tree_id: str,
        per_page: int,
        languages: Sequence[Words],
    ) -> None:
        self._writer = writer
        self._languages = languages
        self._shown = shown
        self._tree_id = tree_id
        self._per_page = per_page
        self.stale: list[str] = []

    def write(
        self, facts: TreeFacts, before: ShownSums, changed: Collection[str] | None
    ) -> None:
        """Bring the pages up to what the catalog says that the tree shows.

        Args:
            facts: What the front page says of the tree.
            before: What it showed when the pages were written last.
            changed: The modules that changed since; None to write all pages.
        """
        starts = self._starts() if facts.modules > self._per_page else []
        if changed is None or (before.modules > self._per_page) != bool(starts):
            changed = None
            self._find_stale(starts)
        whole = () if starts else tuple(self._between("", None))
        parts = [self._part(start) for start in starts]
        for words in self._languages:
            page = front_page(facts, whole, parts, words)
            self._writer.write(words.page(routes.ROOT_PAGE), page)
        for at in self._touched(starts, changed):
            self._write_page(starts, at)

    def _part(self, start: str) -> ListPart:
        return ListPart(routes.list_page(start), start or self._first())

    def _starts(self) -> list[str]:
        return list_starts(self._shown.page_starts(self._tree_id), self._first())

    def _first(self) -> str:
        return next(self._between("", None)).path

    def _between(self, first: str, before: str | None) -> Iterator[ModuleSummary]:
        return map(summary_of, self._shown.between(self._tree_id, first, before))

    def _touched(
        self, starts: list[str], changed: Collection[str] | None
    ) -> Collection[int]:
        """Return which pages the changed modules are on, or were before."""
        if changed is None:
            return range(len(starts))
        parts = touched_parts(starts, changed, self._per_page)
        for start in parts.gone:
            self._leave(start)
        if starts and starts[0]:
            self._leave("")
        return parts.at

    def _write_page(self, starts: list[str], at: int) -> None:
        start = starts[at]
        before = starts[at + 1] if at + 1 < len(starts) else None
        modules = tuple(self._between(start, before))
        for words in self._languages:
            page = list_page(modules, words)
            self._writer.write(words.page(routes.list_page(start)), page)

    def _leave(self, start: str) -> None:
        self.stale += filter(self._is_there, _in_all(routes.list_page(start)))

    def _is_there(self, page: str) -> bool:
        return self._writer.size(page) is not None

    def _find_stale(self, starts: list[str]) -> None:
        wanted = {
            words.page(page)
            for page in (routes.ROOT_PAGE, *map(routes.list_page, starts))
            for words in self._languages
        }
        names = self._writer.names(routes.PAGES_FOLDER)
        found = (routes.page_of_name(name) or _numbered(name) for name in names)
        pages = [routes.ROOT_PAGE, *filter(None, found)]
        every = (name for page in pages for name in _in_all(page))
        self.stale += (
            page for page in every if page not in wanted and self._is_there(page)
        )


def _in_all(page: str) -> list[str]:
    """Return a page under all names that pages have in any language."""
    folder = page.removesuffix(routes.ROOT_PAGE)
    return [f"{folder}{name}" for name in routes.PAGE_NAMES]


def _numbered(name: str) -> str | None:
    """Return a page that has a number: those of trees from before 0.1.0 had."""
    page = f"{routes.PAGES_FOLDER}/{name}/{routes.ROOT_PAGE}"
    return page if name.isdecimal() else None
