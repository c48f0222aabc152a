"""Commands side by side on one store, and one of them killed at some moment.

for site, codes in rounds(tmp_path, make, [("sync",), ("publish",)]):
    ...                                 what the others left, and how they ended
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from tests.integration.forked import Process
from tests.integration.site import Site, finish
from tests.tiers import EVERY_STEP

KILLS = 60 if EVERY_STEP else 2
WAIT = ("--wait-lock", "60")
_ROUNDS_A_KILL = 20


def start(site: Site, *commands: Sequence[str]) -> list[Process]:
    """Begin the commands, all at once."""
    return [site.start(*command) for command in commands]


def end(processes: list[Process]) -> list[int]:
    """Wait for them; return how they ended."""
    try:
        return [finish(process).code for process in processes]
    finally:
        for process in processes:
            process.kill()


def rounds(
    folder: Path, make: Callable[[Path], Site], commands: Sequence[Sequence[str]]
) -> Iterator[tuple[Site, list[int]]]:
    """Run the commands at once, again and again, until KILLS of them were killed.

    The moment is chosen within the time that they take together. A round whose victim
    had ended by then counts for nothing, but holds what every other one holds.

    Args:
        folder: An empty folder.
        make: Returns the site of a round, in the folder that it is given.
        commands: What runs.

    Yields:
        The site, and how the others ended.
    """
    chance = random.Random("side by side")
    site = make(folder / "whole")
    began = time.monotonic()
    end(start(site, *commands))
    seconds = time.monotonic() - began
    kills = number = 0
    while kills < KILLS:
        assert number < KILLS * _ROUNDS_A_KILL, f"{kills} were killed at work"
        site = make(folder / str(number))
        codes, killed = _kill_one(chance, start(site, *commands), seconds)
        yield site, codes
        kills += killed
        number += 1


def _kill_one(
    chance: random.Random, processes: list[Process], seconds: float
) -> tuple[list[int], bool]:
    """Kill one of them at some moment; return how the others ended, and if it did."""
    time.sleep(chance.uniform(0, seconds))
    victim = processes.pop(chance.randrange(len(processes)))
    killed = victim.poll() is None
    victim.kill()
    victim.communicate()
    return end(processes), killed
