"""One publish, in the order that no reader can see half of (I6).

    1. marker: incomplete, with the new head among those ever shown
    2. tiles, ``supported``, ``404.txt``, lookups
    3. ``.mod``, ``.zip``, ``.info``
    4. ``list``, ``@latest``, aliases, pages; ``sumdb/NAME/latest``
    5. what went away: files, then lookups
    6. marker: complete

Between the steps a wave of the tree ends, so that what a later one names is there; what
a commit shows is durable. Where a module loses versions step 4 writes ``@latest``
before ``list``. Each step goes over all modules that changed, so that a list never
names a version whose own dependencies are still on their way; a whole publish goes over
all modules. A publish that is killed leaves the marker of step 1, and the next one is
whole. Before all of it the tree was surveyed: versions that the store does not know
stay, as ``survey`` says.

Nothing but a whole publish costs what the tree holds: what it shows of each module is
in ``catalog.shown_table``, with the sums that pages and marker tell.

Between two modules it gives way to whoever waits to publish one of them. So a module
may have changed since this publish read it: it is left as it is then. The change came
later than what this publish shows, so the next one goes over it.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from operator import attrgetter

import msgspec

from gosync.catalog.trees import Unpublished
from gosync.catalog.versions import VersionRow
from gosync.errors import MalformedError
from gosync.folder import routes
from gosync.publish.aboutmodule import ModuleOutline
from gosync.publish.belongings import Belongings
from gosync.publish.contents import ModuleContents
from gosync.publish.deniedfile import DENIED_FILE
from gosync.publish.dependents import DependentsWriter
from gosync.publish.listing import ListWriter
from gosync.publish.lookups import put_lookups
from gosync.publish.marker import FORMAT, Marker, format_marker, parse_marker
from gosync.publish.modulereader import ModuleReader
from gosync.publish.notfound import not_found_text
from gosync.publish.oldheads import OldHeadWriter, stale_widths
from gosync.publish.pages.wordfile import words_of
from gosync.publish.report import PublishReport
from gosync.publish.searchindex import SearchIndexWriter
from gosync.publish.setting import PublishSetting
from gosync.publish.showing import ShownWriter
from gosync.publish.shownheads import ShownHeads
from gosync.publish.stale import module_of, removal_order
from gosync.publish.tilesneeded import kept_lookups, tiles_needed
from gosync.publish.treefacts import tree_facts
from gosync.publish.withdrawnfile import WITHDRAWN_FILE
from gosync.sumdb.spans import count
from gosync.sumdb.tile import Tile

_KEPT_VERSIONS = 20_000  # contents that stay in memory between the two rounds


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
        self._reader = ModuleReader(
            setting.catalog,
            setting.modules.read_facts,
            setting.survey.kept,
            setting.vulns,
        )
        self._heads = (
            None
            if setting.sums is None
            else ShownHeads(setting.catalog.heads, setting.sums, setting.tree_id)
        )
        self._records = (
            {} if setting.sums is None else kept_lookups(self._survey, setting.sums)
        )
        self._size = setting.head.tree.n if setting.head else 0
        self._promise = setting.work.marker.promise(self._database)
        self._absent = 0
        self._kept: dict[str, ModuleContents] = {}
        self._kept_versions = 0
        self._since = setting.work.seq
        self._before = setting.catalog.shown.sums(setting.tree_id)
        self._shown = ShownWriter(
            setting.catalog.shown,
            setting.tree_id,
            contents=None if setting.work.full else setting.work.marker.contents,
            per_page=setting.options.modules_per_page,
        )
        self._dependents = DependentsWriter(
            setting.catalog.shown_needs, setting.tree_id
        )
        self._unpublished: list[Unpublished] = []
        self._belongings = Belongings(setting.sums, setting.options.pages.languages)

    @property
    def contents(self) -> str:
        """The digest of what the tree holds, once ``run`` went over it."""
        return self._shown.contents

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
        self._writer.commit()
        self._put_tiles(tiles)
        self._writer.then()
        self._put_lookups()
        self._writer.commit()
        self._put_versions()
        self._writer.then()
        self._put_names()
        self._at.modules.flush()
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
        records = self._records.values()
        return tiles_needed(self._at.catalog, self._work, records, head)

    def _begin(self) -> None:
        """Remember the head before anybody can see it, and that we are at work."""
        marker = msgspec.structs.replace(
            self._work.marker, format=FORMAT, complete=False
        )
        head = self._at.head
        if head is not None:
            self._at.catalog.heads.add_published(
                self._database, self._at.tree_id, tree_size=self._size, note=head.note
            )
        self._write_marker(marker)

    def _write_marker(self, marker: Marker) -> None:
        """Write the marker, with all heads that the tree ever showed."""
        if self._database:
            heads = self._at.catalog.heads
            known = heads.published(self._database, self._at.tree_id)
            known += self._work.sizes
            if known:
                marker = marker.with_heads(self._database, known)
        self._writer.write(routes.MARKER, format_marker(marker))

    def _put_tiles(self, tiles: list[Tile]) -> None:
        sums = self._at.sums
        if sums is None or self._at.head is None:
            return
        absent = sums.missing(tiles)
        self._at.progress.phase("publishing tiles", len(absent))
        sums.write_tiles(absent, self._at.progress)
        old_heads = OldHeadWriter(sums, self._work.old_heads, self._size)
        self._promise = old_heads.write(self._promise, self._at.progress)
        self._absent = len(old_heads.absent)
        self._writer.write(sums.supported, b"")
        self._writer.write(sums.not_found, not_found_text(sums.name, self._size))
        if self._work.full:
            sums.restore_edges(self._work.sizes)
            self._writer.commit()  # the lookups' heads are judged by what is there

    def _put_lookups(self) -> None:
        """Go over what changed: lookups, and what the later steps need."""
        self._at.progress.phase("publishing lookups")
        self._shown.begin()
        if self._work.full:
            self._at.catalog.shown_needs.clear(self._at.tree_id)
        for path, rows in self._rows():
            self._go_over(path, rows)
            self._at.give_way(self._writer.commit)
        self._shown.flush()
        self._dependents.flush()
        sums, head = self._at.sums, self._at.head
        if sums is not None and head is not None and self._heads is not None:
            for name, record in self._records.items():
                sums.stamp(name, record, head, self._heads.may_stay)

    def _rows(self) -> Iterator[tuple[str, list[VersionRow]]]:
        """Yield each module to go over with its rows."""
        versions = self._at.catalog.versions
        if not self._work.full:
            yield from ((path, versions.of(path)) for path in self._paths)
            return
        without_rows = {
            *self._survey.kept,
            *self._at.catalog.withdrawn.all_by_path(),
        }
        for path, group in groupby(versions.all_rows(), key=attrgetter("path")):
            without_rows -= {path}
            yield path, list(group)
        yield from ((path, []) for path in sorted(without_rows))

    def _go_over(self, path: str, rows: list[VersionRow]) -> None:
        contents = self._contents(path, rows)
        outline = ModuleOutline()
        if contents is not None:
            outline = self._at.modules.outline(contents)
        self._shown.show(path, contents, outline)
        self._dependents.note(path, outline.needs)
        if contents is None:
            return
        if path in self._changed:
            self._keep(contents)
        if self._stands_still(path):
            self._put_lookups_of(contents)
        if self._work.full:
            self._belongings.add(contents)
        self._at.progress.advance(len(contents.versions))

    def _contents(self, path: str, rows: list[VersionRow]) -> ModuleContents | None:
        try:
            contents = self._reader.read(path, rows)
        except MalformedError as exc:
            if any(row.published is not None for row in rows):
                self._unpublished.append(Unpublished(path, "", exc.reason))
            return None
        self._unpublished += (
            Unpublished(path, version, reason) for version, reason in contents.refused
        )
        return contents

    def _put_lookups_of(self, contents: ModuleContents) -> None:
        sums, head, heads = self._at.sums, self._at.head, self._heads
        if sums is not None and head is not None and heads is not None:
            put_lookups(contents, self._at.modules, sums, head, heads)

    def _keep(self, contents: ModuleContents) -> None:
        if self._kept_versions < _KEPT_VERSIONS:
            self._kept_versions += len(contents.versions)
            self._kept[contents.at.path] = contents

    def _put_versions(self) -> None:
        self._at.progress.phase("publishing versions", len(self._paths))
        for contents in self._changed_contents():
            self._at.modules.place(contents)

    def _put_names(self) -> None:
        self._at.progress.phase("publishing lists", len(self._paths))
        for contents in self._changed_contents():
            self._at.modules.name(contents, self._database)
        for path in sorted(self._dependents.touched - self._changed):
            needed = self._contents_again(path)
            if needed is not None and self._stands_still(path):
                self._at.modules.write_page(needed, self._database)
            self._at.give_way(self._writer.commit)

    def _changed_contents(self) -> Iterator[ModuleContents]:
        """Yield what changed, but for modules that changed again since."""
        for path in self._paths:
            contents = self._kept.get(path) or self._contents_again(path)
            if contents is not None and self._stands_still(path):
                yield contents
                self._at.progress.advance()
            self._at.give_way(self._writer.commit)

    def _contents_again(self, path: str) -> ModuleContents | None:
        try:
            return self._reader.read(path)
        except MalformedError:  # refused before
            return None

    def _stands_still(self, path: str) -> bool:
        """Return whether a module is as it was when this publish began."""
        versions = self._at.catalog.versions
        if versions.last_change() <= self._since:
            return True
        return versions.last_change_of(path) <= self._since

    def _put_tree_pages(self) -> None:
        options, catalog = self._at.options, self._at.catalog
        pages = ListWriter(
            self._writer,
            catalog.shown,
            self._at.tree_id,
            options.modules_per_page,
            words_of(options.pages.languages),
        )
        search = SearchIndexWriter(
            self._writer, catalog.shown, self._at.tree_id, options.modules_per_index
        )
        work = self._work
        anew = work.full or work.mends or work.options != work.marker.options
        changed = None if anew else self._paths
        modules = catalog.shown.sums(self._at.tree_id).modules
        index = search.write(modules, self._before.modules, changed)
        DENIED_FILE.write(self._writer, catalog.rulings.denied())
        pages.write(tree_facts(self._at, index), self._before, changed)
        self._at.modules.stale += (*search.stale, *pages.stale)

    def _put_head(self) -> None:
        sums, head = self._at.sums, self._at.head
        work = self._work
        moves = work.full or work.mends or self._size != work.marker.head
        if sums is not None and head is not None and moves:
            self._writer.write(sums.latest, head.note)

    def _remove(self) -> None:
        for path in removal_order(self._stale()):
            self._at.give_way(self._writer.commit)
            module = module_of(path, self._database)
            if module is None or self._stands_still(module):
                self._writer.remove(path)

    def _stale(self) -> set[str]:
        """Return the files that are to go."""
        modules, sums = self._at.modules, self._at.sums
        stale = set(modules.stale)
        if sums is not None:
            stale |= {sums.lookup(name) for name in modules.stale_lookups}
            stale |= set(stale_widths(sums, self._work.sizes, self._size))
        if self._work.full:
            lookups = None if self._at.head is None else self._records
            stale |= set(self._belongings.stale_files(self._files(), lookups))
        return stale

    def _files(self) -> Iterator[str]:
        """Yield the tree's files, but for those of the site's own database."""
        house = self._at.options.house_log
        own = f"{routes.sumdb_folder(house)}/" if house else ""
        return (
            each for each in self._writer.walk() if not own or not each.startswith(own)
        )

    def _finish(self) -> None:
        if self._work.tells_withdrawn:
            WITHDRAWN_FILE.write(self._writer, self._at.catalog.withdrawn.all())
        sums = self._at.catalog.shown.sums(self._at.tree_id)
        marker = Marker(
            complete=True,
            contents=self.contents,
            options=self._work.options,
            sumdb=self._database,
            modules=sums.modules,
            versions=sums.versions,
            unknown=self._survey.unknown,
            go_mods=sums.go_mods,
            head=self._size,
            heads=self._work.marker.heads,
            old_heads={**self._work.marker.old_heads, self._database: self._promise},
            store=self._work.marker.store,
            generation=self._work.marker.generation,
            vulndb=self._work.vulndb if self._at.vulns.is_whole else "",
            pages=self._at.options.pages,
        )
        self._write_marker(marker.not_before(self._there()))

    def _there(self) -> Marker:
        """Return the marker that is there; a module's publish may have changed it."""
        return parse_marker(self._writer.read(routes.MARKER) or b"")

    def _report(self) -> PublishReport:
        writer, sums = self._writer, self._at.sums
        shown = self._at.catalog.shown.sums(self._at.tree_id)
        return PublishReport(
            root=self._at.root,
            full=self._work.full,
            modules=shown.modules,
            versions=shown.versions,
            unknown=self._survey.unknown,
            changed_modules=len(self._paths),
            go_mods=shown.go_mods,
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
