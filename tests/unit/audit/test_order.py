"""Whose turn it is: modules that fail keep no other one from being asked about."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from gosync.audit.breaker import MAX_OPEN_SECONDS, OPEN_SECONDS, POLICY
from gosync.audit.order import FAILURES_AT_MOST, QuestionOrder
from gosync.catalog.looks import Listing, Look
from gosync.gomod.filekind import FileKind
from gosync.upstream.breaker import Doubt

SOURCE = "https://proxy"
ASKED = (Listing.LIST, FileKind.MOD)
DUE, NOT_DUE = "", "later"
MODULES = [f"turn.example/m{number:02}" for number in range(100)]


class Source:
    """A source that answers for some modules, and what an audit knows of it."""

    def __init__(self, paths, ill, known=()):
        self.looks = [Look(SOURCE, path, "", what) for path in paths for what in ASKED]
        self.ill = ill
        self.turns = QuestionOrder(self, {})
        self.asked: list[Look] = []
        self.rested_seconds = 0.0
        self._strikes = self._rests = 0
        for look in [each for each in self.looks if each.path in known]:
            self._put(replace(look, looked_at="once"))

    # QuestionQueue.

    def oldest(self, *, but=(), path=""):
        return self._first(
            look
            for look in self.looks
            if look.due_at == DUE and look.path not in but and path in ("", look.path)
        )

    def oldest_known(self, *, but):
        return self.oldest(but={*but, *self.strangers()})

    def witness(self, *, but):
        return self._first(
            look
            for look in self.looks
            if look.due_at == NOT_DUE and look.looked_at and look.path not in but
        )

    def strangers(self):
        answered = {look.path for look in self.looks if look.looked_at}
        return {look.path for look in self.looks} - answered

    def _first(self, looks):
        return min(
            looks, key=lambda look: (look.looked_at or "", look.path), default=None
        )

    # What an audit does.

    def turn(self, doubt):
        look = self.turns.next(doubt)
        return look and look.path

    def ask_all(self):
        """Ask until nothing is due, resting as a budget does."""
        while look := self.turns.next(self._doubt()):
            self.asked.append(look)
            if look.path in self.ill:
                self._fail(look)
            else:
                self._strikes = self._rests = 0
                self.turns.answered(look)
                self._put(replace(look, due_at=NOT_DUE, looked_at="now"))

    def _doubt(self):
        if self._rests or self._strikes + 1 >= POLICY.failures_in_row:
            return Doubt.GRAVE
        return Doubt.SOME if self._strikes else Doubt.NONE

    def _fail(self, look):
        self._put(replace(look, due_at=NOT_DUE, failures=1))
        self.turns.failed(look)
        self._strikes += 1
        if self._rests or self._strikes >= POLICY.failures_in_row:
            self.rested_seconds += min(OPEN_SECONDS * 2**self._rests, MAX_OPEN_SECONDS)
            self._rests += 1

    def _put(self, look):
        key = (look.path, look.what)
        at = [(each.path, each.what) for each in self.looks].index(key)
        self.looks[at] = look


@given(st.data())
def test_where_one_module_is_known_no_others_make_the_source_rest(data):
    paths = MODULES[: data.draw(st.integers(1, 12))]
    well = data.draw(st.sets(st.sampled_from(paths), min_size=1))
    known = data.draw(st.sets(st.sampled_from(sorted(well)), min_size=1))
    source = Source(paths, set(paths) - well, known)
    source.ask_all()
    assert source.rested_seconds == 0
    due = {look.path for look in source.looks if look.due_at == DUE}
    assert due <= source.ill
    # Each failing one was asked about once, the last one twice; as many witnesses.
    questions = [look for look in source.looks if look.path in well]
    assert len(source.asked) <= len(questions) + 2 * (len(source.ill) + 1)


def test_one_audit_asks_a_few_of_those_that_failed_before_and_the_next_the_others():
    well, ill = MODULES[:2], set(MODULES[2:30])
    source = Source(MODULES[:30], ill, known=well)
    source.turns = QuestionOrder(source, dict.fromkeys(ill, 1))
    source.ask_all()
    first = {look.path for look in source.asked} & ill
    assert len(first) == FAILURES_AT_MOST
    source.turns = QuestionOrder(source, {path: 1 + (path in first) for path in ill})
    source.asked = []
    source.ask_all()
    assert len({look.path for look in source.asked} & ill - first) == FAILURES_AT_MOST
    assert source.rested_seconds == 0


@pytest.mark.parametrize(
    "ill",
    [
        MODULES[:1],
        MODULES[:50],
        MODULES[50:],
        MODULES[::2],
        *(random.Random(seed).sample(MODULES, 50) for seed in range(5)),
    ],
    ids=["first", "head", "tail", "every second", *"01234"],
)
def test_at_a_first_audit_half_of_them_fail_and_the_others_wait_for_minutes(ill):
    source = Source(MODULES, set(ill))
    source.ask_all()
    assert source.rested_seconds <= 3600
    assert not any(look.due_at == DUE for look in source.looks if look.path not in ill)
    assert len(source.asked) <= len(source.looks) + len(ill)


def test_known_and_witness_go_before_strangers_and_failing_ones_only_in_doubt():
    source = Source(MODULES[:4], set(), known=MODULES[2:3])
    source.turns = QuestionOrder(source, {MODULES[0]: 1})
    for doubt, path in [
        (Doubt.NONE, MODULES[1]),
        (Doubt.SOME, MODULES[2]),
        (Doubt.GRAVE, MODULES[2]),
    ]:
        assert source.turn(doubt) == path
    source.looks = [
        replace(look, due_at=NOT_DUE) if look.path == MODULES[2] else look
        for look in source.looks
    ]
    assert source.turn(Doubt.SOME) in (MODULES[1], MODULES[3])
    assert source.turn(Doubt.GRAVE) == MODULES[2]
    source.turns = QuestionOrder(source, dict(zip(MODULES, (3, 1, 1, 2), strict=False)))
    assert source.turn(Doubt.GRAVE) == MODULES[2]  # another question, but answered
    assert source.turn(Doubt.SOME) == MODULES[1]  # it failed least
    source.turns.failed(source.looks[2])
    assert source.turn(Doubt.SOME) == MODULES[3]
