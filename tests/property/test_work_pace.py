"""The time that is left falls in a steady run; one item that hangs moves it little."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from gosync.work.pace import LONGEST_PAUSE_SECONDS, Pace

COUNTS = st.integers(1, 200)
SIZES = st.one_of(st.none(), st.integers(0, 1 << 30))


@given(COUNTS, st.floats(0.01, 100), SIZES)
def test_a_steady_run_has_ever_less_left(
    count: int, gap: float, size: int | None
) -> None:
    pace = Pace(0, count, None if size is None else count * size)
    left = []
    for number in range(1, count + 1):
        pace.advance(number * gap, 1, size or 0)
        if pace.left_seconds is not None:
            left.append(pace.left_seconds)
    assert all(later < before for before, later in pairwise(left))
    assert not left or left[-1] == 0


@given(
    st.lists(
        st.tuples(st.floats(0, 1e6), st.integers(0, 3), st.integers(0, 1 << 32)),
        max_size=60,
    ),
    st.one_of(st.none(), COUNTS),
    SIZES,
)
def test_it_is_never_negative_and_one_pause_moves_it_by_a_bound(
    steps: list[tuple[float, int, int]], total: int | None, total_bytes: int | None
) -> None:
    pace, now = Pace(0, total, total_bytes), 0.0
    for gap, items, size_bytes in steps:
        before, share = pace.left_seconds, pace.share
        now += gap
        pace.advance(now, items, size_bytes)
        left = pace.left_seconds
        assert left is None or left >= 0
        if left is not None and before is not None and share:
            assert left <= before + LONGEST_PAUSE_SECONDS * (1 - share) / share + 1e-6


def test_a_pause_alone_changes_nothing() -> None:
    pace = Pace(0, 10, 1_000)
    for second in range(1, 6):
        pace.advance(second, 1, 100)
    left = pace.left_seconds
    pace.advance(4_000, 0, 0)
    assert pace.left_seconds == left
