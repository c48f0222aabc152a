"""Times as people write them."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gosync.config.durations import parse_duration
from gosync.errors import MalformedError


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90s", 90), ("15m", 900), ("6h", 21_600), ("7d", 604_800), ("1.5w", 907_200)],
)
def test_a_duration_has_a_number_and_a_unit(text: str, seconds: float):
    assert parse_duration(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize("text", ["", "15", "m", "-1m", "1 m", "1y", "1m1s", "999999w"])
def test_what_is_no_duration_is_refused(text: str):
    with pytest.raises(MalformedError):
        parse_duration(text)


@given(st.text(max_size=40))
def test_any_text_is_a_duration_or_malformed(text: str):
    with suppress(MalformedError):
        assert parse_duration(text) >= timedelta()
