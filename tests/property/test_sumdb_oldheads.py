"""Clients that remember any older head, against a model of go's own reads."""

from __future__ import annotations

from itertools import accumulate, pairwise

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from gosync.sumdb.oldheads import (
    OldHeads,
    leaf_of,
    leaf_tiles,
    old_head_tiles,
    records_before,
    size_asked,
    superseded,
    upper_tiles,
)
from gosync.sumdb.spans import count, has, numbers, spans_of, subtract, unite, up_to
from gosync.sumdb.tile import Tile, edge_tiles, tree_tiles
from tests.tiers import examples
from tests.unit.sumdb.goreads import File, session, unanswered

# Around powers of 256, where levels begin and tiles are filled.
NEAR = st.builds(
    lambda power, off: max(1, 256**power + off),
    st.integers(0, 3),
    st.integers(-300, 300),
)
SIZES = st.one_of(st.integers(1, 2**17), NEAR, st.integers(1, 80_000_000))
NUMBERS = st.frozensets(st.integers(0, 60))
REAL = 72_282_352


@st.composite
def histories(draw: st.DrawFn) -> tuple[int, int, int]:
    """The size of an old head, of the mirror's, and a record of it."""
    new = draw(SIZES)
    near = st.integers(max(1, new - 600), new)
    old = draw(st.one_of(st.integers(1, new), near, SIZES.filter(lambda n: n <= new)))
    return old, new, draw(st.integers(0, new - 1))


def files_of(tiles) -> set[File]:
    return {(tile.l, tile.n, tile.w) for tile in tiles}


def published(new: int, record: int, old_heads: OldHeads) -> set[File]:
    return files_of(
        [
            *tree_tiles(new, [record], []),
            *old_heads.tiles(new),
            *old_heads.narrow_tiles(new),
        ]
    )


@settings(max_examples=examples(400))
@given(histories())
@example((51_929_436, REAL, 5))
@example((72_131_000, REAL, 5))
@example((256, 256, 0))
@example((65_536, 65_537, 0))
@example((256**3, 256**3 + 1, 0))
def test_upper_levels_and_one_leaf_serve_every_older_head(history) -> None:
    old, new, record = history
    leaf = leaf_of(old)
    old_heads = OldHeads(upper=True, leaves=spans_of([] if leaf is None else [leaf]))
    files = published(new, record, old_heads)
    assert unanswered(session(old, new, record), files) == []


@given(histories())
def test_one_leaf_with_its_parents_serves_the_heads_that_end_in_it(history) -> None:
    old, new, record = history
    leaf = leaf_of(old)
    if leaf is not None:
        files = published(new, record, OldHeads(leaves=((leaf, leaf),)))
        assert unanswered(session(old, new, record), files) == []


@given(histories())
def test_of_what_is_missing_without_a_leaf_the_request_names_it(history) -> None:
    old, new, record = history
    files = published(new, record, OldHeads(upper=True))
    missing = unanswered(session(old, new, record), files)
    assert {level for level, _, _ in missing} <= {0}
    for level, number, width in missing:
        asked = size_asked(Tile(8, level, number, width))
        assert leaf_of(asked) == leaf_of(old) == number
        assert width in (256, old & 255)


@given(histories())
def test_the_files_for_one_old_head_serve_it(history) -> None:
    old, new, record = history
    files = files_of([*tree_tiles(new, [record], []), *old_head_tiles(old, new)])
    assert unanswered(session(old, new, record), files) == []


@given(histories())
def test_the_files_for_one_old_head_are_all_needed(history) -> None:
    old, new, record = history
    files = files_of(old_head_tiles(old, new))
    asked = set(session(old, new, record))
    places = {(level, number) for level, number, _ in asked}
    assert {(level, number) for level, number, _ in files} <= places


@given(SIZES, SIZES)
def test_a_client_ahead_is_never_served(one, other) -> None:
    new, old = sorted((one, other))
    if new == old:
        return
    with pytest.raises(ValueError, match="no tree of"):
        old_head_tiles(old, new)


@given(histories(), st.integers(0, 10_000))
def test_what_a_grown_tree_has_filled_may_go(history, growth) -> None:
    """The tree grows on; its older published heads keep the edges of their own."""
    old, before, record = history
    after = before + growth
    leaf = leaf_of(old)
    leaves = spans_of([] if leaf is None else [leaf])
    old_heads = OldHeads(upper=True, leaves=leaves)
    files = published(before, record, old_heads) | published(after, record, old_heads)
    files -= files_of(superseded(before, after))
    files |= files_of(tree_tiles(after, [record], [before]))
    assert files >= files_of(edge_tiles(before))
    for size in (old, before):
        assert unanswered(session(size, after, record), files) == []


@given(st.integers(1, 2**40), st.integers(0, 3))
def test_a_size_is_asked_for_by_its_own_edge(size, level) -> None:
    for edge in edge_tiles(size):
        if edge.l == 0:
            assert size_asked(edge) == size
        assert size_asked(edge) >> 8 * edge.l == size >> 8 * edge.l


@given(st.lists(st.integers(1, 1_000), max_size=30), st.integers(0, 31))
def test_a_time_is_found_between_the_records_around_it(gaps, cut) -> None:
    records = list(accumulate(gaps))
    times = [(number, place >= cut) for place, number in enumerate(records)]
    before = records[:cut]
    assert records_before(times) == (before[-1] if before else None)


def test_a_record_that_came_years_late_moves_no_time() -> None:
    """Version 20 was indexed long before its record, 900 was indexed again."""
    times = [(n, n >= 500) for n in range(0, 1_000, 100)]
    late = sorted([*times, (850, False), (120, True)])
    assert records_before(times) == records_before(late) == 400


def test_the_real_log_takes_some_eleven_hundred_full_tiles() -> None:
    upper = upper_tiles(REAL)
    assert sum(tile.is_full for tile in upper) == 1102 + 4
    narrow = OldHeads(upper=True).narrow_tiles(REAL)
    assert all(tile.l for tile in narrow)
    assert sum(tile.size_bytes for tile in (*upper, *narrow)) < 11 << 20


def test_a_log_that_fills_no_tile_needs_nothing() -> None:
    assert upper_tiles(255) == []
    assert leaf_tiles(((0, 9),), 0) == []
    assert OldHeads(upper=True, leaves=((0, 0),)).tiles(255) == [Tile(8, 0, 0, 255)]


@given(NUMBERS, NUMBERS, st.integers(-1, 61))
def test_spans_are_sets(one, other, last) -> None:
    a, b = spans_of(one), spans_of(other)
    assert set(numbers(a)) == one
    assert count(a) == len(one)
    assert set(numbers(unite(a, b))) == one | other
    assert set(numbers(subtract(a, b))) == one - other
    assert set(numbers(up_to(a, last))) == {n for n in one if n <= last}
    assert all(has(a, n) == (n in one) for n in range(62))
    for spans in (a, unite(a, b), subtract(a, b)):
        assert all(x <= y for x, y in spans)
        assert all(x[1] + 1 < y[0] for x, y in pairwise(spans))
