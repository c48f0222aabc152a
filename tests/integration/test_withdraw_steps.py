"""A withdrawal's steps: names go before files, and a kill anywhere is mended."""

from __future__ import annotations

import errno
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from gosync.folder.routes import WITHDRAWN
from tests.integration.site import MISSING, NO_SPACE, OK, STORE, Site
from tests.integration.steps import Run, Step, Stepper, chosen
from tests.integration.test_withdraw import BAD, REASON, check_gone, make_site
from tests.integration.wreck import check_mended, check_ruins, difference, snapshot
from tests.simulator import Simulator

KILLS = 12  # of all steps, so many are tried
FAILURES = 6
_UNDO = ("withdraw", BAD, "--undo")
_TAKE = ("withdraw", BAD, "--reason", REASON)


class Withdrawn:
    """A site that withdraws, again and again in one folder."""

    def __init__(self, folder: Path, sim: Simulator, stepper: Stepper) -> None:
        self._site = make_site(folder / "site", sim)
        self._start = folder / "start"
        self._stepper = stepper
        shutil.copytree(self._site.folder, self._start)

    def begin(self, *, withdrawn: bool = False) -> Site:
        """Return the site as before."""
        shutil.rmtree(self._site.folder)
        shutil.copytree(self._start, self._site.folder)
        if withdrawn:
            self.run(*_TAKE)
        return self._site

    def run(
        self,
        *how: str,
        kill_at: int | None = None,
        fail_at: int | None = None,
        error: int = errno.EIO,
    ) -> Run:
        """Run a command, up to a step."""
        return self._stepper.run(
            self._site, *how, kill_at=kill_at, fail_at=fail_at, error=error
        )


@pytest.fixture
def world(tmp_path: Path) -> Iterator[Withdrawn]:
    with Simulator() as sim, Stepper() as stepper:
        yield Withdrawn(tmp_path, sim, stepper)


def test_the_journal_is_told_first_and_names_go_before_files(world: Withdrawn) -> None:
    site = world.begin()
    steps = world.run(*_TAKE).steps
    check_gone(site)
    journal = [n for n, each in enumerate(steps) if "store/journal" in each.path]
    names = [n for n, each in enumerate(steps) if _changes_a_name(each)]
    files = [n for n, each in enumerate(steps) if _takes_a_file(each)]
    assert journal
    assert len(files) == 3
    assert min(journal) < min(names), "the publish that follows adds its own line"
    assert min(names) < max(n for n in names if n < min(files)) < min(files)
    assert not [
        each for each in steps if each.call == "unlink" and "blobs" in each.path
    ]


def timeless(site: Site) -> dict[str, object]:
    """Return what a site is, but for when the version was withdrawn."""
    whole = dict(snapshot(site))
    whole.pop(f"tree/{WITHDRAWN}", None)
    return whole


def _takes_a_file(step: Step) -> bool:
    return step.call == "unlink" and "/@v/v1.1.0." in step.path


def _changes_a_name(step: Step) -> bool:
    name = step.path.rpartition("/")[2]
    return step.call in ("unlink", "rename") and name in ("list", "@latest")


@pytest.mark.slow
@pytest.mark.sampled
@pytest.mark.parametrize("how", [_TAKE, pytest.param(_UNDO, marks=pytest.mark.long)])
def test_killed_at_any_step_the_next_run_converges(
    world: Withdrawn, how: tuple[str, ...]
) -> None:
    """In the second tier each step of a withdrawal, each kind of its undoing."""
    withdrawn = how == _UNDO
    site = world.begin(withdrawn=withdrawn)
    whole = world.run(*how)
    assert whole.code == 0, whole.stderr
    check_mended(site)
    want = timeless(site)
    for number in chosen(whole.steps, KILLS, each=2 if withdrawn else None):
        world.begin(withdrawn=withdrawn)
        assert world.run(*how, kill_at=number).code == -signal.SIGKILL
        check_ruins(site)
        mended = world.run(*how)
        if withdrawn and mended.code != 0:  # it was undone; the tree follows
            assert "is not withdrawn" in mended.stderr
            mended = world.run("publish")
        assert mended.code == 0, (whole.steps[number], mended.stderr)
        check_mended(site)
        assert difference(timeless(site), want) == {}, whole.steps[number]


@pytest.mark.slow
@pytest.mark.sampled
@pytest.mark.parametrize(
    "error", [errno.ENOSPC, pytest.param(errno.EIO, marks=pytest.mark.long)]
)
def test_a_disk_that_refuses_is_told_and_the_next_run_converges(
    world: Withdrawn, error: int
) -> None:
    """In the second tier each step has a full disk, each kind an error of the disk."""
    site = world.begin()
    whole = world.run(*_TAKE)
    want = timeless(site)
    each = None if error == errno.ENOSPC else 2
    for number in chosen(whole.steps, FAILURES, each=each):
        world.begin()
        failed = world.run(*_TAKE, fail_at=number, error=error)
        assert failed.code in {OK, MISSING, STORE, NO_SPACE}, failed.stderr
        if failed.code == OK:  # of what does not matter, or waits for a publish
            check_gone(site)
        check_ruins(site)
        mended = world.run(*_TAKE)
        assert mended.code == 0, (whole.steps[number], mended.stderr)
        check_mended(site)
        assert difference(timeless(site), want) == {}, whole.steps[number]
