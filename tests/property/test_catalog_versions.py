"""The table of versions against a model, through any order of events."""

from __future__ import annotations

import shutil
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from msgspec.structs import replace

from gosync.catalog.cursors import sort_key
from gosync.catalog.db import Catalog
from gosync.catalog.failures import back_off_seconds
from gosync.catalog.versions import FoundBy, Need, Proof, State, VersionRow, Want
from gosync.errors import UnavailableError
from gosync.gomod.module import ModuleVersion
from tests.tiers import examples
from tests.versionsums import check_sums

_KEYS = st.builds(
    ModuleVersion, st.sampled_from(["a", "b"]), st.sampled_from(["v1.0.0", "v1.1.0"])
)
_START = datetime(2026, 11, 22, tzinfo=UTC)


def _row(key, need):
    path, version = key.path, key.version
    row = VersionRow(
        path,
        version,
        need=need,
        found_by=FoundBy.LIST,
        mod_digest="a" * 64,
        mod_bytes=1,
        mod_h1="h1:m",
        proof=Proof.PINNED,
    )
    if need is Need.MOD:
        return row
    return replace(
        row,
        info_digest="b" * 64,
        info_bytes=1,
        zip_digest="c" * 64,
        zip_bytes=1,
        zip_h1="h1:z",
    )


class VersionMachine(RuleBasedStateMachine):
    """The model keeps state, need, what is carried, and the next try."""

    def __init__(self):
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.catalog = Catalog.open(self.folder / "c.sqlite", create=True)
        self.now = _START
        self.state: dict[ModuleVersion, State] = {}
        self.need: dict[ModuleVersion, Need] = {}
        self.carried: dict[ModuleVersion, Need | None] = {}
        self.failed: dict[ModuleVersion, tuple[int, datetime]] = {}

    @rule(key=_KEYS, need=st.sampled_from(Need))
    def want(self, key, need):
        changed = self.catalog.versions.want([Want(key.path, key.version, need)])
        if key not in self.state:
            self.state[key], self.need[key] = State.WANTED, need
            self.carried[key] = None
            assert changed == 1
        elif need is Need.ZIP and self.need[key] is Need.MOD:
            self.state[key], self.need[key] = State.WANTED, need
            assert changed == 1
        else:
            assert changed == 0

    @precondition(lambda self: self.state)
    @rule(data=st.data(), need=st.sampled_from(Need))
    def admit(self, data, need):
        key = data.draw(st.sampled_from(sorted(self.state)))
        with self.catalog.transaction():
            self.catalog.versions.admit([_row(key, need)])
            self.catalog.failures.clear([key])
        self.failed.pop(key, None)
        self.carried[key] = need
        if need is Need.ZIP:
            self.need[key] = Need.ZIP
        whole = need is Need.ZIP or self.need[key] is Need.MOD
        self.state[key] = State.PRESENT if whole else State.WANTED

    @precondition(lambda self: self.state)
    @rule(
        data=st.data(),
        state=st.sampled_from([State.FAILED, State.REJECTED, State.GONE]),
    )
    def fail(self, data, state):
        key = data.draw(st.sampled_from(sorted(self.state)))
        self.catalog.versions.mark(key, state)
        error = UnavailableError("no")
        self.catalog.failures.record(key, kind="zip", error=error, now=self.now)
        self.state[key] = state
        attempts = self.failed.get(key, (0, self.now))[0] + 1
        delay = timedelta(seconds=back_off_seconds(attempts))
        self.failed[key] = (attempts, self.now + delay)

    @precondition(lambda self: self.state)
    @rule(data=st.data())
    def withdraw(self, data):
        key = data.draw(st.sampled_from(sorted(self.state)))
        self.catalog.versions.withdraw([key])
        self.state[key], self.carried[key] = State.WANTED, None

    @rule(seconds=st.integers(0, 300))
    def wait(self, seconds):
        self.now += timedelta(seconds=seconds)

    @rule()
    def reopen(self):
        self.catalog.close()
        self.catalog = Catalog.open(self.folder / "c.sqlite", create=False)

    @invariant()
    def it_is_as_the_model_says(self):
        versions = self.catalog.versions
        rows = {row.mv: row for row in versions.all_rows()}
        assert {key: row.state for key, row in rows.items()} == self.state
        assert {key: row.need for key, row in rows.items()} == self.need
        assert {key: row.carried for key, row in rows.items()} == self.carried
        due = [row.mv for row in versions.all_wanted(self.now)]
        assert due == sorted(key for key in self.state if self._is_due(key))
        changes = [row.changed for row in rows.values()]
        assert max(changes, default=0) <= versions.last_change()
        check_sums(self.catalog)

    def _is_due(self, key):
        if self.state[key] is State.PRESENT:
            return False
        if self.state[key] is State.WANTED or key not in self.failed:
            return True
        return self.failed[key][1] <= self.now

    def teardown(self):
        self.catalog.close()
        shutil.rmtree(self.folder)


TestVersions = VersionMachine.TestCase
TestVersions.settings = settings(max_examples=examples(25), stateful_step_count=20)


@given(one=st.integers(0, 10**12), other=st.integers(0, 10**12), width=st.data())
def test_cursor_time_stamps_sort_as_times_at_any_precision(one, other, width):
    def stamp(nanoseconds):
        moment = _START + timedelta(seconds=nanoseconds // 10**9)
        digits = f"{nanoseconds % 10**9:09d}".rstrip("0")
        digits += "0" * width.draw(st.integers(0, 9 - len(digits)))
        return f"{moment:%Y-%m-%dT%H:%M:%S}{'.' if digits else ''}{digits}Z"

    assert (sort_key(stamp(one)) < sort_key(stamp(other))) == (one < other)
