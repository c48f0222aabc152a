"""The bench runs; what it measures at this size says nothing."""

from __future__ import annotations

import json
from dataclasses import replace
from math import isfinite
from pathlib import Path

import pytest

from tests.bench.__main__ import FIGURES, measure
from tests.bench.setting import TINY, Setting
from tests.bench.slopes import slopes
from tests.bench.table import document, format_table
from tests.bench.upstream import find_nginx
from tests.simulator.goclient import need_go

# Figures that need what is not everywhere: another server, real modules.
_ELSEWHERE = {"peers", "realbundle", "realincrement"}
_HERE = [name for name in FIGURES if name not in _ELSEWHERE]


@pytest.fixture(scope="module")
def setting(tmp_path_factory: pytest.TempPathFactory) -> Setting:
    """One invocation of the bench, whose corpora all figures share."""
    need_go()
    if find_nginx() is None:
        pytest.skip("nginx is not installed")
    folder = tmp_path_factory.mktemp("bench")
    made = Setting(folder, TINY, runs=1, real=folder / "shaped")
    assert made.shaped.root == made.real  # as if they were real ones
    return made


def test_of_the_commands_only_those_that_are_named_are_measured(tmp_path: Path) -> None:
    sizes = replace(TINY, slopes=(150,))
    named = Setting(tmp_path, sizes, runs=1, commands=frozenset({"bundle import"}))
    found = {row.figure.split(" over ")[0] for row in slopes(named)}
    begin = {"publish, first", "sync, select all", "bundle create"}
    assert {each for each in found if ":" not in each} == {*begin, "bundle import"}


@pytest.mark.go
@pytest.mark.slow
@pytest.mark.every_step
@pytest.mark.parametrize("name", _HERE)
def test_each_figure_is_measured_and_shown(setting: Setting, name: str) -> None:
    rows = list(measure(setting, [name]))

    assert rows
    for row in rows:  # a count may be 0: of answers that were lost, of files
        assert row.ours >= 0, row
        assert row.against > 0, row
        assert isfinite(row.ratio), row
    assert len(json.loads(json.dumps(document(rows)))) == len(rows)
    assert len(format_table(rows).splitlines()) == 1 + len(rows)
