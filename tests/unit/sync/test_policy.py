"""Selectors and the policy they make."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gosync.catalog.versions import Need
from gosync.errors import MalformedError
from gosync.sync.policy import (
    NOTHING,
    ModuleRule,
    Policy,
    Select,
    Selector,
    VersionRule,
    parse_selector,
    parse_selectors,
)


def policy(*texts: str, versions=VersionRule.ALL, private=()) -> Policy:
    return Policy([Select(tuple(map(parse_selector, texts)), versions)], private)


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
    selects = [
        Select((parse_selector("a.b/c@v1.0.0/go.mod"),)),
        Select((parse_selector("a.b/c@latest"),)),
        Select((parse_selector("a.b/c@v1.0.0"), parse_selector("a.b/*"))),
    ]

    want = ModuleRule(all=True, latest=True, versions=(("v1.0.0", Need.ZIP),))
    assert want == Policy(selects).rule_for("a.b/c")


def test_a_pattern_covers_the_modules_below():
    rules = policy("rsc.io/*")

    assert rules.rule_for("rsc.io/quote").all
    assert rules.rule_for("rsc.io/quote/v3").all
    assert rules.rule_for("rsc.ioo/quote") == NOTHING


def test_a_private_module_is_wanted_only_by_its_own_path():
    rules = policy("*/*", "corp.example/tool", private=["corp.example/*"])

    assert rules.rule_for("corp.example/secret") == NOTHING
    assert rules.rule_for("corp.example/tool").all
    assert not rules.selects_public("corp.example/tool")
    assert rules.selects_public("other.example/tool")
