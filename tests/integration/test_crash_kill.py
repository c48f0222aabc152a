"""Killed at every durable step and at random moments, the next run converges."""

from __future__ import annotations

import random
import shutil
import signal
from collections import Counter
from collections.abc import Callable, Iterator

import pytest

from tests.integration.steps import Step, chosen
from tests.integration.wreck import (
    Chapter,
    Wrecker,
    chapters,
    check_mended,
    check_ruins,
    difference,
    snapshot,
)
from tests.tiers import EVERY_STEP, spread

KILLS = {1: 7, 2: 17}  # a chapter
EACH = {1: None, 2: 3}  # of a kind in a chapter, in the second tier: None is all
RANDOM_MOMENTS = 25 if EVERY_STEP else 2
# How many more steps a run may take than the reference: which of several threads
# writes a tile, and how often, differs.
_SPREAD = 15
PUBLISHING = frozenset({"write", "syncfs", "rename", "link"})
_SUMDB = {"latest": 3}
TURNS = [1, pytest.param(2, marks=pytest.mark.long)]
_CALLS = ("fsync", "fdatasync", "syncfs", "rename", "link", "pwrite64")

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def made(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Callable[[int], Chapter]]:
    """The chapters, each once for all tests."""
    with chapters(tmp_path_factory.mktemp("chapters")) as chapter:
        yield chapter


@pytest.mark.sampled
@pytest.mark.parametrize("turn", TURNS)
def test_killed_at_every_durable_step_the_next_run_converges(made, turn: int):
    """In the second tier each step of the first chapter, all kinds of the second's.

    Nine in ten steps of a chapter are one loop's, over files and records.
    """
    killed: Counter[str] = Counter()
    every = EVERY_STEP and EACH[turn] is None
    chapter = made(turn)
    count = len(chapter.whole.steps)

    def kill(worker: Wrecker, number: int) -> None:
        step = chapter.attempt(worker, kill_at=number)
        assert step or number >= count - _SPREAD, number
        if step:
            killed[step[0]] += 1

    late = range(count, count + _SPREAD // 2) if every else ()
    some = chosen(chapter.whole.steps, KILLS[turn], each=EACH[turn])
    chapter.spread(kill, [*some, *late])
    for call in _CALLS:
        # Among threads a step has no fixed place; a rare one can be missed.
        for near in _places(chapter.whole.steps, call):
            if not killed[call]:
                kill(chapter.workers[0], near)
    assert sum(killed.values()) >= 0.8 * min(KILLS[turn], count)
    if every:
        # Every step of every kind that the whole run made, give or take the spread.
        for call, times in Counter(step.call for step in chapter.whole.steps).items():
            assert killed[call] >= times - _SPREAD, call
    for call in _CALLS:
        assert killed[call], call


def _places(steps: list[Step], call: str) -> list[int]:
    """Return the numbers of a call's steps, and of those near them."""
    at = [number for number, step in enumerate(steps) if step.call == call]
    return sorted({max(0, each + off) for each in at for off in range(-3, 4)})


@pytest.mark.sampled
@pytest.mark.parametrize("turn", TURNS)
def test_killed_at_random_moments_the_next_run_converges(made, turn: int):
    chance = random.Random(f"moments {turn}")
    chapter = made(turn)
    shares = [chance.random() for _ in range(20 * RANDOM_MOMENTS)]
    longest = chapter.whole.seconds * 1.1
    killed: list[tuple[str, str]] = []

    def kill(worker: Wrecker, number: int) -> None:
        nonlocal longest
        if len(killed) < RANDOM_MOMENTS:
            moment = shares[number] * longest
            step = chapter.attempt(worker, kill_after_seconds=moment)
            killed.extend([step] if step else [])
            if step is None:  # it was over, so a run is quicker now than it was
                longest = max(moment, longest / 2)

    chapter.spread(kill, range(len(shares)))
    assert len(killed) >= RANDOM_MOMENTS


@pytest.mark.parametrize("turn", TURNS)
def test_names_come_after_what_they_name_is_durable(made, turn: int):
    """What no kill shows: the page cache outlives a process, not a power cut."""
    worker = made(turn).workers[0]
    steps = worker.sync(worker.site(), calls=PUBLISHING).steps
    tree = [step for step in steps if f"{step.path}/".startswith("public/")]
    ranks = [rank for step in tree if (rank := _rank(step)) is not None]
    assert ranks == sorted(ranks)
    assert set(ranks) == {0, 1, 2, 3}
    waiting: set[Step] = set()
    for step in tree:
        if step.call == "syncfs":
            waiting.clear()
        elif step.call == "rename":
            assert waiting == set(), step
        else:
            waiting.add(step)


def _rank(step: Step) -> int | None:
    """Return a name's place in the order of I6; None when it has none."""
    name = step.path.rpartition("/")[2]
    if step.call not in ("rename", "link") or "/.gosync/" in step.path:
        return None
    if step.path.startswith("public/sumdb/"):
        return (
            0 if "/tile/" in step.path or name == "supported" else _SUMDB.get(name, 1)
        )
    return 2 if name.endswith((".mod", ".zip", ".info")) else 3


@pytest.mark.sampled
@pytest.mark.skipif(shutil.which("strace") is None, reason="there is no strace")
@pytest.mark.parametrize(
    "inject",
    [
        "rename:when=4",
        *(
            pytest.param(each, marks=pytest.mark.long)
            for each in spread(
                ["fsync:when=8", "fdatasync:when=9", "syncfs:when=2", "link"], 2
            )
        ),
    ],
)
def test_the_command_itself_killed_by_strace_leaves_the_same(made, inject: str):
    """The runs above are forked; this one is the command as users start it."""
    call, _, when = inject.partition(":")
    kill = f"inject={call}:signal=KILL{when and ':'}{when}"
    strace = ["strace", "-f", "--seccomp-bpf", "-o", "/dev/null", "-e", kill]
    chapter = made(1)
    site = chapter.workers[0].site()
    result = site.run("sync", prefix=strace)
    assert result.code in (-signal.SIGKILL, 128 + signal.SIGKILL)
    check_ruins(site)
    site.sync()
    check_mended(site)
    assert difference(snapshot(site), chapter.want) == {}
