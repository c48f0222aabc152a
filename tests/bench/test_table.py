"""A figure is held against its target."""

from __future__ import annotations

import pytest

from tests.bench.table import Row, faster, within


def test_a_peer_must_be_outrun_by_the_median_of_the_ratios():
    row = faster("figure", [(1, 4), (2, 4), (1, 3)], peer="go", target=3)

    assert (row.ours, row.against, row.ratio) == (1, 4, 3)
    assert row.met
    assert row.spread == (2, 4)


@pytest.mark.parametrize(("values", "met"), [([1, 9, 2], True), ([3, 4, 5], False)])
def test_the_median_must_stay_below_a_limit(values, met):
    row: Row = within("figure", values, limit=4, unit="s")

    assert row.met is met
    assert ("yes" if met else "NO") in row.cells()
