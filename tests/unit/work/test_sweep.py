"""Sweeps: order, how much is begun at once, and portions that are worth a step."""

from __future__ import annotations

import operator
from contextlib import closing

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gosync.scale.remote import StepCall, run_step
from gosync.work.sweep import (
    HereSweep,
    Sweep,
    UnsharedError,
    in_flight,
    portions,
    sweep_in_order,
    sweep_portions,
)
from tests.sweeps import PickledSweep


def _fail(item: int) -> int:
    raise ValueError(f"{item} is odd")


def _not_here(_item: int) -> int:
    raise UnsharedError("/mnt: not a folder")


@pytest.mark.parametrize("sweep", [HereSweep(), PickledSweep(3)], ids=["here", "apart"])
def test_results_come_in_the_order_of_their_items(sweep: Sweep):
    assert list(sweep_in_order(sweep, operator.neg, range(20))) == [
        -each for each in range(20)
    ]


def test_no_more_is_begun_than_keeps_the_workers_busy():
    sweep, read = PickledSweep(3), []

    def items():
        for each in range(100):
            read.append(each)
            yield each

    with closing(sweep_in_order(sweep, operator.neg, items())) as results:
        next(results)
        assert len(read) == in_flight(3)
        list(results)
    assert sweep.most == in_flight(3)


def test_what_is_not_taken_is_given_up():
    sweep = PickledSweep()
    with closing(sweep_in_order(sweep, operator.neg, range(20))) as results:
        next(results)
    assert (sweep.steps, sweep.open) == (in_flight(2), 0)


def test_an_error_is_raised_as_it_is_here():
    sweep = PickledSweep()
    with pytest.raises(ValueError, match="0 is odd"):
        list(sweep_in_order(sweep, _fail, range(3)))
    assert (sweep.here, sweep.open) == (1, 0)


def test_a_worker_without_the_files_ends_the_sweep():
    with pytest.raises(UnsharedError, match=r"does not see what is here: /mnt"):
        list(sweep_in_order(PickledSweep(), _not_here, range(3)))


def test_a_worker_of_another_gosync_does_nothing():
    refusal = run_step(StepCall(_fail, 1, version="0.0.1")).refusal
    assert "and this is 0.0.1" in refusal


@given(st.lists(st.integers(0, 9)), st.integers(1, 4), st.integers(1, 12))
def test_portions_are_full_and_have_everything_in_order(
    sizes: list[int], most_items: int, most_bytes: int
):
    found = list(portions(sizes, int, most_items=most_items, most_bytes=most_bytes))

    assert [each for portion in found for each in portion] == sizes
    for portion in found:
        assert len(portion) <= most_items
        assert sum(portion[:-1]) < most_bytes
    for portion in found[:-1]:
        assert len(portion) == most_items or sum(portion) >= most_bytes


def test_a_portion_comes_with_what_was_made_of_it():
    items = list(range(600))
    found = list(sweep_portions(PickledSweep(), sum, items, lambda _: 1))

    assert [each for portion, _ in found for each in portion] == items
    assert all(result == sum(portion) for portion, result in found)
