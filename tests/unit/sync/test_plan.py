"""Which versions a rule takes of what is offered."""

from __future__ import annotations

import pytest

from gosync.catalog.versions import FoundBy, Need
from gosync.sync.plan import Offer, choose, exact
from gosync.sync.policy import ModuleRule

ALL = ModuleRule(all=True)
LATEST = ModuleRule(latest=True)
PSEUDO = "v0.0.0-20240229120000-5f3a9c0d7e21"


def versions(rule: ModuleRule, offer: Offer) -> list[str]:
    return [want.version for want in choose("a.b/c", rule, offer)]


def test_all_takes_what_is_listed():
    offer = Offer(listed=("v1.0.0", "v1.1.0-rc.1"))

    assert versions(ALL, offer) == ["v1.0.0", "v1.1.0-rc.1"]


@pytest.mark.parametrize("rule", [ALL, LATEST])
def test_a_module_without_tags_is_known_by_its_latest_alone(rule: ModuleRule):
    wants = choose("a.b/c", rule, Offer(latest=PSEUDO))

    assert [(w.version, w.found_by) for w in wants] == [(PSEUDO, FoundBy.LATEST)]


def test_nothing_offered_is_nothing_wanted():
    assert versions(ALL, Offer()) == []
    assert versions(LATEST, Offer()) == []


def test_latest_takes_what_latest_means_and_says_where_it_was_named():
    listed = ("v1.0.0", "v1.1.0")

    for latest, found_by in (("v1.0.0", FoundBy.LIST), (PSEUDO, FoundBy.LATEST)):
        wants = choose("a.b/c", LATEST, Offer(listed, latest))
        assert [(w.version, w.found_by) for w in wants] == [(latest, found_by)]


def test_all_needs_no_latest_beside_a_list():
    rule = ALL.merge(LATEST)

    assert versions(rule, Offer(("v1.0.0", "v1.1.0"), "v1.1.0")) == ["v1.0.0", "v1.1.0"]


def test_exact_versions_keep_their_need():
    rule = ModuleRule(versions=(("v1.0.0", Need.MOD), ("v1.1.0", Need.ZIP)))

    got = [(want.version, want.need) for want in exact("a.b/c", rule)]
    assert got == [("v1.0.0", Need.MOD), ("v1.1.0", Need.ZIP)]
