"""The state machines of upstreams, for any course of events."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from gosync.clock import format_time
from gosync.gomod.patterns import PatternSet
from gosync.upstream.budget import HEDGES, LONGEST_SECONDS, RETRIES
from gosync.upstream.goproxy import parse_goproxy
from gosync.upstream.limit import PAUSE_SECONDS, new_limit
from gosync.upstream.names import alternate
from gosync.upstream.rate import SAVED_SECONDS, ByteRate
from gosync.upstream.resume import mark_of, range_headers, rest_size
from gosync.upstream.route import Order, Routing, route

steps = st.lists(
    st.tuples(st.booleans(), st.integers(1, 64), st.floats(0, 1)), max_size=200
)


@given(st.integers(1, 64), steps)
def test_a_limit_stays_between_one_and_its_ceiling(ceiling, history) -> None:
    limit, now, lowered = new_limit(ceiling), 0.0, []
    for is_answer, in_flight, seconds in history:
        now += seconds
        before = limit
        limit = limit.answered(in_flight) if is_answer else limit.overloaded(now)
        assert 1 <= limit.slots <= ceiling
        assert is_answer or limit.size <= before.size
        assert limit.size >= before.size or limit.lowered_at == now
        assert 0 <= limit.refused <= 1
        if limit.lowered_at != before.lowered_at:
            lowered.append(now)
    assert all(b - a >= PAUSE_SECONDS for a, b in pairwise(lowered))


@given(st.integers(2, 64), st.integers(1, 40))
def test_a_limit_that_went_down_comes_back_by_one_a_round(ceiling, refusals) -> None:
    limit = replace(new_limit(ceiling), size=float(ceiling))
    for each in range(refusals):
        limit = limit.overloaded(float(each))
    for _ in range(ceiling):
        slots = limit.slots
        for _ in range(slots + 1):
            limit = limit.answered(slots)
        assert limit.slots <= slots + 2
    assert limit.slots == ceiling


@pytest.mark.parametrize(("every", "slots"), [(33, 64), (8, 32)])
def test_few_refusals_are_no_load_and_many_are(every: int, slots: int) -> None:
    limit, sizes = new_limit(64), []
    for number in range(1, 20_000):
        if number % every:
            limit = limit.answered(limit.slots)
        else:
            limit = limit.overloaded(number / 20)
        sizes.append(limit.slots)
    late = sizes[10_000:]
    assert max(late) <= slots
    assert min(late) == slots or every == 8


def test_a_host_of_which_nothing_is_known_is_sent_all_within_two_rounds() -> None:
    limit = new_limit(64)
    for _ in range(44):
        limit = limit.answered(limit.slots)
    assert limit.slots == 64
    limit = replace(new_limit(64), lowered_at=0.0)
    for _ in range(20):
        limit = limit.answered(limit.slots)
    assert limit.slots <= 21, "one that refused is felt out slowly"


@given(st.lists(st.booleans(), max_size=400))
def test_retries_at_once_are_a_fifth_of_requests_and_a_reserve(history) -> None:
    budget, sent, waited = RETRIES, 0, 0.0
    for is_retry in history:
        if is_retry:
            budget = budget.spent(0.0)
            waited = max(waited, budget.wait_seconds())
        else:
            budget = budget.asked()
        sent += is_retry
    firsts = len(history) - sent
    over = sent - RETRIES.reserve - RETRIES.earned * firsts
    assert waited >= min(over / RETRIES.per_second, LONGEST_SECONDS) - 1e-6
    assert waited <= LONGEST_SECONDS


@given(st.lists(st.booleans(), max_size=400))
def test_hedges_are_a_twentieth_of_requests_and_a_reserve(history) -> None:
    budget, sent = HEDGES, 0
    for wants_hedge in history:
        budget = budget.asked()
        if wants_hedge and budget.has_one():
            budget, sent = budget.spent(0.0), sent + 1
    assert sent <= HEDGES.reserve + HEDGES.earned * len(history) + 1e-6


lists = st.lists(
    st.tuples(st.sampled_from("abcdefg"), st.sampled_from(",|")),
    min_size=1,
    max_size=7,
    unique_by=lambda each: each[0],
)


@given(lists, st.permutations("abcdefg"))
def test_the_fastest_comes_first_of_those_that_a_bar_divides(parts, ranking) -> None:
    proxies = parse_goproxy("".join(f"https://{n}.test{mark}" for n, mark in parts))
    got = route(
        proxies,
        "x.example/m",
        Routing(order=Order.FASTEST),
        slowness=lambda url: ranking.index(url[8]),
    )
    was = [each.url[8] for each in proxies.entries]
    names = [each.url[8] for each in got]
    assert sorted(names) == sorted(was)
    bars = [each.fall_back_on_error for each in proxies.entries]
    assert [each.fall_back_on_error for each in got] == bars
    begin = 0
    for number, is_bar in enumerate(bars, start=1):
        if not is_bar or number == len(bars):
            group = was[begin:number]
            assert names[begin:number] == sorted(group, key=ranking.index)
            begin = number


@given(lists, st.sets(st.sampled_from("abcdefg")), st.sampled_from(list(Order)))
def test_a_private_name_goes_to_private_upstreams_alone(parts, marked, order) -> None:
    proxies = parse_goproxy("".join(f"https://{n}.test{mark}" for n, mark in parts))
    names = [name for name, _ in parts]
    private = tuple(f"https://{n}.test" for n in names if n in marked)
    routing = Routing(order, PatternSet(["corp.example"]), private)
    got = route(proxies, "corp.example/x", routing, slowness=lambda _: 0.0)
    asked = [each.url for each in got]
    assert asked == (list(private) or ["https://" + names[0] + ".test"])
    assert not any(each.fall_back_on_error for each in got)
    assert got[-1].is_last


@given(st.lists(st.sampled_from(["1.1.1.1", "2.2.2.2", "::1", "::2", "::3"])))
def test_addresses_of_both_families_take_turns(addresses) -> None:
    got = alternate(addresses)
    assert sorted(got) == sorted(addresses)
    fewer = min(sum(":" in each for each in got), sum("." in each for each in got))
    assert [":" in each for each in got[: 2 * fewer]] == [True, False] * fewer


@given(st.dictionaries(st.sampled_from(
    ["etag", "last-modified", "date", "accept-ranges", "content-encoding"]
), st.text(max_size=20)))  # fmt: skip
def test_whatever_marks_a_body_can_be_sent_back(headers) -> None:
    mark = mark_of(headers)
    if mark is not None:
        assert mark in (headers.get("etag", "").strip(), headers.get("last-modified"))
        sent = range_headers(mark, 5)
        assert all(
            value.isprintable() or max(value) >= "\x80" for value in sent.values()
        )


@given(st.integers(0, 10**6), st.integers(0, 10**6), st.integers(0, 10**6))
def test_only_the_whole_rest_is_the_rest(start, size, had) -> None:
    told = {"content-range": f"bytes {start}-{start + size}/{start + size + 1}"}
    assert rest_size(told, had) == (size + 1 if start == had else None)
    cut = {"content-range": f"bytes {start}-{start + size}/{start + size + 2}"}
    assert rest_size(cut, start) is None


def test_a_date_marks_a_body_when_it_is_old_enough() -> None:
    told = {"last-modified": "Fri, 02 Jan 2026 03:04:05 GMT"}
    for seconds, want in [(59, None), (60, told["last-modified"])]:
        at = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC) + timedelta(seconds=seconds)
        date = f"{at:%a, %d %b %Y %H:%M:%S} GMT"
        assert mark_of({**told, "date": date}) == want, format_time(at)
    assert mark_of({"etag": 'W/"x"'}) is None
    assert mark_of({"etag": '"x"', "content-encoding": "gzip"}) is None
    assert mark_of({"etag": '"x"', "accept-ranges": "none"}) is None


def test_what_time_adds_is_bounded() -> None:
    spent = replace(RETRIES, saved=-10, at=0.0).spent(1e9)
    assert spent.saved == RETRIES.reserve - 1


@given(
    st.floats(1e3, 1e8),
    st.lists(st.tuples(st.floats(0, 3), st.integers(1, 10**6)), min_size=1),
)
def test_bytes_come_no_faster_than_the_rate_and_a_little_that_was_saved(
    per_second, pieces
) -> None:
    rate, now, total = ByteRate(per_second), 0.0, 0
    for idle, size in pieces:
        now += idle
        rate = rate.spent(size, now)
        now += rate.wait_seconds(now)
        total += size
        assert total <= per_second * (now + SAVED_SECONDS) * (1 + 1e-6) + 1
    busy = sum(size for _, size in pieces) / per_second
    assert now <= sum(idle for idle, _ in pieces) + busy + 1e-6
