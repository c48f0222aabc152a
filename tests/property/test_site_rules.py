"""What must hold for any version rule and any offer."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import assume, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from gosync.catalog.versions import Need
from gosync.clock import format_time
from gosync.errors import MalformedError
from gosync.gomod import semver
from gosync.gomod.latest import GoModFacts, latest_of
from gosync.gomod.modfile import Retraction
from gosync.gomod.pseudo import is_pseudo_version
from gosync.site.policy import Rule
from gosync.site.rules import (
    Exclusion,
    Pick,
    Range,
    VersionRule,
    parse_exclusion,
    parse_since,
    parse_versions,
)
from gosync.sync.offer import ModuleFacts, Offer, Offered
from gosync.sync.plan import choose
from tests.ruletext import format_versions
from tests.tiers import examples

PATH = "a.b/c"
START = datetime(2026, 1, 1, tzinfo=UTC)
NOW = format_time(START + timedelta(days=20))
MODERATE = settings(max_examples=examples(100))

small = st.integers(0, 3)
releases = st.builds("v{}.{}.{}".format, small, small, small)
suffixes = st.sampled_from(["-0", "-rc", "-rc.1", "-rc.1.0", "-1", "-a-0"])
prereleases = st.builds("{}{}".format, releases, suffixes)
tagged = st.one_of(releases, prereleases)
incompatible = st.builds("v{}.{}.0+incompatible".format, st.integers(2, 3), small)
pseudos = st.builds(
    "v{}.{}.1-0.20240229120000-5f3a9c0d7e2{}".format, small, small, small
)
versions = st.one_of(tagged, incompatible, pseudos)


@st.composite
def ranges(draw) -> Range:
    low = draw(st.just("") | tagged)
    high = draw(st.just("") | tagged)
    if high and not semver.prerelease(high):
        high += "-0"  # comparisons leave out a release with its pre-releases
    return Range(low, high)


@st.composite
def times(draw) -> str:
    moment = START + timedelta(hours=draw(st.integers(0, 20 * 24)))
    digits = draw(st.sampled_from(["", "000", "001"]))
    return f"{format_time(moment).removesuffix('Z')}{digits}Z"


version_rules = st.builds(
    VersionRule,
    pick=st.sampled_from(Pick),
    count=st.integers(1, 3),
    bounds=ranges().filter(lambda bounds: not bounds.is_empty),
    prereleases=st.booleans(),
    pseudo=st.booleans(),
    retracted=st.booleans(),
    exclude=st.lists(st.builds(Exclusion, st.just(PATH), ranges()), max_size=2).map(
        tuple
    ),
    min_age_days=st.sampled_from([0, 0.5, 7]),
    since=st.sampled_from(["", "2026-01-05T00:00:00Z", "2026-01-12T06:00:00Z"]),
    max_zip_bytes=st.sampled_from([None, 1, 2]),
)
retractions = st.lists(
    st.builds(lambda a, b: Retraction(min(a, b), max(a, b)), releases, releases),
    max_size=2,
).map(tuple)
offered = st.builds(Offered, versions, st.none() | times(), times())


@st.composite
def offers(draw) -> Offer:
    rows = draw(st.lists(offered, max_size=10, unique_by=lambda row: row.version))
    names = [row.version for row in rows]
    facts = ModuleFacts(
        draw(st.sampled_from(["", *names])),
        {name: draw(st.booleans()) for name in names},
        draw(retractions),
        draw(st.sampled_from(["", "", "use another"])),
    )
    tagged = [name for name in names if not is_pseudo_version(name)]
    left = [name for name in tagged if not facts.retracts(name)]
    commits = [name for name in names if is_pseudo_version(name)]
    latest = draw(st.sampled_from([None, *commits])) if not left else None
    return Offer(tuple(rows), latest, facts)


def plainly(rule: VersionRule, offer: Offer, now: str = NOW):
    return choose(PATH, [Rule(1, rule)], offer, now=now)


def chosen_by(rule: VersionRule, offer: Offer) -> list[str]:
    choices = plainly(rule, offer).choices
    return [choice.version for choice in choices if not choice.notice]


@MODERATE
@given(version_rules, offers())
def test_a_rule_never_chooses_what_it_forbids(rule: VersionRule, offer: Offer):
    rows = {row.version: row for row in offer.versions}
    for version in chosen_by(rule, offer):
        row = rows.get(version) or Offered(version, None, NOW)
        known = datetime.fromisoformat(row.index_time or row.first_seen)
        age = datetime.fromisoformat(NOW) - known
        assert rule.bounds.holds(version)
        assert not any(each.bounds.holds(version) for each in rule.exclude)
        assert age >= timedelta(days=rule.min_age_days)
        assert not rule.since or known >= datetime.fromisoformat(rule.since)
        assert rule.retracted or not offer.facts.retracts(version)
        is_pseudo = is_pseudo_version(version)
        assert not is_pseudo or rule.pseudo or version == offer.latest
        assert rule.prereleases or is_pseudo or not semver.prerelease(version)


@MODERATE
@given(version_rules, offers())
def test_a_notice_is_old_enough_and_not_excluded(rule: VersionRule, offer: Offer):
    rows = {row.version: row for row in offer.versions}
    for choice in plainly(rule, offer).choices:
        if choice.notice:
            row = rows.get(choice.version) or Offered(choice.version, None, NOW)
            known = datetime.fromisoformat(row.index_time or row.first_seen)
            assert choice.version == offer.facts.top
            assert not any(e.bounds.holds(choice.version) for e in rule.exclude)
            age = datetime.fromisoformat(NOW) - known
            assert age >= timedelta(days=rule.min_age_days)


@MODERATE
@given(version_rules, offers())
def test_all_is_what_satisfies_the_conditions_and_picks_take_of_it(
    rule: VersionRule, offer: Offer
):
    everything = chosen_by(replace(rule, pick=Pick.ALL), offer)

    assert set(chosen_by(rule, offer)) <= set(everything)
    assert everything == semver.sort_versions(everything)


@MODERATE
@given(version_rules, offers())
def test_latest_n_is_a_prefix_of_one_order(rule: VersionRule, offer: Offer):
    taken: list[set[str]] = []
    for count in range(1, 12):
        some = replace(rule, pick=Pick.LATEST, count=count)
        taken.append(set(chosen_by(some, offer)))

    for fewer, more in pairwise(taken):
        assert fewer <= more
        assert len(more - fewer) <= 1
    left = [
        each for several in taken for each in several if not semver.prerelease(each)
    ]
    for several in taken:
        if any(map(semver.prerelease, several)) and offer.latest not in several:
            assert set(left) <= several  # releases come first


@MODERATE
@given(offers())
def test_latest_is_what_latest_means_to_go(offer: Offer):
    listed = [
        row.version for row in offer.versions if not is_pseudo_version(row.version)
    ]
    assume(listed)
    said = {
        version: GoModFacts(own, offer.facts.retracted)
        for version, own in offer.facts.own.items()
    }
    found = latest_of(listed, said.__getitem__)
    want = found.or_unlisted(offer.latest)
    if want is not None and not found.facts.allow(want):
        want = None  # Go then takes what is retracted; a mirror does not

    assert chosen_by(parse_versions("latest"), offer) == ([want] if want else [])


@MODERATE
@given(version_rules, offers())
def test_per_minor_takes_some_of_each_minor(rule: VersionRule, offer: Offer):
    everything = chosen_by(replace(rule, pick=Pick.ALL), offer)
    some = chosen_by(replace(rule, pick=Pick.PER_MINOR), offer)

    for minor in {semver.major_minor(each) for each in everything}:
        there = sum(semver.major_minor(each) == minor for each in everything)
        taken = sum(semver.major_minor(each) == minor for each in some)
        assert taken == min(there, rule.count)


@MODERATE
@given(st.lists(version_rules, min_size=1, max_size=3), offers())
def test_several_selects_choose_the_union(rules: list[VersionRule], offer: Offer):
    numbered = [Rule(i, rule) for i, rule in enumerate(rules, start=1)]
    together = choose(PATH, numbered, offer, now=NOW)
    apart = [choose(PATH, [rule], offer, now=NOW) for rule in numbered]

    for number, alone in enumerate(apart, start=1):
        for choice in alone.choices:
            (same,) = [c for c in together.choices if c.version == choice.version]
            assert number in same.rules
            assert same.need is Need.ZIP
            limit, widest = choice.max_zip_bytes, same.max_zip_bytes
            assert widest is None or (limit is not None and limit <= widest)
    wanted = {c.version for alone in apart for c in alone.choices}
    assert {c.version for c in together.choices if not c.notice} <= wanted
    assert not together.omitted.keys() & {c.version for c in together.choices}
    assert set(together.unmatched) == {n for alone in apart for n in alone.unmatched}


@MODERATE
@given(version_rules, offers())
def test_nothing_changes_before_a_choice_is_to_be_reconsidered(
    rule: VersionRule, offer: Offer
):
    now = plainly(rule, offer)
    if now.reconsider_at is None:
        assert plainly(rule, offer, "2099-01-01T00:00:00.000000Z").choices == (
            now.choices
        )
        return
    moment = datetime.fromisoformat(now.reconsider_at)
    before = format_time(moment - timedelta(microseconds=1))
    assert before >= NOW
    assert plainly(rule, offer, before).choices == now.choices
    then = plainly(rule, offer, now.reconsider_at)
    assert then.omitted != now.omitted


@MODERATE
@given(st.sampled_from(Pick), st.integers(1, 999_999), ranges())
def test_what_is_formatted_parses_to_the_same(pick: Pick, count: int, bounds: Range):
    assume(not bounds.is_empty)
    rule = VersionRule(pick=pick, count=1 if pick is Pick.ALL else count, bounds=bounds)

    assert parse_versions(format_versions(rule)) == rule


@MODERATE
@given(ranges(), ranges(), versions)
def test_two_ranges_hold_for_what_is_in_both(one: Range, other: Range, version: str):
    both = one.narrow(other)

    assert both.holds(version) == (one.holds(version) and other.holds(version))
    assert not (both.is_empty and both.holds(version))


WORDS = "all latest per-minor : 3 > < = v1 .2 -rc v1.2.0 @ a.b/c * +incompatible 0"
near_rules = st.lists(
    st.sampled_from([*WORDS.split(), " ", "2026-01-01", "9" * 5000]), max_size=6
).map("".join)


@MODERATE
@given(st.one_of(st.text(), near_rules))
def test_any_text_is_understood_or_malformed(text: str):
    for parse in (parse_versions, parse_exclusion, parse_since):
        try:
            parsed = parse(text)
        except MalformedError:
            continue
        if isinstance(parsed, VersionRule):
            assert parse_versions(format_versions(parsed)) == parsed
