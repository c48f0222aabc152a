from __future__ import annotations

import pytest

from gosync.gomod import semver


@pytest.mark.parametrize(
    ("version", "want"),
    [
        ("v1", "v1.0.0"),
        ("v1.2", "v1.2.0"),
        ("v1.2.3-rc.1+meta", "v1.2.3-rc.1"),
        ("v2.0.0+incompatible", "v2.0.0"),
        ("1.2.3", ""),
        ("v1.2-rc", ""),
        ("v01.2.3", ""),
        ("v1.2.3\n", ""),
        ("v1.2.3-01", ""),
    ],
)
def test_canonical_fills_in_numbers_and_drops_the_build(version, want) -> None:
    assert semver.canonical(version) == want


def test_precedence_follows_the_example_of_semver_org() -> None:
    ascending = [
        "not a version",
        "v1.0.0-alpha",
        "v1.0.0-alpha.1",
        "v1.0.0-alpha.beta",
        "v1.0.0-beta",
        "v1.0.0-beta.2",
        "v1.0.0-beta.11",
        "v1.0.0-rc.1",
        "v1.0.0",
        "v9.0.0",
        "v10.0.0",
    ]
    assert semver.sort_versions(reversed(ascending)) == ascending
    assert semver.compare("v1", "v1.0.0+build") == 0


def test_numbers_of_any_length_compare() -> None:
    long = "9" * 10_000
    assert semver.compare(f"v{long}.0.0", f"v1{long}.0.0") == -1


def test_ties_of_precedence_are_broken_by_the_string() -> None:
    assert semver.sort_versions(["v1.0.0+b", "v1.0.0", "v1.0.0+a"]) == [
        "v1.0.0",
        "v1.0.0+a",
        "v1.0.0+b",
    ]


def test_the_highest_of_nothing_is_none() -> None:
    assert semver.max_version([]) is None
    assert semver.max_version(["v1.0.0", "v1.0.1-pre"]) == "v1.0.1-pre"
