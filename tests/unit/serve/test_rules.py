"""Pure rules of the server: who may read, what may be pulled, how often one may ask."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from gosync.clock import SystemClock
from gosync.errors import (
    ChecksumMismatchError,
    MalformedError,
    NoSpaceError,
    NotFetchedError,
    NotFoundError,
    OfflineError,
    UpstreamStatusError,
    WithdrawnError,
)
from gosync.serve.asked import read_path
from gosync.serve.clients import ClientRates, address_of
from gosync.serve.conditions import is_current, read_range
from gosync.serve.files import accepts
from gosync.serve.notcarried import MAX_BYTES, nearest, not_carried_text
from gosync.serve.origin import Fate
from gosync.serve.outcomes import answer_of_error
from gosync.serve.pullrules import PullRules
from gosync.serve.rights import ReadRights, ReadVerdict
from gosync.site.rules import parse_exclusion, parse_versions

OPEN, NEEDED, FORBIDDEN = ReadVerdict
RIGHTS = ReadRights(
    [
        (["corp.example/secret/*"], ["ada"]),
        (["corp.example/*"], ["ada", "ci"]),
        (["open.example/*"], ["*"]),
    ]
)


@pytest.mark.parametrize(
    ("path", "nobody", "ci", "ada"),
    [
        ("/corp.example/secret/m/@v/list", NEEDED, FORBIDDEN, OPEN),
        ("/corp.example/m/@v/v1.0.0.zip", NEEDED, OPEN, OPEN),
        ("/open.example/m/@v/list", OPEN, OPEN, OPEN),
        ("/rsc.io/quote/@v/list", NEEDED, OPEN, OPEN),
        (
            "/sumdb/s.example/lookup/corp.example/secret/m@v1.0.0",
            NEEDED,
            FORBIDDEN,
            OPEN,
        ),
        ("/sumdb/s.example/tile/8/0/000", NEEDED, OPEN, OPEN),
        ("/", NEEDED, FORBIDDEN, OPEN),
        ("/modules/feed.atom", NEEDED, FORBIDDEN, OPEN),
        ("/status.json", NEEDED, FORBIDDEN, OPEN),
        ("/modules/search.js", NEEDED, FORBIDDEN, OPEN),
        ("/modules/search-0123456789abcdef.js", NEEDED, FORBIDDEN, OPEN),
        ("/documents/decisions/d.json", NEEDED, FORBIDDEN, OPEN),
        ("/vulndb/index/modules.json", NEEDED, OPEN, OPEN),
        ("/index", NEEDED, FORBIDDEN, OPEN),
        ("/index/2026-11-27.jsonl", NEEDED, FORBIDDEN, OPEN),
        ("/corp.example/secret/m/@v/", NEEDED, FORBIDDEN, OPEN),
    ],
)
def test_the_first_rule_that_names_a_module_decides(path, nobody, ci, ada):
    asked = read_path(path)
    assert asked is not None

    assert RIGHTS.judge(asked, None) is nobody
    assert RIGHTS.judge(asked, "ci") is ci
    assert RIGHTS.judge(asked, "ada") is ada


def test_what_may_be_pulled():
    versions = parse_versions("<v2.0.0")
    rules = PullRules(["a.example/*"], ["a.example/no"], versions)

    assert rules.refusal("a.example/m", "v1.0.0") == ""
    assert rules.refusal("a.example/no") == "serve.deny names the module"
    assert rules.refusal("b.example/m") == "serve.allow does not name the module"
    assert "serve.versions" in rules.refusal("a.example/m", "v2.0.0")
    assert rules.allowed("a.example/m", ["v1.0.0", "v2.0.0-rc.1"]) == ["v1.0.0"]


def test_the_age_of_what_may_be_pulled():
    rules = PullRules([], [], replace(parse_versions("all"), min_age_days=7))
    now = datetime(2026, 3, 8, 12, tzinfo=UTC)

    assert rules.refusal_of_age("2026-03-01T12:00:00Z", now) == ""
    young = rules.refusal_of_age("2026-03-01T12:00:01Z", now)
    assert young.startswith("serve.min_age: ")
    assert "2026-03-08T12:00Z" in young
    since = replace(parse_versions("all"), since="2026-01-01T00:00:00Z")
    rules = PullRules([], [], since)
    assert rules.refusal_of_age("2026-01-01T00:00:00Z", now) == ""
    assert "serve.since" in rules.refusal_of_age("2025-12-31T23:59:59.5Z", now)


def test_versions_that_may_not_be_pulled():
    rule = replace(
        parse_versions("all"),
        prereleases=False,
        pseudo=False,
        exclude=(parse_exclusion("a.example/m@v1.1.0"), parse_exclusion("b.example/*")),
    )
    rules = PullRules([], [], rule)

    assert "exclude" in rules.refusal("a.example/m", "v1.1.0")
    assert "exclude" in rules.refusal("b.example/m")
    assert "prereleases" in rules.refusal("a.example/m", "v1.2.0-rc.1")
    pseudo = "v0.0.0-20240101000000-aaaaaaaaaaaa"
    assert "pseudo" in rules.refusal("a.example/m", pseudo)


@pytest.mark.parametrize(
    ("error", "fate"),
    [
        (NotFoundError("no"), Fate.NO),
        (NotFetchedError("unknown"), Fate.FAILED),
        (UpstreamStatusError("500", status=500), Fate.LATER),
        (OfflineError("off"), Fate.LATER),
        (NoSpaceError("full"), Fate.LATER),
        (MalformedError("zip", "x", "broken"), Fate.FAILED),
        (ChecksumMismatchError("m", want="a", got="b", authority="it"), Fate.FAILED),
        (WithdrawnError("gone"), Fate.DENIED),
    ],
)
def test_nothing_but_a_definite_no_is_a_404(error, fate):
    answer = answer_of_error(error, "m")
    assert answer.fate is fate
    explained = f"gosync explain {error.failure_class}\n" in answer.text
    assert explained == bool(error.failure_class)


@dataclass
class _Clock(SystemClock):
    time: float = 0.0

    def monotonic(self):
        return self.time


def test_a_client_may_ask_a_minutes_worth_at_once():
    clock = _Clock()
    rates = ClientRates(3, clock)

    assert [rates.allow("a") for _ in range(5)] == [True] * 3 + [False] * 2
    assert rates.allow("b")
    clock.time += 20
    assert [rates.allow("a") for _ in range(2)] == [True, False]
    assert all(ClientRates(0, clock).allow("a") for _ in range(100))


@dataclass
class _Scope:
    client: str
    headers: dict[str, str] = field(default_factory=dict)


def test_a_trusted_proxy_speaks_for_its_clients():
    forwarded = {"x-forwarded-for": "1.1.1.1, 10.0.0.9"}
    trusted = frozenset({"127.0.0.1", "::1"})

    peers = {"127.0.0.1": "10.0.0.9", "[::1]": "10.0.0.9", "10.0.0.1": "10.0.0.1"}
    for peer, address in peers.items():
        scope: Any = _Scope(f"{peer}:99", forwarded)
        assert address_of(scope, trusted) == address


@given(st.text(max_size=60), st.integers(0, 1 << 40))
def test_any_range_is_within_the_file_or_none(text, size):
    for value in (text, f"bytes={text}"):
        found = read_range(value, size)
        if found is not None and found.is_satisfiable:
            assert 0 <= found.start < found.end <= size


@given(st.integers(0, 300), st.integers(0, 300), st.integers(1, 200))
def test_a_range_is_what_it_says(first, last, size):
    body = bytes(n % 251 for n in range(size))
    found = read_range(f"bytes={first}-{last}", size)
    if last < first:
        assert found is None
    else:
        assert found is not None
        assert body[found.start : found.end] == body[first : last + 1]


def test_tags_and_encodings():
    assert is_current('"a", W/"b"', '"b"')
    assert is_current("*", '"x"')
    assert not is_current('"a"', '"b"')
    assert accepts("br, gzip;q=0.5", "gzip")
    assert not accepts("gzip;q=0", "gzip")


@given(st.text(max_size=3000))
def test_any_path_is_a_plain_file_or_none(path):
    asked = read_path(path)
    if asked is not None:
        parts = asked.path.split("/")
        assert all(part and not part.startswith(".") for part in parts)
        assert "\0" not in asked.path


def test_the_nearest_versions_are_told():
    carried = [f"v1.{n}.0" for n in range(20)]

    assert nearest("v1.9.1", carried) == ["v1.8.0", "v1.9.0", "v1.10.0", "v1.11.0"]
    assert nearest("v9.0.0", carried) == carried[-4:]
    assert nearest("v0.1.0", carried) == carried[:4]
    assert nearest("", carried[:2]) == ["v1.0.0", "v1.1.0"]
    asked = read_path("/a.example/m/@v/v1.9.1.zip")
    assert asked is not None
    text = not_carried_text(asked.request, carried, "c" * 2000)
    assert len(text) <= MAX_BYTES
    assert text.count(b"\n") <= 8


def test_what_upstream_said_comes_before_what_is_carried_and_whom_to_ask():
    asked = read_path("/a.example/m/@v/v1.9.1.zip")
    assert asked is not None
    said = "not found: a.example/m@v1.9.1: 404 Not Found\n"

    text = not_carried_text(asked.request, ["v1.9.0"], "ops@corp.example", said=said)
    long = not_carried_text(
        asked.request, ["v1.9.0"], "ops@corp.example", said="x" * 1000
    )

    assert text.decode() == f"{said}carried: v1.9.0\nask for it: ops@corp.example\n"
    assert b"ask for it: ops@corp.example\n" in long
    assert len(long) <= MAX_BYTES
