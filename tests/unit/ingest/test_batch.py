"""The order of a batch: folders of blobs, then the journal, then the catalog."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path

import anyio
import pytest

from gosync.catalog.versions import FoundBy, Need, Proof, State, VersionRow
from gosync.config.load import parse_config
from gosync.ingest import batch as batches
from gosync.ingest.batch import Batch
from gosync.site.site import Site, open_site
from gosync.store.digest import digest_of

PATH = "ordered.example/m"
VERSIONS = ("v1.0.0", "v1.1.0")


def row_of(site: Site, version: str) -> VersionRow:
    """Store a version's files as the gate does; return its row."""
    files = [f"{kind} of {version}".encode() for kind in ("info", "mod", "zip")]
    site.holder.announce(map(digest_of, files))
    info, mod, whole = map(site.blobs.put_bytes, files)
    info_bytes, mod_bytes, zip_bytes = map(len, files)
    return VersionRow(
        PATH,
        version,
        state=State.PRESENT,
        need=Need.ZIP,
        found_by=FoundBy.LIST,
        info_digest=info,
        info_bytes=info_bytes,
        mod_digest=mod,
        mod_bytes=mod_bytes,
        mod_h1="h1:mod",
        zip_digest=whole,
        zip_bytes=zip_bytes,
        zip_h1="h1:zip",
        proof=Proof.PINNED,
    )


def batch_of(site: Site, also: Callable[[Sequence[VersionRow]], object] = len) -> Batch:
    return Batch(
        blobs=site.blobs,
        journal=site.journal,
        catalog=site.catalog,
        clock=site.clock,
        holder=site.holder,
        also=also,
    )


class Watch:
    """What was made durable while a batch is committed, in its order.

    Attributes:
        seen: Each file or folder that was synced, with how many versions the journal
            then told of, and how many rows were committed.
    """

    def __init__(self, store: Path) -> None:
        self._store = store
        self._sync = os.fsync
        self.seen: list[tuple[str, int, int]] = []

    def fsync(self, descriptor: int) -> None:
        path = Path(f"/proc/self/fd/{descriptor}").readlink()
        self._sync(descriptor)
        place = path.relative_to(self._store).parts[0]
        self.seen.append((place, self.told(), self.committed()))

    def told(self) -> int:
        files = (self._store / "journal").glob("*.jsonl")
        return sum(file.read_text().count(f'"{PATH}"') for file in files)

    def committed(self) -> int:
        """Return how many rows somebody else sees."""
        count = "SELECT count(*) FROM versions WHERE path = ? AND state = 'present'"
        with closing(sqlite3.connect(self._store / "catalog.sqlite")) as catalog:
            found: int = catalog.execute(count, (PATH,)).fetchone()[0]
        return found


def test_blobs_then_the_journal_then_the_catalog_become_durable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A kill anywhere leaves no row without blobs, and none the journal lacks."""
    document: dict[str, object] = {"upstream": {"proxies": "off"}}
    options = parse_config(document, {}, base=tmp_path).site_options()
    with open_site(options, command="a test") as site:
        batch = batch_of(site)

        async def work() -> None:
            for version in VERSIONS:
                await batch.add(row_of(site, version))
            monkeypatch.setattr(os, "fsync", watch.fsync)
            await batch.commit()

        watch = Watch(options.store_path)
        anyio.run(work)
        folders = [each for each in watch.seen if each[0] == "blobs"]
        after = [each for each in watch.seen if each[0] != "blobs"]
        assert folders
        assert watch.seen == [*folders, *after]
        assert {(told, committed) for _, told, committed in folders} == {(0, 0)}
        assert ("journal", len(VERSIONS), 0) in after
        assert {committed for _, _, committed in after} == {0}
        assert (watch.told(), watch.committed()) == (2, 2)


def test_who_adds_while_a_full_batch_is_written_fills_the_next_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A commit of few rows would be waited for as long as one of many."""
    monkeypatch.setattr(batches, "ROWS", 2)
    document: dict[str, object] = {"upstream": {"proxies": "off"}}
    options = parse_config(document, {}, base=tmp_path).site_options()
    written: list[int] = []
    with open_site(options, command="a test") as site:
        batch = batch_of(site, lambda rows: written.append(len(rows)))

        async def work() -> None:
            rows = [row_of(site, f"v1.{number}.0") for number in range(4)]
            async with anyio.create_task_group() as group:
                for row in rows[:3]:
                    group.start_soon(batch.add, row)
            await batch.add(rows[3])
            await batch.commit()

        anyio.run(work)
    assert written == [2, 2]
