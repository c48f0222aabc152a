"""The version that comes along because its go.mod speaks of the others."""

from __future__ import annotations

import pytest

from gosync.catalog.versions import Need
from gosync.gomod.deps import Deps
from gosync.gomod.modfile import Retraction
from gosync.site.policy import Rule
from gosync.site.rules import Pick, VersionRule, parse_exclusion, parse_versions
from gosync.sync.offer import ModuleFacts, Offer, Offered
from gosync.sync.plan import Choice, choose

PATH = "a.b/c"
NOW = "2026-06-30T12:00:00.000000Z"
YESTERDAY = "2026-06-29T12:00:00.000000Z"
V1 = (Retraction("v1.0.0", "v1.0.0"),)
BELOW_2 = parse_versions("<v1.2.0")
EXACT = Rule(1, None, "v1.0.0")


def offer(facts: ModuleFacts) -> Offer:
    names = ("v1.0.0", "v1.1.0", "v1.2.0")
    return Offer(tuple(Offered(v, None, YESTERDAY) for v in names), None, facts)


def notices(rules: tuple[Rule, ...], facts: ModuleFacts) -> list[str]:
    chosen = choose(PATH, rules, offer(facts), now=NOW)
    return [choice.version for choice in chosen.choices if choice.notice]


@pytest.mark.parametrize(
    ("facts", "want"),
    [
        (ModuleFacts("v1.2.0", retracted=V1), ["v1.2.0"]),
        (ModuleFacts("v1.2.0", deprecated="use x.y/z"), ["v1.2.0"]),
        (
            ModuleFacts("v1.2.0", retracted=(Retraction("v1.0.0", "v1.2.0"),)),
            ["v1.2.0"],
        ),
        (ModuleFacts("v1.2.0", retracted=(Retraction("v0.1.0", "v0.9.0"),)), []),
        (ModuleFacts("v1.2.0"), []),
        (ModuleFacts(), []),
        (ModuleFacts("v1.1.0", deprecated="it is here anyway"), []),
        (ModuleFacts("v1.9.0", deprecated="nobody offers it"), []),
    ],
)
def test_the_top_is_taken_for_what_it_says_of_the_chosen(
    facts: ModuleFacts, want: list[str]
):
    assert notices((EXACT, Rule(2, BELOW_2)), facts) == want


def test_a_notice_is_whole_and_last_and_brings_no_dependencies():
    rules = (EXACT, Rule(2, BELOW_2, deps=Deps.ALL))
    chosen = choose(PATH, rules, offer(ModuleFacts("v1.2.0", retracted=V1)), now=NOW)

    assert chosen.choices == (
        Choice("v1.0.0", Need.ZIP, (1,)),
        Choice("v1.1.0", Need.ZIP, (2,), Deps.ALL),
        Choice("v1.2.0", Need.ZIP, (2,), notice=True),
    )


def test_a_go_mod_that_is_wanted_alone_becomes_a_whole_notice():
    rules = (Rule(1, None, "v1.2.0", Need.MOD), Rule(2, BELOW_2))
    chosen = choose(PATH, rules, offer(ModuleFacts("v1.2.0", deprecated="x")), now=NOW)

    assert chosen.choices[-1] == Choice("v1.2.0", Need.ZIP, (1, 2), notice=True)


def test_a_limit_of_who_takes_it_anyway_does_not_bind_who_needs_a_notice():
    small = VersionRule(pick=Pick.LATEST, max_zip_bytes=5)
    facts = ModuleFacts("v1.2.0", deprecated="x")

    chosen = choose(PATH, (Rule(1, small), Rule(2, BELOW_2)), offer(facts), now=NOW)
    assert chosen.choices[-1] == Choice("v1.2.0", Need.ZIP, (1, 2))
    alone = choose(PATH, (Rule(1, small),), offer(facts), now=NOW)
    assert alone.choices == (Choice("v1.2.0", Need.ZIP, (1,), max_zip_bytes=5),)


def test_exact_versions_alone_have_no_notice():
    assert notices((EXACT,), ModuleFacts("v1.2.0", retracted=V1)) == []


def test_nothing_chosen_needs_no_notice():
    nothing = Rule(1, parse_versions(">=v7"))

    assert notices((nothing,), ModuleFacts("v1.2.0", deprecated="x")) == []


@pytest.mark.parametrize(
    "keys",
    [
        {"min_age_days": 7},
        {"exclude": (parse_exclusion("a.b/c@v1.2.0"),)},
    ],
)
def test_a_notice_does_not_get_round_a_cool_down_nor_an_exclusion(keys):
    rules = (EXACT, Rule(2, VersionRule(**keys)))
    facts = ModuleFacts("v1.2.0", retracted=V1)

    assert notices(rules, facts) == []
    assert notices((*rules, Rule(3, BELOW_2)), facts) == ["v1.2.0"]


def test_a_notice_that_waits_is_reconsidered():
    rules = (EXACT, Rule(2, VersionRule(min_age_days=7, bounds=BELOW_2.bounds)))
    what = offer(ModuleFacts("v1.2.0", retracted=V1))
    chosen = choose(PATH, rules, what, now=NOW)

    assert chosen.reconsider_at == "2026-07-06T12:00:00.000000Z"
    assert chosen.omitted["v1.2.0"] == "too young"
    later = choose(PATH, rules, what, now=chosen.reconsider_at)
    assert later.choices[-1].notice
