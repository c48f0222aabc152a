"""What runs on a worker: one step, whatever becomes of it told by values.

An error is not sent: its class may take more than it can be made of again. Who began
the step does it once more, and raises it there.
"""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import Any

import msgspec

from gosync import __version__
from gosync.work.sweep import UnsharedError


class StepCall(msgspec.Struct, frozen=True):
    """A step as it travels; Dask does not look into it.

    Attributes:
        step: The function.
        item: What it is done with.
        version: The gosync that it is from.
    """

    step: Callable[[Any], Any]
    item: Any
    version: str = __version__


class StepOutcome(msgspec.Struct, frozen=True):
    """What became of a step.

    Attributes:
        value: Its result.
        is_done: Whether it has one.
        refusal: Why this worker cannot do such steps at all, "" if it can.
    """

    value: Any = None
    is_done: bool = False
    refusal: str = ""


def run_step(call: StepCall) -> StepOutcome:
    """Do a step."""
    if call.version != __version__:
        return _refused(f"has gosync {__version__}, and this is {call.version}")
    try:
        return StepOutcome(call.step(call.item), is_done=True)
    except UnsharedError as exc:
        return _refused(f"does not see what is here: {exc}")
    except Exception:  # noqa: BLE001 - it is raised where the step is done again
        return StepOutcome()


def worker_version() -> str:
    """Return the version of a worker's gosync."""
    return __version__


def _refused(why: str) -> StepOutcome:
    return StepOutcome(refusal=f"the worker on {socket.gethostname()} {why}")
