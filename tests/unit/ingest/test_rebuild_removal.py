"""A rebuilt catalog knows what was given up and what was withdrawn."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec.structs import replace

from gosync.catalog.db import Catalog
from gosync.catalog.versions import Need
from gosync.catalog.withdrawn import ToldBy, Withdrawal
from gosync.clock import SystemClock
from gosync.errors import MalformedError
from gosync.gomod.module import ModuleVersion
from gosync.ingest.entries import (
    forget_entry,
    narrow_entry,
    parse_withdrawal_entry,
    version_entry,
    withdrawal_entry,
)
from gosync.ingest.rebuild import rebuild
from gosync.store.journal import EntryValue
from gosync.store.layout import CATALOG
from tests.unit.ingest.test_rebuild import M, Site

TOLD = Withdrawal(
    path=M,
    version="v1.0.0",
    reason="worm \u2603",
    withdrawn_at="2026-11-26T10:00:00.000000Z",
    needed_by=("example.com/app",),
)


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path)


def rebuilt(site: Site) -> Catalog:
    rebuild(site.root, clock=SystemClock())
    return Catalog.open(site.root / CATALOG, create=False)


def test_what_was_withdrawn_is_so_again_and_has_its_blobs(site: Site) -> None:
    site.journal.append([version_entry(site.row("v1.0.0")), withdrawal_entry(TOLD)])
    site.blobs.sync()
    with rebuilt(site) as catalog:
        row = catalog.versions.get(ModuleVersion(M, "v1.0.0"))
        assert row is not None
        assert (row.withdrawn, row.published, row.carried) == (True, None, Need.ZIP)
        assert catalog.withdrawn.all() == [TOLD]


def test_the_newest_word_on_a_withdrawal_counts(site: Site) -> None:
    undone = replace(TOLD, undone_at="2026-11-27T10:00:00.000000Z")
    theirs = replace(TOLD, told_by=ToldBy.BUNDLE)
    site.journal.append(map(withdrawal_entry, (TOLD, theirs, undone)))
    with rebuilt(site) as catalog:
        assert catalog.withdrawn.all() == [theirs]
        assert len(catalog.withdrawn.known()) == 2


def test_what_was_given_up_has_its_tombstone_again(site: Site) -> None:
    rows = {v: site.row(v) for v in ("v1.0.0", "v1.1.0", "v1.2.0", "v1.3.0")}
    site.journal.append(map(version_entry, rows.values()))
    site.journal.append(
        [
            forget_entry(ModuleVersion(M, "v1.0.0")),
            narrow_entry(ModuleVersion(M, "v1.1.0")),
        ]
    )
    site.journal.append(
        [forget_entry(ModuleVersion(M, "v1.2.0")), version_entry(rows["v1.2.0"])]
    )
    site.blobs.sync()
    with rebuilt(site) as catalog:
        assert catalog.tombstones.of(M) == {"v1.0.0": "", "v1.1.0": "mod"}


@pytest.mark.parametrize(
    "change",
    [
        {"needed_by": "[" * 100_000},
        {"needed_by": "{}"},
        {"needed_by": None},
        {"reason": None},
        {"told_by": "nobody"},
        {"path": "../x"},
        {"version": 7},
    ],
)
def test_a_line_that_nobody_wrote_says_nothing(
    change: dict[str, EntryValue],
) -> None:
    with pytest.raises(MalformedError):
        parse_withdrawal_entry({**withdrawal_entry(TOLD), **change})
