"""Commands side by side on one store, and one of them killed at some moment.

for site, codes in rounds(tmp_path, make, [("sync",), ("publish",)]):
    ...                                 what the others left, and how they ended
"""

from __future__ import annotations

import random
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from tests.integration.forked import Process
from tests.integration.result import finish
from tests.integration.site import Site
from tests.tiers import EVERY_STEP

KILLS = 60 if EVERY_STEP else 2
WAIT = ("--wait-lock", "60")
_ROUNDS_A_KILL = 10


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

    The moment is chosen within the time that the victim takes beside the others, as
    far as that is known, and a tenth more: its last step is met, too, and who was
    slower is found out. A round whose victim had ended by then counts for nothing, but
    holds what every other one holds.

    Args:
        folder: An empty folder.
        make: Makes the site of all rounds, in the folder that it is given; each round
            begins with that folder as it was then.
        commands: What runs.

    Yields:
        The site, and how the others ended.
    """
    chance = random.Random("side by side")
    place, begin = folder / "round", folder / "begin"
    site = make(place)
    _copy(place, begin)
    began = time.monotonic()
    end(start(site, *commands))
    seconds = [time.monotonic() - began] * len(commands)
    kills = number = 0
    while kills < KILLS:
        assert number < KILLS * _ROUNDS_A_KILL, f"{kills} were killed at work"
        shutil.rmtree(place)
        _copy(begin, place)
        processes = start(site, *commands)
        victim = chance.randrange(len(commands))
        took = _kill(processes.pop(victim), chance.uniform(0, 1.1 * seconds[victim]))
        if took is None:
            kills += 1
        else:
            seconds[victim] = took
        yield site, end(processes)
        number += 1


def _copy(folder: Path, to: Path) -> None:
    """Copy a folder with times, links and files of two names, all as it is."""
    subprocess.run(["cp", "-a", str(folder), str(to)], check=True)


def _kill(victim: Process, seconds: float) -> float | None:
    """Kill a process after so long; return how long it took if it had ended by then."""
    began = time.monotonic()
    with suppress(subprocess.TimeoutExpired):
        victim.wait(seconds)
        return time.monotonic() - began
    victim.kill()
    victim.communicate()
    return None
