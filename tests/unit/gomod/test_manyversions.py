"""Versions that are checked by the thousand are valid, each by itself."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gosync.errors import MalformedError
from gosync.gomod.manyversions import uncommon
from gosync.gomod.module import check

COMMON = (
    ("github.com/a/b", "v1.2.3"),
    ("github.com/a/b", "v0.0.0-20190101000000-abcdefabcdef"),
    ("github.com/Azure/go.x_y-z/v2", "v2.0.1-rc.1+build.5"),
    ("example.com/m/v12/sub", "v1.0.0"),
    ("example.com", "v0.1.0"),
    ("example.com/console/v2x", "v1.0.0"),
)
# Each looked at by itself; what is said of it is not in doubt.
VALID = (
    ("gopkg.in/yaml.v3", "v3.0.1"),
    ("example.com/m", "v2.0.0+incompatible"),
    ("example.com/m~x", "v1.0.0"),
    ("example.com/m", "v1"),
    ("example.com/" + "m" * 200, "v1.0.0"),
)
INVALID = (
    ("example.com/con", "v1.0.0"),
    ("example.com/NUL.txt/m", "v1.0.0"),
    ("con.example/m", "v1.0.0"),
    ("example.com/m", "v2.0.0"),
    ("example.com/m/v2", "v1.0.0"),
    ("example.com/m/v2", "v20.0.0"),
    ("example.com/m/v1", "v1.0.0"),
    ("example.com/m/v02", "v2.0.0"),
    ("example.com/m/v2.1", "v2.0.0"),
    ("gopkg.in/m", "v1.0.0"),
    ("Example.com/m", "v1.0.0"),
    ("example/m", "v1.0.0"),
    ("example.com/m.", "v1.0.0"),
    ("example.com/.m", "v1.0.0"),
    ("example.com//m", "v1.0.0"),
    ("example.com/m/", "v1.0.0"),
    ("-example.com/m", "v1.0.0"),
    ("example.com/m", "v1.0.0-01"),
    ("example.com/m", "v1.0"),
    ("a.example/m v1.0.0\nb.example/n", "v1.0.0"),
    ("a.example/m", "v1.0.0\nb.example/n v1.0.0"),
    ("example.com/m", "latest"),
    ("", ""),
)
PARTS = st.sampled_from(
    ("a.b", "A", "v2", "v1", "con", "nul.x", "m", "~1", "x~1", ".", "-", "gopkg.in", "")
)
TEXTS = st.text("aZv1.-+/~ \n", max_size=12)
PATHS = st.lists(PARTS, min_size=1, max_size=4).map("/".join) | TEXTS
VERSIONS = (
    st.sampled_from(
        (
            "v1.0.0",
            "v0.1.0-a.0",
            "v2.0.0",
            "v2.0.0+incompatible",
            "v1.0.0-0a",
            "v1.0.0-00",
        )
    )
    | TEXTS
)


def is_valid(path: str, version: str) -> bool:
    try:
        check(path, version)
    except MalformedError:
        return False
    return True


def test_common_ones_need_no_look_of_their_own() -> None:
    paths, versions = zip(*COMMON, strict=True)
    assert all(is_valid(*each) for each in COMMON)
    assert list(uncommon(paths, versions)) == []
    assert list(uncommon([], [])) == []


@pytest.mark.parametrize("odd", [*VALID, *INVALID])
def test_others_are_named_among_common_ones(odd: tuple[str, str]) -> None:
    paths, versions = zip(*COMMON, odd, *COMMON, strict=True)
    assert len(COMMON) in uncommon(paths, versions)
    if odd in VALID and odd[1] != "v1":
        assert is_valid(*odd)


@given(st.lists(st.tuples(PATHS, VERSIONS), max_size=6))
def test_what_needs_no_look_is_valid(rows: list[tuple[str, str]]) -> None:
    looked_at = set(uncommon([row[0] for row in rows], [row[1] for row in rows]))
    for number, row in enumerate(rows):
        assert number in looked_at or is_valid(*row)
