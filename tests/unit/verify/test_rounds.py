"""Long runs: parts, ages, interruptions, and where they go on."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path

import anyio
import pytest
from msgspec.structs import replace

from gosync.clock import SystemClock
from gosync.folder.layouts import TargetKind
from gosync.verify.look.checkers import LocalCheckers
from gosync.verify.look.memory import STATE_FILE
from gosync.verify.report import VerifyReport
from gosync.verify.request import Limits, VerifyRequest
from gosync.verify.session import open_session
from gosync.work.progress import NoProgress
from tests.unit.verify.caches import ALPHA, World, run
from tests.unit.verify.damage import link_copy

_ALL = 4
_SMALL = replace(LocalCheckers.shape, versions=2)


@pytest.fixture
def cache(world: World, tmp_path: Path) -> Path:
    return link_copy(world.pristine[TargetKind.GOPROXY], tmp_path / "cache")


def stopped_after(world: World, root: Path, batches: int) -> VerifyReport:
    """Verify until so many batches are done, as a signal would end it."""
    request = VerifyRequest(
        path=root,
        site=world.site(root.parent),
        offline=True,
        proofs=(world.tree,),
        state=root.parent / "state",
    )
    asked = iter([False] * batches)

    async def main() -> VerifyReport:
        clock = SystemClock()
        async with open_session(request, clock) as session:
            return await session.run(clock, NoProgress(), lambda: next(asked, True))

    return anyio.run(main)


def test_subsets_are_apart_and_cover_everything(world: World, cache: Path):
    reports = [run(world, cache, limits=Limits(subset=(k, 3))) for k in (1, 2, 3)]

    assert sum(each.outcome.checked for each in reports) == _ALL
    assert all(each.outcome.outside == _ALL - each.outcome.checked for each in reports)


def test_an_interrupted_run_is_taken_up_again(
    world: World, cache: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(LocalCheckers, "shape", _SMALL)

    first = stopped_after(world, cache, 1)
    second = run(world, cache)
    third = run(world, cache)

    assert (first.outcome.checked, first.outcome.left) == (2, 2)
    assert first.outcome.interrupted
    assert (second.outcome.checked, second.outcome.earlier) == (2, 2)
    assert second.outcome.continues is not None
    assert (third.outcome.checked, third.outcome.continues) == (_ALL, None)


def test_fresh_begins_anew(world: World, cache: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(LocalCheckers, "shape", _SMALL)
    stopped_after(world, cache, 1)

    assert run(world, cache, limits=Limits(fresh=True)).outcome.checked == _ALL


def test_no_time_means_nothing_is_checked_and_nothing_is_lost(
    world: World, cache: Path
):
    report = run(world, cache, limits=Limits(max_duration=timedelta(0)))

    assert (report.outcome.checked, report.outcome.left) == (0, _ALL)
    assert run(world, cache).outcome.checked == _ALL


def test_young_proofs_count_unless_the_files_have_changed(world: World, cache: Path):
    run(world, cache)
    file = cache / "alpha.example/!alpha/@v/v1.0.0.zip"
    data = file.read_bytes()
    file.unlink()
    file.write_bytes(data)

    report = run(world, cache, limits=Limits(max_age=timedelta(days=1)))

    assert (report.outcome.checked, report.outcome.earlier) == (1, 3)


def test_what_was_bad_is_looked_at_again_whatever_its_age(world: World, cache: Path):
    file = cache / "alpha.example/!alpha/@v/v1.0.0.zip"
    file.unlink()
    file.write_bytes(b"")
    limits = Limits(max_age=timedelta(days=1))

    first, second = run(world, cache, limits=limits), run(world, cache, limits=limits)

    assert (second.outcome.checked, second.outcome.earlier) == (1, 3)
    assert second.outcome.findings == first.outcome.findings
    assert second.outcome.findings[0].mv is not None
    assert second.outcome.findings[0].mv.path == ALPHA


def test_a_torn_state_file_costs_no_more_than_its_last_line(world: World, cache: Path):
    run(world, cache)
    state = cache.parent / "state" / STATE_FILE
    state.write_bytes(state.read_bytes()[:-30] + b"\x00\xff{")

    report = run(world, cache, limits=Limits(max_age=timedelta(days=1)))

    assert report.exit_code == 0
    assert report.outcome.earlier >= _ALL - 1


def test_where_nothing_can_be_kept_the_report_says_so(world: World, cache: Path):
    state = cache.parent / "state"
    state.write_text("a file, not a folder")

    report = run(world, cache)

    assert report.exit_code == 0
    assert "not kept" in report.outcome.remarks[0]


@pytest.mark.parametrize("way", ["link", "another name", "pipe"])
def test_results_are_written_into_nobody_elses_file(
    world: World, cache: Path, way: str, monkeypatch: pytest.MonkeyPatch
):
    """An open round is gone on with by adding to the file."""
    monkeypatch.setattr(LocalCheckers, "shape", _SMALL)
    stopped_after(world, cache, 1)
    file, outside = cache.parent / "state" / STATE_FILE, cache.parent / "outside"
    file.rename(outside)
    before = outside.read_bytes()
    if way == "link":
        file.symlink_to(outside)
    elif way == "pipe":
        os.mkfifo(file)
    else:
        os.link(outside, file)

    report = run(world, cache)

    assert report.exit_code == 0
    assert outside.read_bytes() == before
    told = any("not kept" in each for each in report.outcome.remarks)
    assert told == (way == "another name")  # the others are replaced
    assert told or file.stat().st_nlink == 1
