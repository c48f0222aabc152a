"""Sizes as people write them."""

from __future__ import annotations

import pytest

from gosync.config.sizes import format_size, parse_size
from gosync.errors import MalformedError


@pytest.mark.parametrize(
    ("text", "want"),
    [
        ("0", 0),
        ("500", 500),
        ("1KB", 1000),
        ("1KiB", 1024),
        ("10 GiB", 10 * 2**30),
        ("4.3GiB", int(4.3 * 2**30)),
        (" 2tb ", 2 * 10**12),
    ],
)
def test_a_size_is_a_number_and_a_unit(text: str, want: int):
    assert want == parse_size(text)


@pytest.mark.parametrize(
    "text", ["", "GiB", "-1", "1e9", "1 parsec", "٣GiB", "1.5.2MB"]
)
def test_anything_else_is_malformed(text: str):
    with pytest.raises(MalformedError):
        parse_size(text)


@pytest.mark.parametrize(
    ("size", "want"),
    [(0, "0 B"), (1023, "1023 B"), (1536, "1.5 KiB"), (5 * 2**40, "5.0 TiB")],
)
def test_sizes_are_shown_with_a_binary_unit(size: int, want: str):
    assert want == format_size(size)
