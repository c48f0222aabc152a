"""Killed at a chosen durable step, by its own hand: for processes that others start.

A folder on PYTHONPATH has this as ``sitecustomize``. Each call below is a step; before
it is made it is written to the file that GOSYNC_TEST_STEPS names, with ``.log`` behind,
and where that file itself holds a number, the process that comes to so many steps kills
itself at the last of them, and removes the file first.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

CALLS = ("fsync", "fdatasync", "rename", "replace", "link", "unlink")
VARIABLE = "GOSYNC_TEST_STEPS"
_count = 0


def _step(name: str, file: str) -> None:
    global _count  # noqa: PLW0603 - of this process
    _count += 1
    with open(f"{file}.log", "a") as log:  # noqa: PTH123 - Path's calls are steps
        log.write(f"{name}\n")
    try:
        with open(file) as control:  # noqa: PTH123 - as above
            number = int(control.read())
    except (FileNotFoundError, ValueError):
        return
    if _count >= number:
        _unlink(file)
        os.kill(os.getpid(), signal.SIGKILL)


def _wrapped(name: str, call: Callable[..., Any], file: str) -> Callable[..., Any]:
    def step(*arguments: Any, **more: Any) -> Any:
        _step(name, file)
        return call(*arguments, **more)

    return step


_unlink = os.unlink
if (_file := os.environ.get(VARIABLE)) and "--owner" in sys.orig_argv:
    for _name in CALLS:
        setattr(os, _name, _wrapped(_name, getattr(os, _name), _file))


def environment(folder: Path, checkout: Path) -> dict[str, str]:
    """Return the environment of processes whose steps are counted in a folder."""
    customized = folder / "customized"
    customized.mkdir()
    (customized / "sitecustomize.py").write_text(Path(__file__).read_text())
    return {
        "PYTHONPATH": f"{customized}{os.pathsep}{checkout}",
        VARIABLE: str(folder / "steps"),
    }
