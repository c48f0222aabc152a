"""Selectors and the policy they make."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gosync.catalog.versions import Need
from gosync.errors import MalformedError
from gosync.gomod.deps import Deps
from gosync.site.policy import (
    Policy,
    Rule,
    Select,
    Selector,
    check_select,
    parse_selector,
    parse_selectors,
)
from gosync.site.rules import Pick, VersionRule, parse_exclusion, parse_versions

ALL = VersionRule()
LATEST = VersionRule(pick=Pick.LATEST)


def select(*texts: str, versions=ALL, deps=Deps.NONE) -> Select:
    return Select(tuple(map(parse_selector, texts)), versions, deps)


def policy(*texts: str, versions=ALL, private=()) -> Policy:
    return Policy([select(*texts, versions=versions)], private)


@pytest.mark.parametrize(
    ("text", "want"),
    [
        ("rsc.io/quote", Selector("rsc.io/quote")),
        ("rsc.io/quote@latest", Selector("rsc.io/quote", "latest")),
        ("rsc.io/quote@v1.5.2", Selector("rsc.io/quote", "v1.5.2")),
        ("rsc.io/quote@v1.5.2/go.mod", Selector("rsc.io/quote", "v1.5.2", Need.MOD)),
        (
            "a.b/c@v2.0.0+incompatible",
            Selector("a.b/c", "v2.0.0+incompatible"),
        ),
        ("rsc.io/*", Selector("rsc.io/*", is_pattern=True)),
        ("*.corp.com@latest", Selector("*.corp.com", "latest", is_pattern=True)),
    ],
)
def test_a_selector_says_what_it_says(text: str, want: Selector):
    assert want == parse_selector(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "no dots/here",
        "a.b/c@",
        "a.b/c@v1",
        "a.b/c@master",
        "a.b/c@v2.0.0",
        "a.b/c@v1.0.0+meta",
        "a.b/c@v1.0.0/go.sum",
        "a.b/c@latest/go.mod",
        "rsc.io/*@v1.0.0",
        "a.b/*,c.d/*",
        "a.b/[",
        "../../etc/passwd",
        "golang.org/fips140",
    ],
)
def test_what_is_no_selector_is_malformed(text: str):
    with pytest.raises(MalformedError):
        parse_selector(text)


@given(st.text())
def test_any_text_is_a_selector_or_malformed(text: str):
    try:
        selector = parse_selector(text)
    except MalformedError:
        return
    assert selector.path


def test_lines_may_have_comments():
    lines = ["# head", "", "a.b/c # why", "  a.b/d@latest  "]

    assert [s.path for s in parse_selectors(lines)] == ["a.b/c", "a.b/d"]


def test_several_selects_of_one_module_add_up():
    rules = Policy(
        [
            select("a.b/c@v1.0.0/go.mod", deps=Deps.ALL),
            select("a.b/c@latest", versions=parse_versions("per-minor:2 <v3")),
            select("a.b/c@v1.0.0", "a.b/*", deps=Deps.BUILD),
        ]
    ).rules_for("a.b/c")

    assert rules == (
        Rule(1, None, "v1.0.0", Need.MOD, Deps.NONE),
        Rule(2, parse_versions("latest <v3")),
        Rule(3, None, "v1.0.0", Need.ZIP, Deps.BUILD),
        Rule(3, ALL, deps=Deps.BUILD, by_pattern=True),
    )


def test_what_is_named_twice_by_one_select_is_one_rule():
    assert policy("a.b/c", "a.b/c", "a.b/c@latest").rules_for("a.b/c") == (
        Rule(1, ALL),
        Rule(1, LATEST),
    )


def test_a_pattern_covers_the_modules_below():
    rules = policy("rsc.io/*")

    assert rules.rules_for("rsc.io/quote") == (Rule(1, ALL, by_pattern=True),)
    assert rules.rules_for("rsc.io/quote/v3")
    assert rules.rules_for("rsc.ioo/quote") == ()


def test_a_private_module_is_wanted_only_by_its_own_path():
    rules = policy("*/*", "corp.example/tool", private=["corp.example/*"])

    assert rules.rules_for("corp.example/secret") == ()
    assert rules.rules_for("corp.example/tool") == (Rule(1, ALL),)
    assert not rules.selected_public("corp.example/tool")
    assert rules.selected_public("other.example/tool") == {"other.example/tool"}


def test_only_a_module_with_a_rule_for_its_list_is_followed():
    rules = policy("a.b/c@v1.0.0", "a.b/d@v1.0.0", "a.b/d@latest", "x.y/*")

    followed = [
        path
        for path in ("a.b/c", "a.b/d", "x.y/z", "other.example/m")
        if rules.follows(path)
    ]
    assert followed == ["a.b/d", "x.y/z"]


def test_an_excluded_module_is_not_followed():
    exclude = (parse_exclusion("a.b/c"), parse_exclusion("a.b/d@v1.0.0"))
    rules = policy("a.b/*", versions=VersionRule(exclude=exclude))

    assert rules.rules_for("a.b/c") == ()
    assert not rules.follows("a.b/c")
    assert rules.follows("a.b/d")


def test_no_pattern_brings_what_comes_with_go():
    rules = policy("golang.org/*")

    assert rules.selected_public("golang.org/x/text") == {"golang.org/x/text"}
    for path in ("golang.org/toolchain", "golang.org/fips140"):
        assert not rules.selected_public(path)
        assert rules.rules_for(path) == ()
    assert policy("golang.org/toolchain").follows("golang.org/toolchain")


@pytest.mark.parametrize(
    ("glob", "want"),
    [
        ("*", True),
        ("*/", True),
        ("*/*", True),
        ("*.*", True),
        ("?*/*/*", True),
        ("[a-z]*", True),
        ("github.com/*", False),
        ("*.com", False),
        ("*/x", False),
        ("k*", False),
        ("*/*/v2", False),
    ],
)
def test_a_pattern_that_does_not_look_at_names_selects_everything(
    glob: str, want: bool
):
    found = policy(glob, "rsc.io/?*").matches_everything

    assert found == ((glob,) if want else ())


@pytest.mark.parametrize(
    ("named", "excluded"),
    [
        ("a.b/c", "a.b/c"),
        ("a.b/c@latest", "a.b/*"),
        ("a.b/c@v1.2.0", "a.b/c"),
        ("a.b/c@v1.2.0", "a.b/c@v1.2.0"),
        ("a.b/c@v1.2.0/go.mod", "*.b@>=v1.1.0 <v2"),
    ],
)
def test_a_select_does_not_exclude_what_it_names(named: str, excluded: str):
    rule = VersionRule(exclude=(parse_exclusion(excluded),))

    with pytest.raises(MalformedError, match="same select"):
        check_select(select(named, versions=rule))


def test_a_select_may_exclude_versions_of_what_it_names():
    rule = VersionRule(exclude=(parse_exclusion("a.b/*@v1.2.0"),))

    check_select(select("a.b/c", "a.b/c@v1.3.0", "a.b/*", versions=rule))
    check_select(select("a.b/c"))


def test_the_fingerprint_tells_policies_apart():
    made = [
        policy("a.b/c"),
        policy("a.b/d"),
        policy("a.b/c@v1.0.0"),
        policy("a.b/c@v1.0.0/go.mod"),
        policy("a.b/c", private=["a.b"]),
        policy("a.b/c", versions=parse_versions("latest")),
        policy("a.b/c", versions=parse_versions("<v2")),
        policy("a.b/c", versions=VersionRule(min_age_days=7)),
        policy("a.b/c", versions=VersionRule(max_zip_bytes=7)),
        policy("a.b/c", versions=VersionRule(exclude=(parse_exclusion("x.y/z"),))),
        Policy([select("a.b/c", deps=Deps.BUILD)]),
        Policy([]),
    ]

    assert len({each.fingerprint() for each in made}) == len(made)
    assert policy("a.b/c").fingerprint() == policy("a.b/c").fingerprint()


def test_ten_thousand_modules_are_no_burden():
    paths = [f"host{i % 97}.example/team/module{i}" for i in range(10_000)]
    selectors = tuple(Selector(path, "v1.2.3") for path in paths)

    began = time.process_time()
    made = Policy([Select(selectors), select("other.example/*")])
    found = sum(len(made.rules_for(path)) for path in paths)
    took_seconds = time.process_time() - began

    assert found == 10_000
    assert took_seconds < 1  # about 0.05 on an idle machine
