"""Lookups that carry different heads: every client is served, in any order."""

from __future__ import annotations

from bisect import insort

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gosync.sumdb.mixedheads import added_tiles, is_edge
from gosync.sumdb.tile import Tile, edge_tiles, tree_tiles
from tests.unit.sumdb.goreads import File, mixed_session, reads, subtrees, unanswered

# Around where tiles are filled and levels begin, and anywhere else.
STEPS = st.one_of(
    st.integers(1, 3),
    st.integers(1, 700),
    st.integers(1, 200_000),
    st.sampled_from([255, 256, 257, 65_279, 65_280, 65_535, 65_536, 65_537]),
)


class StaticTree:
    """The tiles of a tree that is published bit by bit, and what it shows."""

    def __init__(self) -> None:
        self.files: set[File] = set()
        self.sizes: list[int] = []
        self.lookups: dict[int, int] = {}

    def publish(self, n: int, records: list[int]) -> None:
        """Move to a head of ``n``; only these records' lookups are written."""
        before = self.sizes[-1:]
        wanted = added_tiles(n, records, before)
        self.files |= {(tile.l, tile.n, tile.w) for tile in wanted}
        insort(self.sizes, n)
        self.lookups |= dict.fromkeys(records, n)


@st.composite
def trees(draw: st.DrawFn) -> StaticTree:
    tree, n = StaticTree(), 0
    for _ in range(draw(st.integers(1, 5))):
        n += draw(STEPS)
        anywhere = st.one_of(st.integers(0, n - 1), st.just(n - 1))
        tree.publish(n, draw(st.lists(anywhere, min_size=1, max_size=4)))
    return tree


@given(trees(), st.data())
def test_a_client_is_served_whatever_it_knows_and_asks_for_first(
    tree: StaticTree, data: st.DataObject
) -> None:
    known = data.draw(st.sampled_from([0, *tree.sizes]))
    asked = data.draw(st.permutations(sorted(tree.lookups)))
    lookups = [(tree.lookups[record], record) for record in asked]
    assert not unanswered(mixed_session(known, lookups), tree.files)


@given(trees())
def test_what_is_added_step_by_step_is_what_a_whole_publish_needs(
    tree: StaticTree,
) -> None:
    n = tree.sizes[-1]
    whole = tree_tiles(n, tree.lookups, [size for size in tree.sizes if size < n])
    assert {(tile.l, tile.n, tile.w) for tile in whole} <= tree.files


@given(trees(), st.data())
def test_reads_in_a_smaller_tree_are_its_edge_or_reads_in_a_larger_one(
    tree: StaticTree, data: st.DataObject
) -> None:
    """The lemma itself."""
    n, m = sorted((data.draw(st.sampled_from(tree.sizes)), tree.sizes[-1]))
    record = data.draw(st.integers(0, n - 1))
    edge = set(reads(n, subtrees(n)))
    assert set(reads(n, [(0, record)])) - edge <= set(reads(m, [(0, record)]))


def test_without_an_edge_it_depends_on_the_order() -> None:
    """What the rule is for: the tiles of one head alone fail who sees another first."""
    tree = StaticTree()
    tree.publish(260, [5])
    tree.publish(268, [267])
    own = set(edge_tiles(260)) - set(edge_tiles(268))
    tree.files -= {(tile.l, tile.n, tile.w) for tile in own}
    old, new = (260, 5), (268, 267)
    assert not unanswered(mixed_session(268, [new, old]), tree.files)
    assert unanswered(mixed_session(0, [old, new]), tree.files)


@given(st.lists(st.integers(1, 1 << 40), max_size=20), st.data())
def test_edges_are_found_among_many_sizes(
    sizes: list[int], data: st.DataObject
) -> None:
    sizes = sorted(set(sizes))
    edges = {tile for size in sizes for tile in edge_tiles(size)}
    assert all(is_edge(tile, sizes) for tile in edges)
    level, number = data.draw(st.integers(0, 3)), data.draw(st.integers(0, 1 << 20))
    tile = Tile(8, level, number, data.draw(st.integers(1, 255)))
    assert is_edge(tile, sizes) == (tile in edges)


@pytest.mark.parametrize("n", [1, 256, 257, 65_536, 70_000])
def test_the_same_head_again_adds_nothing_but_the_records(n: int) -> None:
    assert added_tiles(n, [0], [n]) == tree_tiles(n, [0], [])
