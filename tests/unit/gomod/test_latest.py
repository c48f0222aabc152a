"""What `latest` means among listed versions; tests/go asks the real go as well."""

from __future__ import annotations

import pytest

from gosync.errors import MalformedError
from gosync.gomod.latest import GoModFacts, latest_of, read_facts
from gosync.gomod.modfile import Retraction

PSEUDO = "v0.0.0-20240601000000-dddddddddddd"
OWN, MADE_UP = GoModFacts(is_own=True), GoModFacts(is_own=False)


def retracting(low: str, high: str) -> GoModFacts:
    return GoModFacts(is_own=True, retracted=(Retraction(low, high, ""),))


@pytest.mark.parametrize(
    ("versions", "want"),
    [
        ({"v1.0.0": OWN, "v1.1.0-rc.1": OWN}, "v1.0.0"),
        ({"v0.1.0-rc.2": OWN, "v0.1.0-rc.10": OWN}, "v0.1.0-rc.10"),
        ({"v1.0.0": OWN, "v1.1.0": retracting("v1.1.0", "v1.1.0")}, "v1.0.0"),
        ({"v1.0.0": retracting("v1.1.0", "v1.1.0"), "v1.1.0": OWN}, "v1.1.0"),
        # Retractions are read from the highest release, not from pre-releases.
        ({"v1.0.0": OWN, "v1.1.0-rc.1": retracting("v1.0.0", "v1.0.0")}, "v1.0.0"),
        ({"v1.0.0": MADE_UP, "v2.0.0+incompatible": MADE_UP}, "v2.0.0+incompatible"),
        ({"v1.0.0": OWN, "v2.0.0+incompatible": MADE_UP}, "v1.0.0"),
        ({"v2.0.0+incompatible": MADE_UP}, "v2.0.0+incompatible"),
        # The highest compatible version judges, be it a pre-release.
        (
            {"v1.0.0": MADE_UP, "v1.1.0-rc.1": OWN, "v2.0.0+incompatible": MADE_UP},
            "v1.0.0",
        ),
        (
            {"v1.0.0": OWN, "v1.1.0-rc.1": MADE_UP, "v2.0.0+incompatible": MADE_UP},
            "v2.0.0+incompatible",
        ),
        # What is retracted judges no more.
        (
            {
                "v1.0.0": MADE_UP,
                "v1.1.0": retracting("v1.1.0", "v1.1.0"),
                "v2.0.0+incompatible": MADE_UP,
            },
            "v2.0.0+incompatible",
        ),
    ],
)
def test_latest_is_gos(versions: dict[str, GoModFacts], want: str):
    found = latest_of(list(versions), versions.__getitem__)
    assert found.version == want
    assert found.or_unlisted(PSEUDO) == want


def test_at_most_three_go_mods_are_read_and_none_twice():
    versions = {
        "v1.0.0": MADE_UP,
        "v1.1.0": retracting("v1.2.0", "v1.2.0"),
        "v1.2.0-rc.1": MADE_UP,
        "v2.0.0+incompatible": retracting("v1.2.0-rc.1", "v1.2.0"),
    }
    asked: list[str] = []

    def read(version: str) -> GoModFacts:
        asked.append(version)
        return versions[version]

    assert latest_of(list(versions), read).version == "v1.1.0"
    assert asked == ["v1.2.0-rc.1", "v2.0.0+incompatible", "v1.1.0"]


def test_where_all_is_retracted_an_unlisted_version_is_meant():
    facts = retracting("v0.1.0", "v1.0.0")
    found = latest_of(["v0.9.0", "v1.0.0"], lambda _: facts)
    assert found.version is None
    assert found.or_unlisted("v1.0.1-0.20240601000000-dddddddddddd") == (
        "v1.0.1-0.20240601000000-dddddddddddd"
    )
    # Nothing better: the version that says so.
    assert found.or_unlisted("v0.9.1-0.20240601000000-dddddddddddd") == "v1.0.0"
    assert found.or_unlisted(None) == "v1.0.0"


def test_of_no_versions_the_unlisted_one_is_meant():
    found = latest_of([], lambda _: OWN)
    assert (found.or_unlisted(PSEUDO), found.or_unlisted(None)) == (PSEUDO, None)


def test_facts_are_read_from_a_go_mod():
    assert read_facts("a.b/c", b"module a.b/c\n") == MADE_UP
    data = b"module a.b/c\n\nretract v1.1.0\n"
    assert read_facts("a.b/c", data) == retracting("v1.1.0", "v1.1.0")


@pytest.mark.parametrize("data", [b"", b"<!doctype html>\n", b"module (\n"])
def test_what_is_no_go_mod_says_nothing(data: bytes):
    with pytest.raises(MalformedError):
        read_facts("a.b/c", data)
