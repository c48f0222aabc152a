"""The order of Go's own versions, and of the versions of any module."""

from __future__ import annotations

from itertools import pairwise

import pytest

from gosync.gomod import gover
from gosync.gomod.module import ModuleVersion

ASCENDING_TEXT = """
nonsense 1 1.2rc1 1.2 1.2.1 1.19 1.20beta1 1.20 1.20.1 1.20.10
1.21 1.21alpha1 1.21rc 1.21rc1 1.21rc2 1.21rc10 1.21.0 1.21.9 1.21.10 1.22 1.100 2
"""
ASCENDING = ASCENDING_TEXT.split()


def test_versions_ascend() -> None:
    for lower, higher in pairwise(ASCENDING):
        assert gover.compare(lower, higher) == -1, (lower, higher)
        assert gover.compare(higher, lower) == 1
        assert gover.compare(lower, lower) == 0


@pytest.mark.parametrize(
    ("a", "b"), [("1", "1.0.0"), ("1.20", "1.20.0"), ("", "x"), ("1.9", "1.9.0")]
)
def test_some_spellings_are_equal(a, b) -> None:
    assert gover.compare(a, b) == 0


@pytest.mark.parametrize(
    "text",
    ["", "go1.21", "1.", "1.021", "01.2", "1.2.3.4", "1.2.3rc1", "1.2RC1", "1.٣"],
)
def test_what_is_no_version_is_not_valid(text) -> None:
    assert not gover.is_valid(text)
    assert gover.compare(text, "1") == -1


@pytest.mark.parametrize(
    ("name", "version"),
    [
        ("go1.21.3", "1.21.3"),
        ("go1.21.3-corp", "1.21.3"),
        ("go1.21rc2 x/y", ""),
        ("go1.21rc2\tx", "1.21rc2"),
        ("default", ""),
        ("1.21", ""),
        ("gox", ""),
    ],
)
def test_a_toolchain_has_a_version_of_go(name, version) -> None:
    assert gover.from_toolchain(name) == version


def test_modules_sort_by_path_and_then_each_in_its_own_way() -> None:
    ascending = [
        ModuleVersion("a", "v1.9.0"),
        ModuleVersion("a", "v1.10.0"),
        ModuleVersion("go", "1.9"),
        ModuleVersion("go", "1.21"),
        ModuleVersion("go", "1.21rc1"),
        ModuleVersion("toolchain", "default"),
        ModuleVersion("toolchain", "go1.21.9-x"),
        ModuleVersion("toolchain", "go1.21.10"),
    ]
    assert gover.sort_modules(reversed(ascending)) == ascending
