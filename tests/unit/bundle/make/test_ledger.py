"""What becomes of a bundle that was made here, a rebuilt catalog included."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, cast

import pytest
from msgspec.structs import replace

from gosync.bundle.format.header import Known
from gosync.bundle.format.receipt import Receipt
from gosync.bundle.make.ledger import Ledger, shown_states
from gosync.bundle.take.applying import import_row
from gosync.catalog.bundles import BundleKind, BundleRow, BundleState
from gosync.catalog.db import Catalog
from gosync.catalog.versions import Need
from gosync.clock import Clock, SystemClock, format_time
from gosync.errors import UsageError
from gosync.gomod.module import ModuleVersion
from gosync.ingest.bundlememory import import_entry
from gosync.ingest.rebuild import rebuild
from gosync.store.journal import Journal
from gosync.store.layout import CATALOG
from gosync.store.localjournal import LocalJournal
from gosync.store.root import open_store
from tests.unit.bundle.fakes import bundle

if TYPE_CHECKING:
    from gosync.site.site import Site

NOW = datetime(2026, 11, 22, tzinfo=UTC)
ID = "ab" * 32
HELD = [(ModuleVersion("example.com/a", "v1.0.0"), Need.ZIP)]


@dataclass
class Outside:
    """The parts of a Site that a ledger uses."""

    root: Path
    catalog: Catalog
    journal: Journal
    clock: Clock = field(default_factory=SystemClock)

    @property
    def ledger(self) -> Ledger:
        return Ledger(cast("Site", self))

    def sealed(self, bundle_id: str = ID) -> BundleRow:
        bundles = self.catalog.bundles
        row = bundles.plan(
            "t", kind=BundleKind.FULL, base_sequence=None, after=0, now=NOW
        )
        bundles.write(row, bundle_id, tree_size=7)
        return self.ledger.seal(row, HELD)


@pytest.fixture
def outside(tmp_path: Path):
    open_store(tmp_path)
    with Catalog.open(tmp_path / CATALOG, create=True) as catalog:
        yield Outside(tmp_path, catalog, LocalJournal(tmp_path))


def receipt(
    *,
    target: str = "t",
    sequence: int = 1,
    bundle_id: str = ID,
    came: tuple[Known, ...] = (),
) -> Receipt:
    return Receipt(
        came=came,
        target=target,
        sequence=sequence,
        bundle_id=bundle_id,
        applied_at=format_time(NOW),
        versions=1,
        head=None,
        gosync="0",
    )


def test_a_receipt_makes_a_sealed_bundle_the_base_and_does_so_once(outside: Outside):
    assert outside.sealed().state is BundleState.SEALED

    acked = outside.ledger.acknowledge(receipt())
    assert acked.state is BundleState.ACKED
    assert outside.ledger.acknowledge(receipt()) == acked
    assert outside.catalog.bundles.base("t", sealed=False) == acked


@pytest.mark.parametrize(
    "other",
    [receipt(bundle_id="ef" * 32), receipt(sequence=2), receipt(target="u")],
)
def test_a_receipt_of_another_bundle_is_refused(outside: Outside, other: Receipt):
    outside.sealed()
    with pytest.raises(UsageError, match="was made here"):
        outside.ledger.acknowledge(other)


def test_a_receipt_does_not_undo_a_revocation(outside: Outside):
    outside.ledger.revoke(outside.sealed())

    with pytest.raises(UsageError, match="revoked, not sealed"):
        outside.ledger.acknowledge(receipt())


def test_a_bundle_is_named_by_enough_of_its_id(outside: Outside):
    row = outside.sealed()
    outside.sealed("ab" * 31 + "00")

    assert outside.ledger.find(ID) == row
    for name, reason in [("aba", "4 digits"), ("abab", "several"), ("cdcd", "no ")]:
        with pytest.raises(UsageError, match=reason):
            outside.ledger.find(name)


def test_a_rebuilt_catalog_counts_on_and_knows_what_came_in(outside: Outside):
    outside.ledger.acknowledge(receipt(sequence=outside.sealed().sequence))
    outside.ledger.revoke(outside.sealed("cd" * 32))
    came = import_row(bundle(5))
    outside.journal.append([{**import_entry(came), "moved_at": format_time(NOW)}])
    before = outside.catalog.bundles.all()
    outside.catalog.close()

    rebuild(outside.root, clock=SystemClock())
    with Catalog.open(outside.root / CATALOG, create=False) as catalog:
        assert catalog.bundles.all() == before
        assert catalog.bundles.holds(before[0]) == {}
        newest = catalog.imports.newest()
        assert newest is not None
        assert (newest.bundle_id, newest.sequence) == (came.bundle_id, 5)


def test_a_receipt_acknowledges_what_came_before_it(outside: Outside):
    ids = [f"{number:x}" * 64 for number in range(1, 6)]
    for bundle_id in ids:
        outside.sealed(bundle_id)
    rows = outside.catalog.bundles
    outside.ledger.revoke(outside.ledger.find(ids[1]))
    came = (
        Known(sequence=1, bundle_id=ids[0]),
        Known(sequence=2, bundle_id=ids[1]),
        Known(sequence=3, bundle_id=ids[4]),
        Known(sequence=4, bundle_id=ids[3]),
        Known(sequence=9, bundle_id=ids[3]),
    )
    said = receipt(sequence=4, bundle_id=ids[3], came=came)
    assert outside.ledger.acknowledge(said).sequence == 4

    want = ["acked", "revoked", "lost", "acked", "sealed"]
    assert shown_states(rows.all("t")) == want
    outside.ledger.acknowledge(said)
    assert shown_states(rows.all("t")) == want
    base = rows.base("t", sealed=False)
    assert base is not None
    assert base.sequence == 4


def test_a_bundle_is_lost_of_its_own_site_alone(outside: Outside):
    outside.sealed()
    row = outside.catalog.bundles.all()[0]
    later = replace(row, sequence=2, state=BundleState.ACKED)
    other = replace(later, target="u")
    assert shown_states([row, other]) == ["sealed", "acked"]
    assert shown_states([row, later]) == ["lost", "acked"]
