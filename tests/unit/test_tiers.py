"""A sample is the same in each run and leaves no kind out; the second tier has all."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tomllib
from itertools import combinations, product
from pathlib import Path

import pytest

from tests import tiers
from tests.tiers import ends_of_each_kind, one_of_a_kind, pairwise, shared_out, spread

CHECKOUT = Path(__file__).parents[2]
LONG = "import pytest\n@pytest.mark.long\ndef test_x(): ...\ndef test_y(): ...\n"
SET_UP = """import pathlib, pytest
@pytest.fixture(scope="module")
def ready():
    with pathlib.Path(__file__).with_name("set-up").open("a") as file:
        file.write("x")
@pytest.mark.parametrize("number", range(9))
def test_one(ready, number): ...
"""
KINDS = ["write", "rename", "write", "write", "link", "rename", "write", "fsync"]
COLUMNS = (["a", "b", "c"], [1, 2], [True, False], ["x", "y", "z"])
ROWS = [row for row in product(*COLUMNS) if row[:2] != ("a", 2)]


@pytest.fixture(autouse=True)
def first_tier(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tiers, "EVERY_STEP", False)
    monkeypatch.setattr(tiers, "PLACES", "")


def test_cases_are_spread_from_the_first_to_the_last():
    assert spread(range(101), 5) == [0, 25, 50, 75, 100]
    assert spread(range(3), 5) == [0, 1, 2]
    assert spread([], 5) == []


@pytest.mark.parametrize("most", range(1, 8))
def test_of_each_kind_there_is_one_before_there_are_two(most: int):
    places = one_of_a_kind(KINDS, most)
    assert places == one_of_a_kind(KINDS, most)
    assert places == sorted(set(places))
    assert len(places) == most
    assert len({KINDS[place] for place in places}) == min(most, len(set(KINDS)))


def test_the_parts_of_many_places_are_together_all_of_them(
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setattr(tiers, "EVERY_STEP", True)
    found = []
    for part in (":3", "3:5", "5:"):
        monkeypatch.setattr(tiers, "PLACES", part)
        found += one_of_a_kind(KINDS, 1)
    assert found == list(range(len(KINDS)))
    monkeypatch.setattr(tiers, "PLACES", "1::3")
    assert one_of_a_kind(KINDS, 1) == [1, 4, 7]
    for wrong in ("8:", "three:", "3"):
        monkeypatch.setattr(tiers, "PLACES", wrong)
        with pytest.raises(ValueError):
            one_of_a_kind(KINDS, 1)


@pytest.mark.parametrize("every", [False, True])
def test_of_each_kind_there_are_the_first_the_last_and_some_between(
    monkeypatch: pytest.MonkeyPatch, every: bool
):
    monkeypatch.setattr(tiers, "EVERY_STEP", every)
    kinds = ["a", *["b"] * 9, "c", "a", "b", "c"]
    assert ends_of_each_kind(kinds, 1) == [0, 1, 10]
    assert ends_of_each_kind(kinds, 2) == [0, 1, 10, 11, 12, 13]
    assert ends_of_each_kind(kinds, 3) == [0, 1, 5, 10, 11, 12, 13]
    assert ends_of_each_kind(kinds, 99) == list(range(len(kinds)))
    assert ends_of_each_kind([], 3) == []


def test_half_of_the_cases_are_for_the_long_tests_and_none_is_lost():
    shared = shared_out([(number, "x") for number in range(9)], columns=2)
    long = [each for each in shared if isinstance(each, pytest.ParameterSet)]
    assert [list(each.marks) for each in long] == [[pytest.mark.long]] * 4
    values = [each.values if each in long else each for each in shared]
    assert values == [(number, "x") for number in range(9)]
    assert shared == shared_out(values, columns=2)
    named = shared_out([pytest.param(1, id="one"), pytest.param(2, id="two")])
    assert [(each.id, each.values) for each in named] == [("one", (1,)), ("two", (2,))]
    assert [bool(each.marks) for each in named].count(True) == 1


def test_any_two_values_meet_in_few_rows():
    rows = pairwise(ROWS)
    assert len(rows) <= 10
    for one, other in combinations(range(len(COLUMNS)), 2):
        want = {(row[one], row[other]) for row in ROWS}
        assert {(row[one], row[other]) for row in rows} == want


def test_the_second_tier_leaves_nothing_out(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(tiers, "EVERY_STEP", True)
    assert spread(range(101), 5) == list(range(101))
    assert one_of_a_kind(KINDS, 2) == list(range(len(KINDS)))
    assert pairwise(ROWS) == ROWS


@pytest.mark.parametrize(
    ("long", "every", "passed"),
    [
        ("", "", 1),
        pytest.param("1", "", 2, marks=pytest.mark.long),
        pytest.param("", "1", 2, marks=pytest.mark.long),
    ],
)
def test_what_is_long_is_left_out_of_the_first_tier(
    tmp_path: Path, long: str, every: str, passed: int
):
    shutil.copy(CHECKOUT / "tests" / "conftest.py", tmp_path)
    (tmp_path / "test_some.py").write_text(LONG)
    (tmp_path / "pytest.ini").write_text("[pytest]\nmarkers = long\n")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider"],
        cwd=tmp_path,
        env={
            **os.environ,
            "PYTHONPATH": str(CHECKOUT),
            "GOSYNC_TEST_LONG": long,
            "GOSYNC_TEST_EVERY_STEP": every,
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert f"{passed} passed" in done.stdout, done.stdout


@pytest.mark.long
def test_what_a_module_sets_up_is_set_up_once(tmp_path: Path):
    shutil.copy(CHECKOUT / "tests" / "conftest.py", tmp_path)
    for name in "abc":
        (tmp_path / f"test_{name}.py").write_text(SET_UP)
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    configuration = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())
    options = configuration["tool"]["pytest"]["addopts"]
    ways = [each for each in options if "dist" in each or "reorder" in each]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "--numprocesses=2", *ways],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(CHECKOUT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "27 passed" in done.stdout, done.stdout
    assert (tmp_path / "set-up").read_text() == "xxx"
