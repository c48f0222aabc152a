"""gosync stopped at a chosen system call, among all threads, as often as wanted.

    with Stepper() as stepper:
        whole = stepper.run(site, "sync")                   whole.steps: what it did
        for number in range(len(whole.steps)):
            stepper.run(site, "sync", kill_at=number)       SIGKILL before that step
            stepper.run(site, "sync", fail_at=number, error=errno.EIO)

A step is a system call that makes something durable or changes a name; it is
reported before it is done. `supervisor` does the work in a process of its own.
"""

from __future__ import annotations

import atexit
import errno
import json
import subprocess
import sys
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Self

import pytest

from tests.integration import supervisor
from tests.integration.result import Result, parse_result
from tests.integration.site import CHECKOUT, Site
from tests.tiers import EVERY_STEP, ends_of_each_kind, one_of_a_kind

EVERY = supervisor.CALLS
DURABLE = EVERY - {"write", "mkdir"}


@dataclass(frozen=True)
class Step:
    """A system call that was about to be made.

    Attributes:
        call: Its name.
        path: The file, relative to the site's folder where it is below it.
    """

    call: str
    path: str

    def __str__(self) -> str:
        return f"{self.call} {self.path}"

    @property
    def kind(self) -> tuple[str, str]:
        """The call, and the part of the site that it is made in."""
        return self.call, "/".join(self.path.split("/")[:2])


def chosen(steps: Sequence[Step], most: int, *, each: int | None = None) -> list[int]:
    """Return the numbers of some steps, of each kind one if so many may be; or all.

    Args:
        steps: The steps of a run.
        most: How many the first tier takes.
        each: How many of a kind the second tier takes, at most, the first and the
            last among them; all by default. A kind is then what is done and what was
            done just before, since a kill comes between the two.
    """
    kinds = [step.kind for step in steps]
    if EVERY_STEP and each is not None:
        found = ends_of_each_kind([*zip([None, *kinds], kinds, strict=False)], each)
    else:
        found = one_of_a_kind(kinds, most)
    print(f"{len(found)} of {len(steps)} steps")
    return found


@dataclass(frozen=True)
class Run(Result):
    """How a run ended; ``code`` is -9 when it was killed.

    Attributes:
        steps: Its steps, in the order in which they were about to be made.
        seconds: Wall time.
    """

    steps: list[Step] = field(default_factory=list)
    seconds: float = 0.0


# Servers that nobody uses now, by their prefix: to start one costs more than many runs.
_idle: dict[tuple[str, ...], list[subprocess.Popen[str]]] = defaultdict(list)


def _start(prefix: Sequence[str]) -> subprocess.Popen[str]:
    server = subprocess.Popen(
        [*prefix, sys.executable, "-m", supervisor.__name__],
        cwd=CHECKOUT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    atexit.register(_end, server)
    assert server.stdout is not None
    if server.stdout.readline() != supervisor.READY:
        _end(server)
        pytest.skip("the kernel lets nobody supervise system calls here")
    return server


def _end(server: subprocess.Popen[str]) -> None:
    with server:
        pass  # closes its standard input, which ends it


class Stepper:
    """A server that runs gosync; one run at a time. Use it in ``with``.

    Args:
        prefix: A command to run the server below, such as ``unshare -n``.
    """

    def __init__(self, prefix: Sequence[str] = ()) -> None:
        self._prefix = tuple(prefix)
        self._server: subprocess.Popen[str] | None = None
        self._runs = False

    def __enter__(self) -> Self:
        idle = _idle[self._prefix]
        self._server = idle.pop() if idle else _start(self._prefix)
        return self

    def __exit__(self, *_: object) -> None:
        assert self._server is not None
        if self._runs:  # nobody has read how the run ended
            self._server.kill()
        else:
            _idle[self._prefix].append(self._server)
        self._server = None

    def run(
        self,
        site: Site,
        *arguments: str,
        kill_at: int | None = None,
        torn: float = 0.0,
        kill_after_seconds: float | None = None,
        stop_at: int | None = None,
        fail_at: int | None = None,
        error: int = errno.EIO,
        calls: frozenset[str] = DURABLE,
    ) -> Run:
        """Run ``gosync ARGUMENTS --json``.

        Args:
            site: Where.
            *arguments: The command.
            kill_at: The step before which it is killed.
            torn: How much of it is done before, if it is a write: 0 to 1.
            kill_after_seconds: When it is killed.
            stop_at: The step before which it is sent SIGTERM.
            fail_at: The step that fails.
            error: How it fails.
            calls: The system calls that are steps.
        """
        assert self._server is not None
        assert self._server.stdin is not None
        assert self._server.stdout is not None
        request = {
            "folder": str(site.folder),
            "environment": site.environment,
            "arguments": site.command(*arguments)[3:],
            "calls": sorted(calls),
            "kill_at": kill_at,
            "torn": torn,
            "kill_after_seconds": kill_after_seconds,
            "stop_at": stop_at,
            "fail_at": fail_at,
            "error": error,
        }
        self._runs = True
        print(json.dumps(request), file=self._server.stdin, flush=True)
        line = self._server.stdout.readline()
        assert line, "the server of runs ended"
        self._runs = False
        answer = json.loads(line)
        steps = [Step(*each) for each in answer["steps"]]
        result = parse_result(answer["code"], answer["stdout"], answer["stderr"])
        return Run(**vars(result), steps=steps, seconds=answer["seconds"])
