"""Edge of a log: it appends as the whole log does, and tells earlier trees."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gosync.sumdb.growing import GrowingLog
from gosync.sumdb.logedge import LogEdge, earlier_tree
from gosync.sumdb.tile import Tile, new_tiles
from gosync.sumdb.tlog import Tree

TEXTS = [b"record %d\n" % number for number in range(66_000)]
LOG = GrowingLog(TEXTS)
sizes = st.one_of(
    st.sampled_from([0, 1, 2, 3, 255, 256, 257, 511, 512]), st.integers(0, 1_000)
)


@given(st.tuples(sizes, sizes).map(sorted))
@example([65_300, 65_536])
@example([65_535, 65_537])
@example([65_536, 66_000])
def test_it_grows_as_the_log_does(pair: list[int]):
    before, after = pair
    edge = LogEdge.of(LOG.tree(before), LOG.tile)
    assert edge is not None
    for text in TEXTS[before:after]:
        edge.append(text)
    assert edge.size == after
    assert edge.tree() == LOG.tree(after)
    assert edge.tiles() == [(t, LOG.tile(t)) for t in new_tiles(before, after)]
    assert earlier_tree(LOG.tree(after), before, LOG.tile) == LOG.tree(before)


@pytest.mark.parametrize("size", [1, 300, 65_537])
def test_tiles_that_are_not_the_logs_are_as_if_there_were_none(size: int):
    def other(tile: Tile) -> bytes | None:
        data = LOG.tile(tile)
        assert data is not None
        return bytes(len(data))

    def short(tile: Tile) -> bytes | None:
        return (LOG.tile(tile) or b"")[:-1]

    for read in (other, short, lambda _: None):
        assert LogEdge.of(LOG.tree(size), read) is None
        assert earlier_tree(LOG.tree(size), size, read) is None
    forged = Tree(size, bytes(32))
    assert LogEdge.of(forged, LOG.tile) is None
    assert earlier_tree(forged, size, LOG.tile) is None
