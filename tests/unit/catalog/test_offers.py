"""Offers: what lists and the index say exists, and when that changed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from gosync.catalog.db import Catalog
from gosync.catalog.modules import Module
from gosync.catalog.offers import PAGE_MODULES, OfferedRow
from gosync.catalog.selections import SelectionState
from gosync.clock import format_time

NOW = datetime(2026, 11, 22, tzinfo=UTC)
LATER = NOW + timedelta(days=1)
M = "example.com/m"


@pytest.fixture
def catalog(tmp_path):
    with Catalog.open(tmp_path / "catalog.sqlite", create=True) as catalog:
        yield catalog


def _offered(catalog, path=M):
    return {
        row.version: (row.index_time, row.listed) for row in catalog.offers.of(path)
    }


def test_a_list_replaces_what_was_listed_and_keeps_the_first_sight(catalog):
    offers = catalog.offers
    assert offers.listed(M, ["v1.0.0", "v1.1.0"], NOW)
    assert not offers.listed(M, ["v1.1.0", "v1.0.0"], LATER)
    assert offers.last_change() == 1
    assert offers.listed(M, ["v1.1.0", "v1.2.0"], LATER)
    assert offers.of(M) == [
        OfferedRow("v1.0.0", None, format_time(NOW), listed=False),
        OfferedRow("v1.1.0", None, format_time(NOW), listed=True),
        OfferedRow("v1.2.0", None, format_time(LATER), listed=True),
    ]
    assert offers.listed(M, ["v1.0.0", "v1.1.0", "v1.2.0"], LATER)
    assert offers.of(M)[0] == OfferedRow("v1.0.0", None, format_time(NOW), listed=True)
    assert offers.last_change() == 3


def test_of_the_index_the_newest_time_stamp_counts(catalog):
    offers = catalog.offers
    assert offers.named([(M, "v1.0.0", "2026-01-02"), (M, "v1.1.0", "2026-01-01")], NOW)
    assert not offers.named([(M, "v1.0.0", "2026-01-01")], LATER)
    assert offers.named([(M, "v1.0.0", "2026-01-03")], LATER)
    assert offers.listed(M, ["v1.1.0"], LATER)
    assert _offered(catalog) == {
        "v1.0.0": ("2026-01-03", False),
        "v1.1.0": ("2026-01-01", True),
    }
    assert offers.of(M)[0].first_seen == format_time(NOW)
    assert offers.last_change() == 3


def test_what_is_forgotten_is_a_change_once(catalog):
    offers = catalog.offers
    offers.named([(M, "v1.0.0", "2026"), ("other", "v1.0.0", "2026")], NOW)
    assert offers.forget([M])
    assert not offers.forget([M])
    assert offers.last_change() == 2
    assert list(offers.all_by_path()) == [("other", offers.of("other"))]


def test_all_offers_come_by_path_however_many(catalog):
    names = [f"m{n:05d}" for n in range(2 * PAGE_MODULES + 1)]
    catalog.offers.named(
        ((path, f"v1.{n}.0", "2026") for path in names for n in range(3)), NOW
    )
    found = list(catalog.offers.all_by_path())
    assert [path for path, _ in found] == names
    assert {len(rows) for _, rows in found} == {3}


def test_a_module_s_facts_are_due_when_its_list_has_changed(catalog):
    modules = catalog.modules
    modules.track([Module("a"), Module("b")])
    assert modules.lacking_facts() == []
    options = {"pseudo_only": False, "latest": None}
    modules.listed("a", NOW, list_digest="0" * 64, **options)
    assert modules.lacking_facts() == ["a"]
    modules.set_facts([("a", '{"top":"v1.0.0"}')])
    modules.listed_again(["a"], LATER)
    assert modules.lacking_facts() == []
    assert modules.get("a").facts == '{"top":"v1.0.0"}'
    modules.listed("a", LATER, list_digest="1" * 64, **options)
    assert modules.lacking_facts() == ["a"]


def test_a_selection_s_state_is_kept_until_it_is_invalidated(catalog):
    state = SelectionState("configured", "0f", True, None, format_time(NOW))
    assert catalog.selections.get("configured") is None
    catalog.selections.put(state)
    assert catalog.selections.get("configured") == state
    catalog.selections.invalidate("configured")
    found = catalog.selections.get("configured")
    assert found is not None
    assert not found.complete
