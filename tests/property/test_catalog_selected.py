"""Selections in any order with fetches and prunes: what must hold after each."""

from __future__ import annotations

import shutil
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from msgspec.structs import replace

from gosync.catalog.db import Catalog
from gosync.catalog.trees import TreeState
from gosync.catalog.versions import FoundBy, Need, State, VersionRow, Want
from gosync.clock import SystemClock
from gosync.errors import UnavailableError
from gosync.gomod.module import ModuleVersion
from gosync.ingest.entries import forget_entry, narrow_entry, version_entry
from gosync.ingest.rebuild import rebuild
from gosync.store.layout import CATALOG
from gosync.store.localblobs import LocalBlobStore
from gosync.store.localjournal import LocalJournal
from gosync.store.root import open_store
from tests.property.test_catalog_versions import _row
from tests.tiers import examples
from tests.versionsums import check_sums

_VERSIONS = ["v1.0.0", "v1.1.0", "v1.2.0"]
_M = "example.com/m"
_START = datetime(2026, 11, 22, tzinfo=UTC)
_WANTS = st.dictionaries(st.sampled_from(_VERSIONS), st.sampled_from(Need))
_FAILED = st.sampled_from([State.FAILED, State.REJECTED, State.GONE])


class SelectionMachine(RuleBasedStateMachine):
    """The model keeps what is selected; the rest is said by the invariants."""

    def __init__(self):
        super().__init__()
        self.root = Path(tempfile.mkdtemp())
        open_store(self.root)
        self.blobs, self.journal = LocalBlobStore(self.root), LocalJournal(self.root)
        self.catalog = Catalog.open(self.root / CATALOG, create=True)
        self.now = _START
        self.selected: dict[str, Need] = {}
        self.asked: set[str] = set()
        self.whole = True  # whether the last selection was a complete one

    @rule(wants=_WANTS, complete=st.booleans())
    def select(self, wants, complete):
        self.now += timedelta(seconds=1)
        self._select(wants, FoundBy.LIST, complete=complete)
        kept = {
            version: need
            for version, need in self.selected.items()
            if not complete or version in self.asked
        }
        self._widen(kept, wants)
        self.whole = complete

    @rule(version=st.sampled_from(_VERSIONS), need=st.sampled_from(Need))
    def ask(self, version, need):
        self._select({version: need}, FoundBy.COMMAND, complete=False)
        self._widen(self.selected, {version: need})
        self.asked.add(version)
        self.whole = False

    def _select(self, wants, found_by, *, complete):
        new = [Want(_M, version, need, found_by) for version, need in wants.items()]
        self.catalog.selected.select(new, complete=complete, now=self.now)
        changes = self.catalog.versions.last_change()
        again = self.catalog.selected.select(new, complete=complete, now=self.now)
        assert (again.added, again.widened, again.dropped) == (0, 0, 0)
        assert self.catalog.versions.last_change() == changes

    def _widen(self, kept, wants):
        for version, need in wants.items():
            if kept.get(version) is not Need.ZIP:
                kept[version] = need
        self.selected = kept

    @rule(version=st.sampled_from(_VERSIONS), omitted=st.booleans())
    def fetch(self, version, omitted):
        row = self.catalog.versions.get(ModuleVersion(_M, version))
        if row is None or row.selected is None or row.state is not State.WANTED:
            return
        admitted = self._admitted(row, omitted=omitted and row.need is Need.ZIP)
        self.journal.append([version_entry(admitted)])
        with self.catalog.transaction():
            self.catalog.versions.admit([admitted])
            self.catalog.failures.clear([ModuleVersion(_M, version)])

    def _admitted(self, row: VersionRow, *, omitted: bool) -> VersionRow:
        """Return what the gate would, with blobs of its own."""
        parts = ("mod",) if row.need is Need.MOD or omitted else ("info", "mod", "zip")
        made: VersionRow = _row(row.mv, Need.MOD if omitted else row.need)
        for part in parts:
            data = f"{part} of {row.version}".encode()
            blob: dict[str, Any] = {
                f"{part}_digest": self.blobs.put_bytes(data),
                f"{part}_bytes": len(data),
            }
            made = replace(made, **blob)
        if omitted:
            made = replace(made, need=Need.ZIP, state=State.OMITTED)
        return replace(made, found_by=row.found_by)

    @rule(version=st.sampled_from(_VERSIONS), state=_FAILED)
    def fail(self, version, state):
        row = self.catalog.versions.get(ModuleVersion(_M, version))
        if row is None or row.selected is None or row.state is not State.WANTED:
            return
        self.catalog.versions.mark(ModuleVersion(_M, version), state)
        error = UnavailableError("no")
        self.catalog.failures.record(
            ModuleVersion(_M, version), kind="zip", error=error, now=self.now
        )

    @rule()
    def prune(self):
        if not self.whole:
            return
        due = self.catalog.selected.unselected(self.now)
        gone = [r.mv for r in due if r.selected is None]
        narrowed = [r.mv for r in due if r.selected is Need.MOD]
        self.journal.append(
            [forget_entry(mv) for mv in gone] + [narrow_entry(mv) for mv in narrowed]
        )
        self.catalog.selected.forget(gone)
        self.catalog.selected.narrow(narrowed)
        assert self.catalog.selected.unselected(self.now) == []
        for row in self.catalog.versions.all_rows():
            assert row.carried is None or row.selected is not None

    @rule()
    def publish(self):
        seq = self.catalog.versions.last_change()
        self.catalog.trees.put(TreeState("/t", seq, "", ""))

    @rule()
    def sweep(self):
        self.catalog.selected.drop_tombstones()
        keep = self.catalog.versions.digests()
        self.blobs.remove(self.blobs.others(keep))
        assert set(self._files()) == keep

    def _files(self):
        return [file.name for file in (self.root / "blobs/sha256").glob("??/*")]

    @rule()
    def rebuild(self):
        before = self._carried()
        self.catalog.close()
        report = rebuild(self.root, clock=SystemClock())
        assert report.missing == []
        self.catalog = Catalog.open(self.root / CATALOG, create=False)
        assert self._carried() == before
        self.selected = {
            row.version: row.selected
            for row in self.catalog.versions.all_rows()
            if row.selected is not None
        }
        self.asked = set(self.selected)
        self.whole = False

    def _carried(self):
        rows = self.catalog.versions.all_rows()
        return {
            row.version: (row.carried, row.info_digest, row.mod_digest, row.zip_digest)
            for row in rows
            if row.carried is not None
        }

    @invariant()
    def the_selection_is_the_model_s(self):
        rows = self.catalog.versions.all_rows()
        found = {row.version: row.selected for row in rows if row.selected is not None}
        assert found == self.selected

    @invariant()
    def the_sums_are_of_the_rows(self):
        check_sums(self.catalog)

    @invariant()
    def each_row_agrees_with_itself(self):
        failures = {failure.version for failure in self.catalog.failures.open()}
        rows = list(self.catalog.versions.all_rows())
        for row in rows:
            if row.selected is not None and row.zip_digest is None:
                assert row.need is row.selected, "no more is fetched than is wanted"
            more = row.carried is not None and row.selected is not row.carried
            if row.selected is Need.ZIP or row.carried is None:
                more = False
            if self.whole:
                assert (row.unselected_at is not None and row.carried is not None) == (
                    more
                ), row
            assert row.state is not State.PRESENT or row.version not in failures
        assert failures <= {row.version for row in rows}

    @invariant()
    def no_row_names_a_blob_that_is_not_there(self):
        assert set(self.catalog.versions.digests()) <= set(self._files())

    def teardown(self):
        self.catalog.close()
        shutil.rmtree(self.root)


TestSelections = SelectionMachine.TestCase
TestSelections.settings = settings(max_examples=examples(25), stateful_step_count=20)
