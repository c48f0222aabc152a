"""A process without other threads, as the command line's is when it begins."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable
from typing import Any


def alone(story: Callable[..., None], *arguments: object) -> Any:
    """Return what a story sends through the pipe that it is given first."""
    spawn = multiprocessing.get_context("spawn")
    here, there = spawn.Pipe()
    process = spawn.Process(target=story, args=(there, *arguments))
    process.start()
    there.close()
    try:
        return here.recv()
    finally:
        process.join()
