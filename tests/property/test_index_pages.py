"""A page of plain rows is read at once; that must be what reading row by row gives."""

from __future__ import annotations

from collections import Counter
from contextlib import suppress

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gosync.errors import MalformedError
from gosync.gomod import module
from gosync.gomod.info import parse_time
from gosync.upstream.indexpage import (
    IndexEvent,
    _check_rows,
    _newest_of_plain,
    read_page,
    time_key,
    valid_events,
)

_HORIZON = time_key("2026-06-01T00:00:00Z")
PATHS = st.sampled_from(["a.example/m", "a.example/m/v2", "gopkg.in/m.v1", "bad path"])
VERSIONS = st.sampled_from(
    (
        *("v0.1.0", "v1.2.3", "v2.0.0", "v2.0.0+incompatible", "v1", "v1.0.0\nv1.0.1"),
        *("v0.0.0-20190101000000-abcdefabcdef", "latest", "", "v1.0.0" + "0" * 300),
    )
)
TIMES = st.one_of(
    st.builds(
        "2026-{:02}-{:02}T00:00:0{}{}Z".format,
        st.integers(1, 7),
        st.integers(1, 31),
        st.integers(0, 9),
        st.sampled_from(["", ".5", ".50", ".51", ".123456789", ".000001"]),
    ),
    st.sampled_from(
        (
            *("2026-01-01T00:00:00+01:00", "yesterday", "", "2026-01-01T00:00:00Z\n"),
            *("2024-02-29T00:00:00Z", "1900-02-29T00:00:00Z", "0000-01-01T00:00:00Z"),
            "2026-01-01T00:00:00Z\n2026-01-02T00:00:00Z",
        )
    ),
)
ROWS = st.lists(st.builds(IndexEvent, PATHS, VERSIONS, TIMES), max_size=6)
SINCE = st.sampled_from(["", "2026-03-01T00:00:00.5Z"])


@given(ROWS, SINCE)
def test_plain_rows_are_read_as_row_by_row(rows: list[IndexEvent], since: str) -> None:
    skipped: Counter[str] = Counter()
    newest, with_time = _check_rows(rows, since, skipped, horizon_key=_HORIZON)
    plain = _newest_of_plain(rows, since, _HORIZON)
    if plain is not None:
        assert not skipped
        assert with_time == rows
        assert plain == newest or time_key(plain) == time_key(newest)


@given(ROWS)
def test_valid_events_are_those_that_are_valid_by_themselves(
    rows: list[IndexEvent],
) -> None:
    skipped: Counter[str] = Counter()
    events = valid_events(rows, skipped)
    assert events == [row for row in rows if is_valid(row)]
    assert skipped.total() == len(rows) - len(events)


def is_valid(row: IndexEvent) -> bool:
    try:
        module.check(row.path, row.version)
    except MalformedError:
        return False
    return True


def test_what_an_index_serves_is_plain() -> None:
    rows = [
        IndexEvent("a.example/m", "v1.2.3", "2026-01-01T00:00:00Z"),
        IndexEvent("a.example/m/v2", "v2.0.0", "2026-01-01T00:00:00.51Z"),
        IndexEvent("a.example/m", "v0.1.0", "2026-01-01T00:00:00.5Z"),
    ]
    assert _newest_of_plain(rows, "", _HORIZON) == "2026-01-01T00:00:00.51Z"
    assert valid_events(rows, Counter()) == rows
    assert _newest_of_plain([], "2026-01-01T00:00:00Z", None) == "2026-01-01T00:00:00Z"
    for odd in ("a.example/m\nb", "a.example/" + "m" * 3000):
        row = IndexEvent(odd, "v1.2.3", "2026-01-01T00:00:00Z")
        assert _newest_of_plain([*rows, row], "", _HORIZON) is None


@given(st.lists(ROWS, min_size=2, max_size=2), SINCE)
def test_what_a_page_repeats_is_dropped(
    pages: list[list[IndexEvent]], since: str
) -> None:
    bodies = [b"\n".join(map(msgspec.json.encode, rows)) for rows in pages]
    first, before = read_page(bodies[0], since, (), wanted=None, limit=6)
    second, known = read_page(bodies[1], first.last, before, wanted=None, limit=6)
    assert list(second.rows) == [each for each in known if each not in before]
    assert second.events == tuple(filter(is_valid, second.rows))


@given(TIMES)
def test_a_time_that_sorts_is_one_of_the_calendar(text: str) -> None:
    with suppress(MalformedError):
        time_key(text)
        parse_time(text)
        return
    with pytest.raises(MalformedError):
        parse_time(text)
