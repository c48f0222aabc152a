"""Passes that read one index at once, while its cursors are put back now and then.

The index has an event a second. Whatever the order in which passes read pages and move
cursors, no cursor stands behind an event whose outcome is not committed (I5).
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from gosync.catalog.cursors import lowest_of
from gosync.catalog.db import Catalog
from tests.tiers import examples

_INDEX = "https://index"
_PATTERNS = ("a", "b")
_LENGTH = 40
_PASSES = st.integers(0, 1)


def _at(second: int) -> str:
    return f"2026-01-01T00:00:{second:02}Z"


def _second(cursor: str | None) -> int:
    return 0 if cursor is None else int(cursor[17:19])


class CursorMachine(RuleBasedStateMachine):
    """The model is what is committed of each pattern, beside the real cursors."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        file = self.folder / "catalog.sqlite"
        self.catalogs = [Catalog.open(file, create=not number) for number in range(2)]
        self.committed: dict[str, set[int]] = {pattern: set() for pattern in _PATTERNS}
        self.stand: list[Mapping[str, str | None]] = [{}, {}]
        self.read_to = [0, 0]

    @rule(number=_PASSES, patterns=st.sets(st.sampled_from(_PATTERNS), min_size=1))
    def begin(self, number: int, patterns: set[str]) -> None:
        cursors = self.catalogs[number].cursors
        self.stand[number] = cursors.read(_INDEX, sorted(patterns))
        self.read_to[number] = _second(lowest_of(self.stand[number]))

    @rule(number=_PASSES, rows=st.integers(1, 10))
    def take_page(self, number: int, rows: int) -> None:
        stand, start = self.stand[number], self.read_to[number]
        end = min(_LENGTH, start + rows)
        if not stand or end == start:
            return
        for pattern in stand:
            self.committed[pattern].update(range(start, end))
        before = {p: self.catalogs[0].cursors.get(_INDEX, p) for p in stand}
        move = self.catalogs[number].cursors.move(_INDEX, stand, _at(end))
        for pattern in move.lost:
            assert before[pattern] != stand[pattern], "nobody else has moved it"
        for pattern, since in before.items():
            now = self.catalogs[0].cursors.get(_INDEX, pattern)
            if since == stand[pattern]:
                assert _second(now) == max(_second(since), end)
            else:
                assert now == since, "it stays as the other pass left it"
        self.stand[number], self.read_to[number] = move.now, end
        if move.lost:
            self.stand[number] = {}  # such a pass reads no further

    @rule(pattern=st.sampled_from(_PATTERNS), second=st.integers(0, _LENGTH))
    def put_back(self, pattern: str, second: int) -> None:
        """An older state of the catalog comes back, under the passes."""
        cursors = self.catalogs[0].cursors
        second = min(second, _second(cursors.get(_INDEX, pattern)))
        self.committed[pattern] -= set(range(second, _LENGTH))
        connection = cursors._connection
        connection.write("DELETE FROM cursors WHERE pattern = ?", (pattern,))
        if second:
            cursors.move(_INDEX, {pattern: None}, _at(second))

    @invariant()
    def a_cursor_has_passed_what_is_committed(self) -> None:
        for pattern in _PATTERNS:
            cursor = self.catalogs[0].cursors.get(_INDEX, pattern)
            assert set(range(_second(cursor))) <= self.committed[pattern]

    def teardown(self) -> None:
        for catalog in self.catalogs:
            catalog.close()
        shutil.rmtree(self.folder)


TestCursors = CursorMachine.TestCase
TestCursors.settings = settings(max_examples=examples(15), stateful_step_count=25)
