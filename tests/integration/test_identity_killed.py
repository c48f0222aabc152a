"""Killed while a store gets its identity, counts up or takes a tree in: no refusal."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator

import pytest

from tests.integration.kin import Kin, kept, lost, unname
from tests.integration.site import OK, Site
from tests.integration.steps import Stepper, chosen
from tests.integration.wreck import in_memory
from tests.simulator import Simulator

KILLS = 5  # of all steps, so many are tried
EACH = 3  # of a kind in the second tier, of what a publish does for every file

pytestmark = [pytest.mark.slow, pytest.mark.sampled]


@pytest.fixture(scope="module")
def kin(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kin]:
    otherwise = tmp_path_factory.mktemp("kin")
    with Simulator(records=700) as sim, in_memory(otherwise) as folder:
        yield Kin(folder, sim, private=False)


def _unnamed(kin: Kin) -> Site:
    site = kin.site()
    unname(site)
    return site


def _restored(kin: Kin) -> Site:
    site = kin.site()
    kin.afflict(site, "store", "older")
    return site


def _storeless(kin: Kin) -> Site:
    site = kin.site()
    kin.afflict(site, "store", "missing")
    return site


def _treeless(kin: Kin) -> Site:
    site = kin.site()
    kin.afflict(site, "tree", "missing")
    return site


@pytest.mark.parametrize(
    ("begin", "command"),
    [
        (_unnamed, ("publish",)),
        pytest.param(_restored, ("adopt",), marks=pytest.mark.long),
        pytest.param(_restored, ("publish",), marks=pytest.mark.long),
        (_storeless, ("adopt", "--new-store")),
        pytest.param(_treeless, ("publish",), marks=pytest.mark.long),
    ],
)
def test_killed_at_every_durable_step_the_same_command_goes_on(
    kin: Kin, begin: Callable[[Kin], Site], command: tuple[str, ...]
):
    """In the second tier each step of an adopt, and each kind of a publish's hundreds.

    These are one loop over the files of a tree.
    """
    each = EACH if command == ("publish",) else None
    with Stepper() as stepper:
        whole = stepper.run(begin(kin), *command)
        assert whole.code == OK, whole.stderr
        for number in chosen(whole.steps, KILLS, each=each):
            site = begin(kin)
            before = _tree(site)
            run = stepper.run(site, *command, kill_at=number, torn=0.5)
            step = run.steps[-1] if run.steps else None
            assert run.code in (-signal.SIGKILL, OK), (step, run.stderr)
            assert lost(before, _tree(site)) == set(), step
            mended = stepper.run(site, *command)
            assert mended.code == OK, (step, mended.stderr)
            assert lost(before, _tree(site)) == set(), step
            site.check_store()
            assert len(site.listed()) == 2


def test_killed_while_a_catalog_is_made_anew_a_rebuild_goes_on(kin: Kin):
    def begin() -> Site:
        site = kin.site()
        kin.afflict(site, "catalog", "missing")
        return site

    with Stepper() as stepper:
        whole = stepper.run(begin(), "catalog", "rebuild")
        for number in chosen(whole.steps, KILLS):
            site = begin()
            before = kept(site)
            run = stepper.run(site, "catalog", "rebuild", kill_at=number)
            assert run.code in (-signal.SIGKILL, OK), run.stderr
            stepper.run(site, "publish")  # refused, or it is made
            assert lost(before, kept(site)) == set()
            assert stepper.run(site, "catalog", "rebuild").code == OK
            assert stepper.run(site, "sync").code == OK
            assert lost(before, kept(site)) == set()


def _tree(site: Site) -> dict[str, str]:
    return {name: each for name, each in kept(site).items() if name[:6] != "blobs/"}
