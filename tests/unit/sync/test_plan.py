"""Which versions the rules take of what is offered."""

from __future__ import annotations

import time
from collections.abc import Iterable

import pytest

from gosync.catalog.versions import Need
from gosync.gomod.deps import Deps
from gosync.gomod.modfile import Retraction
from gosync.site.policy import Rule
from gosync.site.rules import VersionRule, parse_exclusion, parse_versions
from gosync.sync.offer import ModuleFacts, Offer, Offered
from gosync.sync.plan import Choice, Chosen, choose

NOW = "2026-06-30T12:00:00.000000Z"
LONG_AGO = "2020-01-01T00:00:00.000000Z"
PSEUDO = "v0.0.0-20240229120000-5f3a9c0d7e21"
LATER_PSEUDO = "v1.1.1-0.20250101000000-0123456789ab"


def offer(*versions: str, latest: str | None = None) -> Offer:
    return Offer(tuple(Offered(v, None, LONG_AGO) for v in versions), latest)


def rule(text: str = "all", **keys: object) -> VersionRule:
    bounds = parse_versions(text)
    named = {"pick": bounds.pick, "count": bounds.count, "bounds": bounds.bounds}
    return VersionRule(**{**named, **keys})  # type: ignore[arg-type]


def apply(rules: Iterable[VersionRule], what: Offer, *, now: str = NOW) -> Chosen:
    numbered = tuple(Rule(i, each) for i, each in enumerate(rules, start=1))
    return choose("a.b/c", numbered, what, now=now)


def versions(chosen: Chosen) -> list[str]:
    return [choice.version for choice in chosen.choices]


MANY = (
    "v1.0.0",
    "v1.0.1",
    "v1.1.0-rc.1",
    "v1.1.0",
    "v1.2.0-rc.1",
    "v1.2.0-rc.2",
    "v2.0.0+incompatible",
)


@pytest.mark.parametrize(
    ("text", "want"),
    [
        ("all", " ".join(MANY)),
        ("latest", "v2.0.0+incompatible"),
        ("latest <v2", "v1.1.0"),
        ("latest:2", "v1.1.0 v2.0.0+incompatible"),
        ("latest:6 <v2", "v1.0.0 v1.0.1 v1.1.0-rc.1 v1.1.0 v1.2.0-rc.1 v1.2.0-rc.2"),
        ("latest:4 <v2", "v1.0.0 v1.0.1 v1.1.0 v1.2.0-rc.2"),
        ("latest >v1.1.0 <v2", "v1.2.0-rc.2"),
        ("per-minor", "v1.0.1 v1.1.0 v1.2.0-rc.2 v2.0.0+incompatible"),
        (
            "per-minor:2",
            " ".join(MANY),
        ),
        (">=v1.0.1 <v1.2.0", "v1.0.1 v1.1.0-rc.1 v1.1.0"),
    ],
)
def test_a_pick_takes_what_it_says(text: str, want: str):
    assert versions(apply([rule(text)], offer(*MANY))) == want.split()


@pytest.mark.parametrize(
    ("text", "want"),
    [
        ("all", "v1.0.0 v1.0.1 v1.1.0 v2.0.0+incompatible"),
        ("per-minor", "v1.0.1 v1.1.0 v2.0.0+incompatible"),
        ("latest >v1.1.0 <v2", ""),
    ],
)
def test_prereleases_can_be_left_out(text: str, want: str):
    chosen = apply([rule(text, prereleases=False)], offer(*MANY))

    assert versions(chosen) == want.split()


def test_latest_is_compatible_when_the_highest_compatible_has_a_go_mod():
    own = Offer(offer(*MANY).versions, None, ModuleFacts("v1.1.0", {"v1.1.0": True}))

    assert versions(apply([rule("latest")], own)) == ["v1.1.0"]
    assert "v2.0.0+incompatible" not in versions(apply([rule("latest:99")], own))
    assert versions(apply([rule("latest >=v2")], own)) == ["v2.0.0+incompatible"]


def test_pseudo_versions_of_the_index_are_taken_only_when_asked_for():
    what = offer("v1.0.0", "v1.1.0", PSEUDO, LATER_PSEUDO)

    assert versions(apply([rule()], what)) == ["v1.0.0", "v1.1.0"]
    taken = versions(apply([rule(pseudo=True, prereleases=False)], what))
    assert taken == [PSEUDO, "v1.0.0", "v1.1.0", LATER_PSEUDO]
    assert versions(apply([rule("latest", pseudo=True)], what)) == ["v1.1.0"]


@pytest.mark.parametrize("text", ["all", "latest", "per-minor"])
@pytest.mark.parametrize("prereleases", [True, False])
def test_a_module_without_tags_is_known_by_its_latest(text: str, prereleases: bool):
    only = rule(text, prereleases=prereleases)

    assert versions(apply([only], offer(latest=PSEUDO))) == [PSEUDO]
    what = offer(PSEUDO, LATER_PSEUDO, latest=PSEUDO)
    assert versions(apply([only], what)) == [PSEUDO]
    liked = rule("latest", pseudo=True)
    assert versions(apply([liked], what)) == [PSEUDO]


def test_nothing_offered_is_nothing_wanted_and_no_ones_fault():
    for text in ("all", "latest", "per-minor"):
        assert apply([rule(text)], Offer()) == Chosen(())


def test_exact_versions_keep_their_need_and_no_key_concerns_them():
    rules = (
        Rule(1, None, "v1.0.0", Need.MOD),
        Rule(2, None, "v9.0.0"),
        Rule(3, rule(min_age_days=9, retracted=False)),
    )
    facts = ModuleFacts(retracted=(Retraction("v9.0.0", "v9.0.0"),))
    chosen = choose("a.b/c", rules, Offer((), None, facts), now=NOW)

    assert chosen.choices == (
        Choice("v1.0.0", Need.MOD, (1,)),
        Choice("v9.0.0", Need.ZIP, (2,)),
    )


def test_several_rules_add_up():
    rules = (
        Rule(1, None, "v1.0.0", Need.MOD),
        Rule(4, rule("latest", max_zip_bytes=9), deps=Deps.BUILD),
        Rule(2, rule("all", max_zip_bytes=5), deps=Deps.ALL),
        Rule(2, rule("latest")),
    )
    chosen = choose("a.b/c", rules, offer("v1.0.0", "v1.1.0", "v1.2.0"), now=NOW)

    assert chosen.choices == (
        Choice("v1.0.0", Need.ZIP, (1, 2), Deps.ALL, 5),
        Choice("v1.1.0", Need.ZIP, (2,), Deps.ALL, 5),
        Choice("v1.2.0", Need.ZIP, (2, 4), Deps.ALL, None),
    )


def test_what_is_excluded_is_named_so():
    exclude = (
        parse_exclusion("a.b/c@>=v1.1.0 <v1.1.5"),
        parse_exclusion("a.b/*@v2.0.0"),
    )
    what = offer("v1.0.0", "v1.1.0", "v1.1.5", "v2.0.0+incompatible")
    chosen = apply([rule("latest:2", exclude=exclude)], what)

    assert versions(chosen) == ["v1.0.0", "v1.1.5"]
    assert chosen.omitted == {"v1.1.0": "excluded", "v2.0.0+incompatible": "excluded"}


def test_retracted_versions_are_out_unless_asked_for():
    facts = ModuleFacts("v1.2.0", retracted=(Retraction("v1.1.0", "v1.2.0"),))
    what = Offer(offer("v1.0.0", "v1.1.0", "v1.2.0").versions, None, facts)

    chosen = apply([rule("latest")], what)
    assert versions(chosen) == ["v1.0.0"]
    assert chosen.omitted == {"v1.1.0": "retracted", "v1.2.0": "retracted"}
    assert versions(apply([rule("latest", retracted=True)], what)) == ["v1.2.0"]


def test_since_goes_by_the_index_and_else_by_our_first_sight():
    what = Offer(
        (
            Offered("v1.0.0", "2025-12-31T23:59:59.999999999Z", NOW),
            Offered("v1.1.0", "2026-01-01T00:00:00.000000000Z", NOW),
            Offered("v1.2.0", None, "2025-01-01T00:00:00.000000Z"),
            Offered("v1.3.0", None, "2026-01-01T00:00:00.000000Z"),
        )
    )
    chosen = apply([rule(since="2026-01-01T00:00:00Z")], what)

    assert versions(chosen) == ["v1.1.0", "v1.3.0"]
    assert chosen.omitted == {"v1.0.0": "before since", "v1.2.0": "before since"}


YOUNG = Offer(
    (
        Offered("v1.0.0", "2026-06-01T00:00:00.000000000Z", NOW),
        Offered("v1.1.0", "2026-06-23T12:00:00.000000001Z", LONG_AGO),
        Offered("v1.2.0", None, "2026-06-29T12:00:00.000000Z"),
    )
)


def test_a_cool_down_holds_back_what_is_young():
    chosen = apply([rule("latest", min_age_days=7)], YOUNG)

    assert versions(chosen) == ["v1.0.0"]
    assert chosen.omitted == {"v1.1.0": "too young", "v1.2.0": "too young"}
    assert chosen.unmatched == ()
    assert chosen.reconsider_at == "2026-06-30T12:00:00.000001Z"


def test_after_its_cool_down_a_version_is_taken():
    seven_days = [rule("latest", min_age_days=7)]
    then = "2026-06-30T12:00:00.000001Z"
    chosen = apply(seven_days, YOUNG, now=then)

    assert versions(chosen) == ["v1.1.0"]
    assert chosen.reconsider_at == "2026-07-06T12:00:00.000000Z"
    last = apply(seven_days, YOUNG, now="2026-07-06T12:00:00.000000Z")
    assert (versions(last), last.reconsider_at) == (["v1.2.0"], None)


def test_what_only_waits_is_matched():
    chosen = apply([rule("latest >v1.1.0", min_age_days=0.5), rule(">=v3")], YOUNG)

    assert versions(chosen) == ["v1.2.0"]
    assert chosen.unmatched == (2,)
    waiting = apply([rule("latest >v1.1.0", min_age_days=30)], YOUNG)
    assert (waiting.choices, waiting.unmatched) == ((), ())


def test_a_pattern_need_not_match():
    found = Rule(1, rule(">=v3"), by_pattern=True)

    assert choose("a.b/c", (found,), YOUNG, now=NOW).unmatched == ()


def test_ten_thousand_modules_are_planned_in_seconds():
    names = [f"v1.{i // 4}.{i % 4}" for i in range(20)]
    what = offer(*names)
    rules = (Rule(1, rule(min_age_days=7)), Rule(2, rule("latest:3 <v2.0.0")))

    began = time.process_time()
    found = sum(
        len(choose(f"a.b/c{i}", rules, what, now=NOW).choices) for i in range(10_000)
    )
    took_seconds = time.process_time() - began

    assert found == 200_000
    assert took_seconds < 10  # about 0.5 on an idle machine


def test_where_the_compatible_one_with_a_go_mod_is_retracted_the_next_one_decides():
    own = {"v1.0.0": False, "v1.1.0": True}
    facts = ModuleFacts("v1.1.0", own, (Retraction("v1.1.0", "v1.1.0"),))
    what = Offer(offer("v1.0.0", "v1.1.0", "v2.0.0+incompatible").versions, None, facts)

    assert versions(apply([rule("latest")], what)) == ["v2.0.0+incompatible"]


def test_where_all_is_retracted_a_commit_is_the_latest():
    facts = ModuleFacts("v1.0.1", {}, (Retraction("v1.0.0", "v1.0.1"),))
    what = Offer(offer("v1.0.0", "v1.0.1").versions, LATER_PSEUDO, facts)

    for text in ("latest", "all"):
        assert LATER_PSEUDO in versions(apply([rule(text)], what))
        assert "v1.0.0" not in versions(apply([rule(text)], what))
