"""A prune's steps: names go before what they name, and a kill anywhere is mended."""

from __future__ import annotations

import shutil
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.site import Site
from tests.integration.steps import Run, Step, Stepper, chosen
from tests.integration.test_prune import AFTER, BEFORE, narrowed_site
from tests.integration.wreck import check_mended, check_ruins, difference, snapshot
from tests.simulator import Simulator

KILLS = 12  # of all steps, so many are tried
_NAMES = ("list", "@latest")


class Pruned:
    """A site that has something to prune, again and again in one folder."""

    def __init__(self, folder: Path, sim: Simulator, stepper: Stepper) -> None:
        self._site = narrowed_site(folder / "site", sim)
        self._site.sync()
        self._start = folder / "start"
        self._stepper = stepper
        shutil.copytree(self._site.folder, self._start)

    def begin(self) -> Site:
        """Return the site as before the prune."""
        shutil.rmtree(self._site.folder)
        shutil.copytree(self._start, self._site.folder)
        assert self._site.listed() == BEFORE
        return self._site

    def prune(self, kill_at: int | None = None) -> Run:
        """Prune, up to a step."""
        how = ("prune", "--grace-days", "0")
        return self._stepper.run(self._site, *how, kill_at=kill_at)


@pytest.fixture
def pruned(tmp_path: Path) -> Iterator[Pruned]:
    with Simulator() as sim, Stepper() as stepper:
        yield Pruned(tmp_path, sim, stepper)


def test_names_go_before_what_they_name(pruned: Pruned) -> None:
    site = pruned.begin()
    steps = pruned.prune().steps
    assert site.listed() == AFTER
    first_file = min(n for n, each in enumerate(steps) if _takes_a_file(each))
    last_name = max(n for n, each in enumerate(steps) if _changes_a_name(each))
    first_blob = min(n for n, each in enumerate(steps) if _is_blob(each))
    last_file = max(n for n, each in enumerate(steps) if _takes_a_file(each))
    journal = [n for n, each in enumerate(steps) if "store/journal" in each.path]
    assert journal
    assert max(journal) < last_name < first_file <= last_file < first_blob


def _takes_a_file(step: Step) -> bool:
    ends = (".mod", ".zip", ".info")
    return step.call == "unlink" and "/@v/" in step.path and step.path.endswith(ends)


def _changes_a_name(step: Step) -> bool:
    name = step.path.rpartition("/")[2]
    return step.call in ("unlink", "rename") and name in _NAMES


def _is_blob(step: Step) -> bool:
    return step.call == "unlink" and "store/blobs" in step.path


@pytest.mark.sampled
def test_killed_at_any_step_the_next_prune_converges(pruned: Pruned) -> None:
    site = pruned.begin()
    whole = pruned.prune()
    assert whole.code == 0, whole.stderr
    check_mended(site)
    want = snapshot(site)
    for number in chosen(whole.steps, KILLS):
        pruned.begin()
        assert pruned.prune(kill_at=number).code == -signal.SIGKILL
        check_ruins(site)
        mended = pruned.prune()
        assert mended.code == 0, (whole.steps[number], mended.stderr)
        check_mended(site)
        assert difference(snapshot(site), want) == {}, whole.steps[number]
