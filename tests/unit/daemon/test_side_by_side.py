"""What the daemon may run at once, and what a watchdog hears of that."""

from __future__ import annotations

import anyio
import pytest

from gosync.catalog.leases import job_lease
from gosync.daemon.jobs import JOBS, can_be_side_by_side, leases_of
from gosync.daemon.notify import Notifier
from gosync.daemon.watchdog import JobProgress, Watchdog

CHANGES_NOTHING = {"verify", "health"}


@pytest.mark.parametrize("other", sorted(CHANGES_NOTHING))
@pytest.mark.parametrize("name", JOBS)
def test_what_changes_nothing_holds_up_nothing_and_no_job_runs_twice(
    name: str, other: str, tmp_path
):
    assert not can_be_side_by_side(name, [name])
    assert can_be_side_by_side(name, [other]) == (name != other)
    assert can_be_side_by_side(other, [name]) == (name != other)
    assert job_lease(name) in leases_of(name, tmp_path)


@pytest.mark.parametrize("name", sorted(JOBS.keys() - CHANGES_NOTHING))
def test_what_changes_the_site_is_done_in_turn(name: str):
    assert not any(
        can_be_side_by_side(name, [other]) for other in JOBS.keys() - CHANGES_NOTHING
    )


class Heard(Notifier):
    """A manager that counts."""

    def __init__(self) -> None:
        super().__init__({})
        self.fed = 0
        self.said: list[str] = []

    def watchdog(self) -> None:
        self.fed += 1

    def status(self, text: str) -> None:
        self.said.append(text)


def test_a_job_that_stands_still_starves_the_watchdog_though_another_moves():
    heard = Heard()
    watch = Watchdog(heard, stuck_seconds=0.1, most_seconds=0.01)

    async def run() -> None:
        moving, still = JobProgress(), JobProgress()
        async with anyio.create_task_group() as group:
            group.start_soon(watch.over, moving, "verify")
            group.start_soon(watch.over, still, "sync")
            for _ in range(40):
                moving.advance()
                await anyio.sleep(0.01)
            fed = heard.fed
            assert fed
            for _ in range(10):
                moving.advance()
                watch.feed()
                await anyio.sleep(0.01)
            assert heard.fed == fed
            assert any("sync: stuck at starting" in each for each in heard.said)
            assert any("verify: starting" in each for each in heard.said)
            with anyio.fail_after(60):
                while heard.fed == fed:
                    still.advance()
                    moving.advance()
                    await anyio.sleep(0.01)
            group.cancel_scope.cancel()

    anyio.run(run)
    assert (watch.stuck, watch.lines) == (set(), {})
