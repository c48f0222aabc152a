"""Lines that several commands print."""

from __future__ import annotations

from msgspec.structs import replace

from gosync.cli.passlines import freshness_line
from gosync.sync.freshness import Freshness

NOTHING = Freshness(None, None, None, None, 0)
LISTS = replace(NOTHING, oldest_list_at="2026-01-01", oldest_list_seconds=7_300.0)


def test_how_fresh_a_mirror_is_is_said_in_data_time():
    assert freshness_line(NOTHING) == "no list was had yet"
    assert freshness_line(replace(LISTS, lists_never_had=3)) == (
        "lists at most 2 h old, 3 never had"
    )
    index = replace(LISTS, index_cursor="2026-01-01", index_behind_seconds=40.0)
    assert freshness_line(index) == (
        "lists at most 2 h old, index read up to 2026-01-01, at most 40 s behind"
    )
