"""Two processes check a target that stands still; else it is checked here."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from multiprocessing.connection import Connection

from gosync.gomod.module import ModuleVersion
from gosync.verify.look.checkers import LocalCheckers
from gosync.verify.look.checks import Checked
from gosync.verify.prove.answers import ProofAnswer
from gosync.work.processes import WORTH_BYTES
from tests.alone import alone

_CHECKED = [ModuleVersion("example.com/m", f"v1.{n}.0") for n in range(2)]


class Told:
    """A target of which checking says who did it."""

    def __init__(self, *, is_still: bool) -> None:
        self.is_still = is_still
        self.by_portions = False

    def check(self, mv: ModuleVersion, answer: ProofAnswer) -> Checked:
        """Take long enough that the other one takes the other version."""
        time.sleep(0.5)
        return Checked(mv, answer, read_bytes=os.getpid())

    def portion(self, answers: Mapping[ModuleVersion, ProofAnswer]) -> None:
        """Hand nothing on."""


def _who(size_bytes: int, *, is_still: bool = True) -> set[int]:
    with LocalCheckers(Told(is_still=is_still), size_bytes) as checkers:
        both = [checkers.check({mv: ProofAnswer()}) for mv in _CHECKED]
        return {done.read_bytes for each in both for done in each.result()}


def _tell_who(there: Connection) -> None:
    apart, small = _who(WORTH_BYTES), _who(WORTH_BYTES - 1)
    there.send((os.getpid(), apart, small, _who(WORTH_BYTES, is_still=False)))


def test_two_processes_check_where_that_pays_and_nothing_moves():
    own, apart, small, moving = alone(_tell_who)
    assert len(apart) == 2
    assert own not in apart
    assert small == moving == {own}
