"""Sums of a plan: alone and shared are the whole, whoever wants whatever."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from gosync.sync.plansums import CountedVersion, PlanSums, Sum, group, sum_up
from gosync.sync.zipsizes import SizeKind

WANTERS = 4
BITS = st.integers(0, 2**WANTERS - 1)


@st.composite
def counted(draw: st.DrawFn) -> CountedVersion:
    whole = draw(BITS)
    alone = draw(BITS) & ~whole
    if not whole and not alone:
        alone = 1
    kind = draw(st.sampled_from(SizeKind))
    known = whole and kind is not SizeKind.UNKNOWN
    return CountedVersion(
        whole=whole,
        alone=alone,
        bytes=draw(st.integers(0, 1000)) if known else 0,
        kind=kind,
        is_here=draw(st.booleans()),
        is_new=draw(st.booleans()),
        is_named=draw(BITS) & (whole | alone),
    )


def summed(versions: list[CountedVersion]) -> PlanSums:
    names = {1 << at: (f"select {at + 1}", "") for at in range(WANTERS)}
    return sum_up(group(versions), names)


def together(*sums: Sum) -> Sum:
    found = Sum()
    for each in sums:
        found.add(each)
    return found


@given(st.lists(counted(), max_size=30))
def test_alone_and_shared_are_the_whole(versions: list[CountedVersion]) -> None:
    sums = summed(versions)
    assert together(sums.shared, *(each.alone for each in sums.by)) == sums.selected
    for each in sums.by:
        assert together(each.alone, each.shared) == each.total


@given(st.lists(counted(), max_size=30))
def test_every_version_is_counted_once_in_the_whole_and_by_whoever_wants_it(
    versions: list[CountedVersion],
) -> None:
    sums = summed(versions)
    assert sums.selected.versions == len(versions)
    assert sums.selected.bytes == sum(each.bytes for each in versions)
    for at, each in enumerate(sums.by):
        wanted = [v for v in versions if (v.whole | v.alone) >> at & 1]
        assert each.total.versions == len(wanted)
        assert each.total.zips == sum(v.whole >> at & 1 for v in wanted)
        assert each.named == sum(v.is_named >> at & 1 for v in wanted)


@given(st.lists(counted(), max_size=30))
def test_without_a_select_goes_what_is_alone_its(
    versions: list[CountedVersion],
) -> None:
    sums = summed(versions)
    for at, each in enumerate(sums.by):
        left = [v.bytes for v in versions if v.whole & ~(1 << at)]
        assert sums.selected.bytes - each.alone.bytes == sum(left)
