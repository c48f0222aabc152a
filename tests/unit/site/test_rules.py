"""Version rules: their grammar, and which versions lie in a range."""

from __future__ import annotations

import pytest

from gosync.errors import MalformedError
from gosync.site.rules import (
    ANY_VERSION,
    Exclusion,
    Pick,
    Range,
    VersionRule,
    parse_exclusion,
    parse_since,
    parse_versions,
)
from tests.ruletext import format_versions


@pytest.mark.parametrize(
    ("text", "want"),
    [
        ("all", VersionRule()),
        ("latest", VersionRule(pick=Pick.LATEST)),
        ("latest:3", VersionRule(pick=Pick.LATEST, count=3)),
        ("per-minor", VersionRule(pick=Pick.PER_MINOR)),
        ("per-minor:2", VersionRule(pick=Pick.PER_MINOR, count=2)),
        (">=v1.2.0", VersionRule(bounds=Range("v1.2.0"))),
        (">=v1.2", VersionRule(bounds=Range("v1.2.0"))),
        ("<v2", VersionRule(bounds=Range("", "v2.0.0-0"))),
        (">v1.2.0", VersionRule(bounds=Range("v1.2.1-0"))),
        (">v1.2.0-rc.1", VersionRule(bounds=Range("v1.2.0-rc.1.0"))),
        ("<=v1.2.9", VersionRule(bounds=Range("", "v1.2.10-0"))),
        ("<v1.2.0-rc.1", VersionRule(bounds=Range("", "v1.2.0-rc.1"))),
        ("=v1.2.0", VersionRule(bounds=Range("v1.2.0", "v1.2.1-0"))),
        (">=v2.0.0+incompatible", VersionRule(bounds=Range("v2.0.0"))),
        (
            "  latest:2  <v2.0.0 >=v1.2.0 >v1.1.0",
            VersionRule(pick=Pick.LATEST, count=2, bounds=Range("v1.2.0", "v2.0.0-0")),
        ),
    ],
)
def test_a_rule_says_what_it_says(text: str, want: VersionRule):
    rule = parse_versions(text)

    assert rule == want
    assert parse_versions(format_versions(rule)) == want


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "empty"),
        ("newest", "neither"),
        ("v1.2.0", "neither"),
        ("latest:0", "neither"),
        ("latest:-1", "neither"),
        ("latest:1000000", "neither"),
        ("all:3", "neither"),
        ("latest all", "more than one"),
        ("latest latest", "more than one"),
        (">= v1.2.0", "without space"),
        (">=1.2.0", "version like"),
        (">=v1.2.x", "version like"),
        (">=v1.2.0+meta", "version like"),
        ("==v1.2.0", "version like"),
        (">v1.2", "all of v1.2"),
        ("<=v1", "all of v1"),
        ("=v1.2", "all of v1.2"),
        (">=v2.0.0 <v1.0.0", "no version can"),
        (">=v2.0.0 <v2.0.0", "no version can"),
        (">v1.2.0 <v1.2.1", "no version can"),
        (">=v2.0.0-0 <v2.0.0", "no version can"),
        (">v1.0.0-rc <v1.0.0-rc.0", "no version can"),
        ("=v1.0.0 =v1.0.1", "no version can"),
        ("<v0.0.0", "no version can"),
        (">=v1.0.0 " * 120, "longer than 1000"),
    ],
)
def test_what_is_no_rule_is_refused_with_the_reason(text: str, reason: str):
    with pytest.raises(MalformedError) as caught:
        parse_versions(text)
    assert reason in caught.value.reason


@pytest.mark.parametrize(
    ("text", "inside", "outside"),
    [
        (">=v1.2.0", "v1.2.0 v1.2.1-rc.1 v3.0.0+incompatible", "v1.1.9 v1.2.0-rc.1"),
        ("<v2.0.0", "v1.9.9 v1.10.0-rc.1", "v2.0.0 v2.0.0-rc.1 v2.0.0-0.20240229-x"),
        ("<=v2.0.0", "v2.0.0-rc.1 v2.0.0 v2.0.0+incompatible", "v2.0.1-0 v2.0.1"),
        (">v1.2.0", "v1.2.1-rc.1 v1.2.1", "v1.2.0 v1.2.0-rc.1"),
        ("<v1.2.0-rc.2", "v1.2.0-rc.1 v1.1.0", "v1.2.0-rc.2 v1.2.0"),
        ("=v1.2.0", "v1.2.0 v1.2.0+incompatible", "v1.2.0-rc.1 v1.2.1"),
        (">=v1.99999999999999999999", "v1.99999999999999999999.1", "v1.9.0"),
    ],
)
def test_a_range_is_in_the_order_of_versions(text: str, inside: str, outside: str):
    bounds = parse_versions(text).bounds

    assert [v for v in inside.split() if not bounds.holds(v)] == []
    assert [v for v in outside.split() if bounds.holds(v)] == []


@pytest.mark.parametrize(
    ("text", "want"),
    [
        ("a.b/c", Exclusion("a.b/c")),
        ("a.b/*", Exclusion("a.b/*")),
        ("a.b/c@v1.2.3", Exclusion("a.b/c", Range("v1.2.3", "v1.2.4-0"))),
        (
            "a.b/c@v2.0.0+incompatible",
            Exclusion("a.b/c", Range("v2.0.0", "v2.0.1-0")),
        ),
        (
            " a.b/*@>=v1.2.0 <v1.2.5 ",
            Exclusion("a.b/*", Range("v1.2.0", "v1.2.5-0")),
        ),
    ],
)
def test_an_exclusion_says_what_it_says(text: str, want: Exclusion):
    assert want == parse_exclusion(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a.b/c@",
        "a.b/c@v1",
        "a.b/c@latest",
        "a.b/c@v2.0.0",
        "a.b/c@v1.0.0 v1.0.1",
        "a.b/c@>=v2.0.0 <v1.0.0",
        "a.b/c@<v2 latest",
        "a.b/*,c.d/*",
        "a.b/[",
        "Not A Path",
    ],
)
def test_what_is_no_exclusion_is_malformed(text: str):
    with pytest.raises(MalformedError):
        parse_exclusion(text)


def test_a_path_excludes_one_module_and_a_pattern_those_below():
    assert parse_exclusion("a.b/c").concerns("a.b/c")
    assert not parse_exclusion("a.b/c").concerns("a.b/c/d")
    assert parse_exclusion("a.b/*").concerns("a.b/c/d")
    assert not parse_exclusion("a.b/*").concerns("a.b")


def test_a_module_is_excluded_only_by_an_entry_about_all_its_versions():
    exclude = (parse_exclusion("a.b/c@<v2"), parse_exclusion("a.b/d"))
    rule = VersionRule(exclude=exclude)

    assert rule.exclusions_of("a.b/c") == (Range("", "v2.0.0-0"),)
    assert not rule.excludes_module("a.b/c")
    assert rule.exclusions_of("a.b/d") == (ANY_VERSION,)
    assert rule.excludes_module("a.b/d")
    assert rule.exclusions_of("a.b/e") == ()


@pytest.mark.parametrize(
    ("text", "want"),
    [
        ("2026-01-31", "2026-01-31T00:00:00Z"),
        ("2026-01-10T10:20:30Z", "2026-01-10T10:20:30Z"),
        ("2026-01-31t01:00:00.500z", "2026-01-31T01:00:00.5Z"),
        ("2026-01-01T01:00:00+02:00", "2025-12-31T23:00:00Z"),
        ("0987-01-01", "0987-01-01T00:00:00Z"),
    ],
)
def test_since_is_a_date_or_a_time(text: str, want: str):
    assert want == parse_since(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "yesterday",
        "2026-13-01",
        "2026-02-30",
        "2026-01-31T12:00:00",
        "2026-01-31T25:00:00Z",
        "2026-01-31T12:00:00+99:00",
        "0001-01-01T00:00:00+23:00",
        "20260131",
    ],
)
def test_anything_else_is_no_time(text: str):
    with pytest.raises(MalformedError):
        parse_since(text)
