"""What a run says that the job's last one did not."""

from __future__ import annotations

import pytest

from gosync.daemon.news import FailOn, news_of
from gosync.daemon.outcome import JobOutcome

GONE = JobOutcome(3, "gone", troubles=("a@v1", "b@v1"))
DOWN = JobOutcome(75, "down", troubles=("a@", "b@", "c@"))


def test_what_only_stays_wrong_is_no_news():
    first = news_of(GONE, frozenset())
    again = news_of(GONE, first.items)
    more = news_of(JobOutcome(3, "", troubles=("a@v1", "c@v1")), again.items)

    assert [each.is_news for each in (first, again, more)] == [True, False, True]
    assert more.items == {"a@v1", "c@v1"}


def test_what_was_mended_and_fails_again_is_news():
    mended = news_of(JobOutcome(), news_of(GONE, frozenset()).items)

    assert mended.items == frozenset()
    assert news_of(GONE, mended.items).is_news


def test_an_outage_is_news_once_and_hides_nothing():
    before = news_of(GONE, frozenset())
    down = news_of(DOWN, before.items)
    still = news_of(DOWN, down.items)
    up = news_of(GONE, still.items)
    lost = news_of(JobOutcome(3, "", troubles=("a@v1", "b@v1", "c@")), still.items)

    assert [each.is_news for each in (down, still, up)] == [True, False, False]
    assert lost.is_news, "it became missing in the outage, and is told now"
    assert news_of(DOWN, up.items).is_news, "another outage"


@pytest.mark.parametrize("code", [1, 2, 4, 6, 7, 15, 143])
def test_what_needs_somebody_fails_each_time(code: int):
    known = frozenset({"a@v1"})
    news = news_of(JobOutcome(code, "grave"), known)

    assert all(news.fails(fail_on) for fail_on in FailOn)
    assert news.items == known, "it says nothing of what was missing"


def test_evidence_of_misbehaviour_fails_each_time_though_it_is_of_an_item():
    forged = JobOutcome(6, "another h1", troubles=("a@v1",))
    again = news_of(forged, news_of(forged, frozenset()).items)

    assert all(again.fails(fail_on) for fail_on in FailOn)


@pytest.mark.parametrize("outcome", [GONE, DOWN])
def test_each_way_to_fail(outcome: JobOutcome):
    first = news_of(outcome, frozenset())
    again = news_of(outcome, first.items)

    assert [first.fails(each) for each in FailOn] == [True, True, False]
    assert [again.fails(each) for each in FailOn] == [False, True, False]
