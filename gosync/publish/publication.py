"""One publish, in the order that no reader can see half of (I6).

    1. marker: incomplete, with the new head among those ever shown
    2. tiles, ``supported``, ``404.txt``, lookups
    3. ``.mod``, ``.zip``, ``.info``
    4. ``list``, ``@latest``, aliases, pages; ``sumdb/NAME/latest``
    5. what went away: files, then lookups
    6. marker: complete

Between the steps is a barrier: what a later one names is durable. Where a module
loses versions step 4 writes ``@latest`` before ``list``. Each step goes over all
modules, so that a list never names a version whose own dependencies are still
on their way. A publish that is killed leaves the marker of step 1, and the next
one looks at every file. Before all of it the tree was surveyed: versions that the
store does not know stay, as ``survey`` says.
"""

from __future__ import annotations

import hashlib
from itertools import groupby
from operator import attrgetter
from typing import TYPE_CHECKING

import msgspec

from gosync.catalog.trees import Unpublished
from gosync.errors import MalformedError
from gosync.folder import routes
from gosync.publish.contents import ModuleContents, contents_of, digest_lines
from gosync.publish.marker import FORMAT, Marker, format_marker
from gosync.publish.modules import ModuleWriter, wanted_names
from gosync.publish.notfound import not_found_text
from gosync.publish.oldheads import OldHeadWriter, stale_widths
from gosync.publish.pages import ModuleSummary, TreeFacts, summary_of, tree_page
from gosync.publish.report import PublishReport
from gosync.publish.stale import removal_order, stale_files
from gosync.publish.sumdb import SumTreeWriter, has_lookup, needed_tiles
from gosync.publish.withdrawnfile import write_withdrawn
from gosync.sumdb.spans import count

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from gosync.catalog.db import Catalog
    from gosync.catalog.versions import VersionRow
    from gosync.publish.survey import Survey
    from gosync.publish.tree import TreeWriter
    from gosync.publish.work import PublishOptions, Work
    from gosync.sumdb.names import Database
    from gosync.sumdb.record import Record
    from gosync.sumdb.tile import Tile
    from gosync.sumdb.treehead import SignedHead
    from gosync.work.progress import Progress

_KEPT_VERSIONS = 20_000  # contents that stay in memory between the two rounds


class PublishSetting(msgspec.Struct, frozen=True, kw_only=True):
    """What one publish works with.

    Attributes:
        catalog: What is carried.
        writer: Writes into the tree.
        modules: Writes modules' folders.
        sums: Writes the database's folder; None without a database.
        database: The checksum database, or None.
        head: The tree head to show, or None.
        work: What is to be done.
        survey: What the tree has beyond what is carried.
        options: What concerns the pages.
        root: The tree's folder.
        tree_id: What the catalog calls the tree.
        progress: Who watches.
    """

    catalog: Catalog
    writer: TreeWriter
    modules: ModuleWriter
    sums: SumTreeWriter | None
    database: Database | None
    head: SignedHead | None
    work: Work
    survey: Survey
    options: PublishOptions
    root: Path
    tree_id: str
    progress: Progress


class Publication:
    """One publish; ``run`` it once."""

    def __init__(self, setting: PublishSetting) -> None:
        self._at = setting
        self._writer = setting.writer
        self._work = setting.work
        self._database = "" if setting.database is None else setting.database.name
        self._survey = setting.survey
        self._paths = sorted({*setting.work.paths, *setting.survey.kept})
        self._changed = frozenset(self._paths)
        self._withdrawn = setting.catalog.withdrawn.all_by_path()
        self._records = (
            {} if setting.sums is None else kept_lookups(self._survey, setting.sums)
        )
        self._size = setting.head.tree.n if setting.head else 0
        self._promise = setting.work.marker.promise(self._database)
        self._absent = 0
        self._moves = setting.work.full or self._size != setting.work.marker.head
        self._kept: dict[str, ModuleContents] = {}
        self._kept_versions = 0
        self._digest = hashlib.sha256()
        self._summaries: list[ModuleSummary] = []
        self._unpublished: list[Unpublished] = []
        # Of a whole publish: what belongs into the tree.
        self._folders: dict[str, set[str]] = {}
        self._lookups: set[str] = set()

    @property
    def contents(self) -> str:
        """The digest of what the tree holds, once ``run`` went over it."""
        return self._digest.hexdigest()

    def run(self) -> PublishReport:
        """Bring the tree up to the catalog; see the module for the order.

        Raises:
            StoreError: if a tile or blob is missing, or a record is newer than
                the head.
            OSError: if the tree cannot be written.
        """
        tiles = self._needed_tiles()
        self._writer.open()
        self._begin()
        self._writer.then()
        self._put_tiles(tiles)
        self._put_lookups()
        self._writer.commit()
        self._put_versions()
        self._writer.then()
        self._put_names()
        self._put_tree_pages()
        self._put_head()
        self._writer.commit()
        self._remove()
        self._finish()
        self._writer.commit()
        return self._report()

    def _needed_tiles(self) -> list[Tile]:
        head = self._at.head
        if self._at.sums is None or head is None:
            return []
        ids = shown_ids(self._at.catalog, self._records.values(), head)
        return needed_tiles(head, ids, self._work.sizes)

    def _begin(self) -> None:
        """Remember the head before anybody can see it, and that we are at work."""
        marker = msgspec.structs.replace(
            self._work.marker, format=FORMAT, complete=False
        )
        head = self._at.head
        if head is not None:
            marker = marker.with_head(self._database, self._size)
            self._at.catalog.heads.add_published(
                self._database, self._at.tree_id, tree_size=self._size, note=head.note
            )
        self._writer.write(routes.MARKER, format_marker(marker))

    def _put_tiles(self, tiles: list[Tile]) -> None:
        sums = self._at.sums
        if sums is None or self._at.head is None:
            return
        absent = sums.missing(tiles)
        self._at.progress.phase("publishing tiles", len(absent))
        sums.write_tiles(absent, self._at.progress)
        if self._work.full:
            sums.restore_edges(self._work.sizes)
        old_heads = OldHeadWriter(sums, self._work.old_heads, self._size)
        self._promise = old_heads.write(self._promise, self._at.progress)
        self._absent = len(old_heads.absent)
        self._writer.write(sums.supported, b"")
        self._writer.write(sums.not_found, not_found_text(sums.name, self._size))

    def _put_lookups(self) -> None:
        """Go over everything once: lookups, and what the later steps need."""
        self._at.progress.phase("publishing lookups")
        rows = self._at.catalog.versions.all_rows()
        without_rows = self._survey.kept.keys() | self._withdrawn.keys()
        for path, group in groupby(rows, key=attrgetter("path")):
            without_rows -= {path}
            self._go_over(path, group)
        for path in sorted(without_rows):
            self._go_over(path, ())
        if self._at.sums is not None and self._at.head is not None:
            for name, record in self._records.items():
                self._at.sums.stamp(name, record, self._at.head)

    def _go_over(self, path: str, rows: Iterable[VersionRow]) -> None:
        contents = self._contents(path, rows)
        if contents is None:
            return
        if path in self._changed:
            self._keep(contents)
        if contents.versions:
            self._summaries.append(summary_of(contents))
        self._digest.update(digest_lines(contents))
        self._stamp(contents)
        self._note_belongings(contents)
        self._at.progress.advance(len(contents.versions))

    def _make_contents(self, path: str, rows: Iterable[VersionRow]) -> ModuleContents:
        return contents_of(
            path,
            rows,
            read_facts=self._at.modules.read_facts,
            kept=self._survey.kept.get(path, ()),
            withdrawn=self._withdrawn.get(path, ()),
        )

    def _contents(self, path: str, rows: Iterable[VersionRow]) -> ModuleContents | None:
        rows = list(rows)
        try:
            contents = self._make_contents(path, rows)
        except MalformedError as exc:
            if any(row.published is not None for row in rows):
                self._unpublished.append(Unpublished(path, "", exc.reason))
            return None
        self._unpublished += (
            Unpublished(path, version, reason) for version, reason in contents.refused
        )
        return contents

    def _stamp(self, contents: ModuleContents) -> None:
        sums, head = self._at.sums, self._at.head
        if sums is None or head is None:
            return
        # Where all are stamped anew no old one can be right.
        compare = self._work.full or self._size == self._work.marker.head
        for version in contents.versions:
            new = self._at.modules.is_new(version.row)
            if has_lookup(version.row) and (new or self._moves):
                sums.write_lookup(version, head, compare=compare)

    def _keep(self, contents: ModuleContents) -> None:
        if self._kept_versions < _KEPT_VERSIONS:
            self._kept_versions += len(contents.versions)
            self._kept[contents.at.path] = contents

    def _note_belongings(self, contents: ModuleContents) -> None:
        if not self._work.full:
            return
        self._folders[contents.at.versions_folder] = wanted_names(contents)
        if self._at.sums is not None:
            self._lookups.update(
                self._at.sums.lookup(version.at.lookup)
                for version in contents.versions
                if has_lookup(version.row)
            )

    def _put_versions(self) -> None:
        self._at.progress.phase("publishing versions", len(self._paths))
        for contents in self._changed_contents():
            self._at.modules.place(contents)
            self._at.progress.advance()

    def _put_names(self) -> None:
        self._at.progress.phase("publishing lists", len(self._paths))
        for contents in self._changed_contents():
            self._at.modules.name(contents, self._database)
            self._at.progress.advance()

    def _changed_contents(self) -> Iterator[ModuleContents]:
        for path in self._paths:
            contents = self._kept.get(path) or self._contents_again(path)
            if contents is not None:
                yield contents

    def _contents_again(self, path: str) -> ModuleContents | None:
        rows = self._at.catalog.versions.of(path)
        try:
            return self._make_contents(path, rows)
        except MalformedError:  # refused before
            return None

    def _put_tree_pages(self) -> None:
        per_page = self._at.options.modules_per_page
        starts = range(0, len(self._summaries), per_page) or range(1)
        facts = self._facts(len(starts))
        for number, start in enumerate(starts, start=1):
            page = tree_page(
                facts, self._summaries[start : start + per_page], number=number
            )
            self._writer.write(routes.tree_page(number), page)
        for name in self._writer.names(routes.PAGES_FOLDER):
            if name.isdecimal() and int(name) > len(starts):
                self._at.modules.stale.append(routes.tree_page(int(name)))

    def _facts(self, pages: int) -> TreeFacts:
        return TreeFacts(
            url=self._at.options.url,
            database=self._at.database,
            head=self._at.head,
            private=self._at.options.private,
            modules=len(self._summaries),
            versions=sum(summary.versions for summary in self._summaries),
            go_mods=sum(summary.go_mods for summary in self._summaries),
            proven=sum(summary.proven for summary in self._summaries),
            pages=pages,
        )

    def _put_head(self) -> None:
        sums, head = self._at.sums, self._at.head
        if sums is not None and head is not None and self._moves:
            self._writer.write(sums.latest, head.note)

    def _remove(self) -> None:
        modules, sums = self._at.modules, self._at.sums
        stale = set(modules.stale)
        if sums is not None:
            stale |= {sums.lookup(name) for name in modules.stale_lookups}
            stale |= set(stale_widths(sums, self._work.sizes, self._size))
        if self._work.full:
            shown = set()
            if sums is not None and self._at.head is not None:
                kept = {sums.lookup(name) for name in self._records}
                shown = {*sums.fixed_files, *self._lookups, *kept}
            stale |= set(stale_files(self._writer.walk(), self._folders, shown))
        for path in removal_order(stale):
            self._writer.remove(path)

    def _finish(self) -> None:
        told = (each for found in self._withdrawn.values() for each in found)
        write_withdrawn(self._writer, told)
        marker = Marker(
            complete=True,
            contents=self.contents,
            options=self._work.options,
            sumdb=self._database,
            modules=len(self._summaries),
            versions=sum(summary.versions for summary in self._summaries),
            unknown=self._survey.unknown,
            go_mods=sum(summary.go_mods for summary in self._summaries),
            head=self._size,
            heads=self._work.marker.heads,
            old_heads={**self._work.marker.old_heads, self._database: self._promise},
            store=self._work.marker.store,
            generation=self._work.marker.generation,
        )
        if self._at.head is not None:
            marker = marker.with_head(self._database, self._size)
        complete = msgspec.structs.replace(marker, complete=True)
        self._writer.write(routes.MARKER, format_marker(complete))

    def _report(self) -> PublishReport:
        writer, sums = self._writer, self._at.sums
        return PublishReport(
            root=self._at.root,
            full=self._work.full,
            modules=len(self._summaries),
            versions=sum(summary.versions for summary in self._summaries),
            unknown=self._survey.unknown,
            changed_modules=len(self._paths),
            go_mods=sum(summary.go_mods for summary in self._summaries),
            written=writer.written,
            linked=writer.linked,
            copied=writer.copied,
            removed=writer.removed,
            blob_bytes=writer.blob_bytes,
            tiles=0 if sums is None else sums.tiles_written,
            lookups=0 if sums is None else sums.lookups_written,
            head=self._size,
            upper_tiles=bool(self._size) and self._promise.upper == self._size,
            leaf_tiles=count(self._promise.leaves),
            absent_tiles=self._absent,
            unpublished=tuple(self._unpublished),
        )


def kept_lookups(survey: Survey, sums: SumTreeWriter) -> dict[str, Record]:
    """Return the records of what stays unexplained, by the lookup's ``M@V``."""
    names = (
        each.lookup for kept in survey.kept.values() for each in kept if each.lookup
    )
    return sums.kept_records(names)


def shown_ids(catalog: Catalog, kept: Iterable[Record], head: SignedHead) -> list[int]:
    """Return the numbers of the records that the tree shows, ascending.

    Raises:
        CatalogError: if the catalog cannot be read.
    """
    ids = catalog.versions.record_ids()
    known = {record.id for record in kept if record.id < head.tree.n}
    return sorted({*ids, *known}) if known else ids
