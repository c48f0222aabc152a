"""Publishing a tree: what the rest of gosync calls.

``is_behind`` says whether there is anything to do; ``wanted_tiles`` comes first,
so that the caller can fetch and prove what is missing, then ``publish``. What is new
in a tree but no version, ``write_feed`` alone tells. All
block on disk alone and belong in a worker thread; the store's lock must be
held.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from msgspec.structs import replace

from gosync.catalog.db import Catalog
from gosync.catalog.trees import TreeState
from gosync.clock import Clock, format_time
from gosync.errors import StoreError
from gosync.folder import routes
from gosync.hint import advise, command
from gosync.ingest.generation import Generation
from gosync.publish.feed import ENTRIES, VULNERABLE_ENTRIES, format_feed
from gosync.publish.indexing import bring_up_index
from gosync.publish.limit import DeleteLimit
from gosync.publish.marker import Marker
from gosync.publish.modulepublication import ModulesPublication, ModulesSetting
from gosync.publish.modules import ModuleWriter
from gosync.publish.newestvulns import NewestVulns
from gosync.publish.owner import check_owner
from gosync.publish.publication import Publication
from gosync.publish.report import PublishReport
from gosync.publish.setting import PublishSetting
from gosync.publish.storage.tree import TreeReader, TreeWriter
from gosync.publish.sumdb import SumTreeWriter, TileSource
from gosync.publish.survey import Survey, survey_tree
from gosync.publish.tilesneeded import kept_lookups, tiles_needed
from gosync.publish.vulnreader import VulnReader
from gosync.publish.work import PublishOptions, TreeTarget, Work, find_work
from gosync.store.blobs import BlobStore
from gosync.store.durable import disk_errors
from gosync.sumdb.names import Database
from gosync.sumdb.tile import Tile
from gosync.sumdb.treehead import SignedHead
from gosync.work.progress import NoProgress, Progress

_NO_OPTIONS = PublishOptions()
_LIMIT = DeleteLimit()
_SHOWN = 3


def _stay(_: Callable[[], None]) -> None:
    """Give way to nobody."""


class Publisher:
    """Publishes what one catalog carries, with one checksum database or none."""

    def __init__(
        self,
        catalog: Catalog,
        blobs: BlobStore,
        *,
        clock: Clock,
        database: Database | None = None,
        tiles: TileSource | None = None,
        generation: Generation | None = None,
    ) -> None:
        assert (database is None) == (tiles is None)
        self._catalog = catalog
        self._blobs = blobs
        self._clock = clock
        self._database = database
        self._tiles = tiles
        self._generation = generation

    def is_behind(
        self, tree: TreeTarget, *, options: PublishOptions = _NO_OPTIONS
    ) -> bool:
        """Return whether ``publish`` would have anything to do.

        Args:
            tree: The tree.
            options: The same as for ``publish``.

        Raises:
            StoreError: if the folder is somebody else's, or cannot be read.
            CatalogError: if the catalog cannot be read.
        """
        return self._find_work(tree, options) is not None

    def wanted_tiles(
        self,
        tree: TreeTarget,
        head: SignedHead | None,
        *,
        options: PublishOptions = _NO_OPTIONS,
    ) -> list[Tile]:
        """Return the tiles that ``publish`` will need and the tree lacks.

        Args:
            tree: The tree.
            head: The trusted tree head.
            options: The same as for ``publish``.

        Raises:
            RollbackError: if clients of the tree may know a larger head.
            ForkError: if the tree shows another head of the same size.
            StoreError: if the tree is somebody else's, or a record too new.
            CatalogError: if the catalog cannot be read.
        """
        work = self._find_work(tree, options)
        sums = self._sums(tree.storage.writer())
        if work is None or sums is None or not self._shows(head, work):
            return []
        assert head is not None
        with disk_errors(tree.storage.name):
            sums.check_head(head, work.sizes)
            kept = kept_lookups(self._survey(tree.storage.reader(), work), sums)
            return sums.missing(tiles_needed(self._catalog, work, kept.values(), head))

    def wanted_old_head_tiles(
        self, tree: TreeTarget, head: SignedHead | None, *, options: PublishOptions
    ) -> list[Tile]:
        """Return the tiles for clients with older heads that the tree lacks.

        ``publish`` goes on without those that cannot be had. The arguments, and what
        is raised, are ``wanted_tiles``'s.
        """
        work = self._find_work(tree, options)
        sums = self._sums(tree.storage.writer())
        if work is None or sums is None or not self._shows(head, work):
            return []
        assert head is not None
        with disk_errors(tree.storage.name):
            return sums.missing(work.old_heads.tiles(head.tree.n))

    def publish(
        self,
        tree: TreeTarget,
        head: SignedHead | None,
        *,
        options: PublishOptions = _NO_OPTIONS,
        limit: DeleteLimit = _LIMIT,
        progress: Progress | None = None,
        give_way: Callable[[Callable[[], None]], None] = _stay,
    ) -> PublishReport:
        """Bring the tree up to the catalog; write nothing when it is there.

        Args:
            tree: The tree; made when it is not there.
            head: The trusted tree head, newer than every record; None without a
                checksum database.
            options: What concerns the pages.
            limit: How many versions may leave the tree.
            progress: Is told how far it is.
            give_way: Called between two modules with what shows all that is staged;
                one of ``modules`` may run while it is, in any process. Another publish
                of the tree may not, so what is let go of then is a lease of its own.

        Raises:
            TooManyDeletesError: if more would leave it; nothing was changed.
            RollbackError: if clients of the tree may know a larger head.
            ForkError: if the tree shows another head of the same size.
            IdentityError: if the tree is another store's, or shows more than this
                one knows.
            StoreError: if the tree is somebody else's or cannot be written, a
                tile or blob is missing, or a record is newer than the head.
            NoSpaceError: if the disk is full.
            CatalogError: if the catalog cannot be read or written.
        """
        work = self._find_work(tree, options)
        if work is None:
            report = self._unchanged(tree)
        else:
            with disk_errors(tree.storage.name):
                survey = self._survey(tree.storage.reader(), work)
                self._check_limit(tree, survey, limit)
                report = self._publish(
                    tree,
                    head,
                    work,
                    survey,
                    options,
                    progress or NoProgress(),
                    give_way,
                )
        self._write_index(tree, anew=report.full)
        self.write_feed(tree)
        return report

    def _write_index(self, tree: TreeTarget, *, anew: bool) -> None:
        state = self._catalog.trees.get(tree.id)
        ours = self._catalog.identity.get()
        if state is None:
            return
        with disk_errors(tree.storage.name):
            bring_up_index(
                tree.storage.writer(),
                self._catalog,
                seq=state.published_seq,
                store="" if ours is None else ours.store,
                anew=anew,
                only_proven=self._database is not None,
                now=self._clock.now(),
            )

    def modules(
        self, tree: TreeTarget, paths: Iterable[str], *, pages: bool = True
    ) -> ModulesPublication:
        """Return what publishes some modules as they are now; the rest stays as it is.

        Nothing of it leaves the tree but what was withdrawn. Nobody else may write the
        tree meanwhile but a publish that gave way (``give_way`` of ``publish``).

        Args:
            tree: The tree; made when it is not there.
            paths: The module paths.
            pages: Whether their pages are written as well.

        Raises:
            MalformedError: if a module can have no folder.
            IdentityError: if the tree is another store's, or shows more than this
                one knows.
            StoreError: if the tree is somebody else's or cannot be read.
            CatalogError: if the catalog cannot be read.
        """
        marker = tree.marker() or Marker()
        check_owner(tree.storage.name, marker, self._catalog.identity.get())
        setting = ModulesSetting(
            catalog=self._catalog,
            blobs=self._blobs,
            tree=tree,
            marker=marker,
            database=self._database,
            tiles=self._tiles,
            generation=self._generation,
            pages=pages,
        )
        return ModulesPublication(paths, setting)

    def write_feed(self, tree: TreeTarget) -> bool:
        """Bring the tree's feed up to date; return whether it was not.

        Where nothing is published there is no feed.

        Raises:
            StoreError: if the folder is somebody else's, or cannot be written.
            NoSpaceError: if the disk is full.
            CatalogError: if the catalog cannot be read.
        """
        marker = tree.marker()
        if marker is None:
            return False
        check_owner(tree.storage.name, marker, self._catalog.identity.get())
        vulns = NewestVulns(self._catalog, self._blobs, self._clock.now())
        feed = format_feed(
            self._catalog.arrivals.newest(limit=ENTRIES),
            self._catalog.findings.newest(limit=ENTRIES),
            self._catalog.withdrawn.newest(limit=ENTRIES),
            vulns.of(tree.id, limit=VULNERABLE_ENTRIES),
        )
        writer = tree.storage.writer()
        with disk_errors(tree.storage.name):
            if writer.read(routes.FEED) == feed:
                return False
            writer.open()
            writer.write(routes.FEED, feed, compare=False)
            writer.commit()
        return True

    def _publish(
        self,
        tree: TreeTarget,
        head: SignedHead | None,
        work: Work,
        survey: Survey,
        options: PublishOptions,
        progress: Progress,
        give_way: Callable[[Callable[[], None]], None],
    ) -> PublishReport:
        work = self._stamped(tree, work)
        writer = tree.storage.writer()
        sums = self._sums(writer)
        shown = head if sums is not None and self._shows(head, work) else None
        if sums is not None and shown is not None:
            sums.check_head(shown, work.sizes)
        modules = ModuleWriter(
            writer,
            self._catalog,
            self._blobs,
            tree_id=tree.id,
            changed_after=work.after,
            full=work.full,
            pages=options.pages,
        )
        setting = PublishSetting(
            catalog=self._catalog,
            writer=writer,
            modules=modules,
            sums=sums,
            database=self._database,
            head=shown,
            work=work,
            survey=survey,
            vulns=VulnReader(self._catalog, self._blobs),
            options=options,
            root=tree.storage.name,
            tree_id=tree.id,
            progress=progress,
            give_way=give_way,
        )
        publication = Publication(setting)
        report = publication.run()
        moment = format_time(self._clock.now())
        state = TreeState(tree.id, work.seq, publication.contents, moment)
        paths = None if work.full else work.paths
        self._catalog.trees.put(state, report.unpublished, paths=paths)
        unpublished = self._catalog.trees.unpublished(tree.id)
        return replace(report, unpublished=tuple(unpublished))

    def _find_work(self, tree: TreeTarget, options: PublishOptions) -> Work | None:
        vulns = VulnReader(self._catalog, self._blobs)
        return find_work(self._catalog, tree, self._database, options, vulns)

    def _survey(self, tree: TreeReader, work: Work) -> Survey:
        return survey_tree(self._catalog, tree, full=work.full, paths=work.paths)

    def _check_limit(
        self, tree: TreeTarget, survey: Survey, limit: DeleteLimit
    ) -> None:
        leaving = survey.leaving
        shown = ", ".join(map(str, leaving[:_SHOWN]))
        more = ", ..." if len(leaving) > _SHOWN else ""
        limit.check(
            len(leaving),
            f"{tree.storage.name}: {len(leaving)} versions would leave the tree"
            f" ({shown}{more})",
            hint=advise(
                "if that is meant, {}",
                command("publish", tree.storage.name, "--max-delete", len(leaving)),
            ),
        )

    def _unchanged(self, tree: TreeTarget) -> PublishReport:
        """Return what a tree has that is up to date."""
        marker = tree.marker() or Marker()
        unpublished = self._catalog.trees.unpublished(tree.id)
        return PublishReport.unchanged(tree.storage.name, marker, unpublished)

    def _stamped(self, tree: TreeTarget, work: Work) -> Work:
        """Count the store's generation up, ahead of the tree that will show it."""
        check_owner(tree.storage.name, work.marker, self._catalog.identity.get())
        if self._generation is None:
            return work
        number = self._generation.advance()
        marker = replace(work.marker, store=self._generation.store, generation=number)
        return replace(work, marker=marker)

    def _sums(self, writer: TreeWriter) -> SumTreeWriter | None:
        if self._database is None or self._tiles is None:
            return None
        return SumTreeWriter(writer, self._database.name, self._tiles)

    def _shows(self, head: SignedHead | None, work: Work) -> bool:
        """Return whether there is a head to show, and anything it proves.

        A head that was shown once stays: clients remember it.
        """
        proves = bool(work.sizes) or self._catalog.records.any()
        if head is not None:
            return head.tree.n > 0 and proves
        if self._database is not None and proves:
            raise StoreError(
                f"no tree head of {self._database.name} is trusted yet",
                hint=advise("run {}", command("sync")),
            )
        return False
