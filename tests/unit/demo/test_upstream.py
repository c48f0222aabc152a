from __future__ import annotations

import json
from datetime import UTC, datetime
from urllib.parse import parse_qsl, unquote

import pytest

from gosync.demo.exchange import HttpAnswer, HttpRequest, RequestKind
from gosync.demo.modules import ModuleSource, commit_hash
from gosync.demo.upstream import SampleUpstream
from gosync.gomod.module import ModuleVersion

PSEUDO = "v0.0.0-20240101000000-aaaaaaaaaaaa"


def get(upstream: SampleUpstream, target: str, **headers: str) -> HttpAnswer:
    path, _, query = target.partition("?")
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    request = HttpRequest("GET", target, unquote(path), dict(parse_qsl(query)), named)
    return upstream.answer(request)


def text(answer: HttpAnswer) -> str:
    assert answer.status == 200, answer
    assert isinstance(answer.body, bytes)
    return answer.body.decode()


def source(path: str, version: str) -> ModuleSource:
    go_mod = f"module {path}\n".encode()
    return ModuleSource(path, version, {"go.mod": go_mod, "a.go": b"package a\n"})


@pytest.fixture
def upstream() -> SampleUpstream:
    upstream = SampleUpstream()
    for version in ("v1.0.0", "v1.10.0", "v1.9.0", "v1.11.0-rc.1", PSEUDO):
        upstream.publish(source("a.example/M", version))
    return upstream


def test_a_list_names_tagged_versions_in_order(upstream: SampleUpstream):
    want = "v1.0.0\nv1.9.0\nv1.10.0\nv1.11.0-rc.1\n"
    assert text(get(upstream, "/a.example/%21m/@v/list")) == want
    assert text(get(upstream, "/a.example/!m/@v/list")) == want


def test_a_list_of_pseudo_versions_is_empty_and_latest_names_one():
    upstream = SampleUpstream()
    upstream.publish(source("a.example/m", PSEUDO))
    assert text(get(upstream, "/a.example/m/@v/list")) == ""
    latest = json.loads(text(get(upstream, "/a.example/m/@latest")))
    assert latest["Version"] == PSEUDO


def test_latest_is_the_highest_release(upstream: SampleUpstream):
    latest = json.loads(text(get(upstream, "/a.example/!m/@latest")))
    assert latest["Version"] == "v1.10.0"


def test_what_is_not_there_is_not_found(upstream: SampleUpstream):
    for target in (
        "/a.example/@v/list",
        "/a.example/M/@v/list",
        "/a.example/!m/@v/v9.0.0.mod",
        "/a.example/!m/@v/v1.0.0.exe",
        "/a.example/!m/@v/",
        "/",
        "/sumdb/other.example/latest",
        "/lookup/a.example/!m@v9.0.0",
        "/lookup/nothing",
        "/tile/8/0/999",
        "/tile/8/0/x",
    ):
        assert get(upstream, target).status == 404, target


def test_an_info_is_found_by_commit_and_by_branch(upstream: SampleUpstream):
    commit = commit_hash(source("a.example/M", "v1.9.0"))
    for revision, want in (
        (commit, "v1.9.0"),
        (commit[:12], "v1.9.0"),
        ("aaaaaaaaaaaa", PSEUDO),
        ("main", "v1.11.0-rc.1"),
    ):
        answer = get(upstream, f"/a.example/!m/@v/{revision}.info")
        assert json.loads(text(answer))["Version"] == want
    assert get(upstream, f"/a.example/!m/@v/{commit[:6]}.info").status == 404


def test_the_database_answers_below_the_proxy_and_at_its_root(
    upstream: SampleUpstream,
):
    name = upstream.log.name
    assert get(upstream, f"/sumdb/{name}/supported").status == 200
    assert get(upstream, "/supported").status == 404
    for path in ("latest", "lookup/a.example/!m@v1.0.0", "tile/8/0/000.p/5"):
        below, root = get(upstream, f"/sumdb/{name}/{path}"), get(upstream, f"/{path}")
        assert below.status == 200
        assert below == root
    lookup = text(get(upstream, "/lookup/a.example/!m@v1.9.0"))
    assert lookup.startswith("2\na.example/M v1.9.0 h1:")


def test_a_lookup_may_make_the_record():
    upstream = SampleUpstream()
    upstream.publish(source("a.example/m", "v1.0.0"), lazy=True)
    assert upstream.log.size == 0
    assert text(get(upstream, "/lookup/a.example/m@v1.0.0")).startswith("0\n")
    assert upstream.log.size == 1


def test_what_is_private_has_neither_record_nor_row():
    upstream = SampleUpstream()
    upstream.publish(source("a.example/m", "v1.0.0"), indexed=False, logged=False)
    assert get(upstream, "/lookup/a.example/m@v1.0.0").status == 404
    assert text(get(upstream, "/index")) == ""
    assert get(upstream, "/a.example/m/@v/v1.0.0.zip").status == 200


def test_only_a_fetch_makes_a_version_cached():
    upstream = SampleUpstream()
    upstream.publish(source("a.example/m", "v1.0.0"), cached=False)
    target = "/a.example/m/@v/v1.0.0.mod"
    assert get(upstream, f"/cached-only{target}").status == 404
    assert get(upstream, target, disable_module_fetch="true").status == 404
    assert get(upstream, target).status == 200
    assert get(upstream, f"/cached-only{target}").status == 200


def test_replacing_changes_the_proxy_and_not_the_log(upstream: SampleUpstream):
    mv = ModuleVersion("a.example/M", "v1.0.0")
    head = upstream.log.head()
    upstream.replace(mv, RequestKind.ZIP, b"poison")
    assert text(get(upstream, "/a.example/!m/@v/v1.0.0.zip")) == "poison"
    assert upstream.log.head() == head


def test_what_is_withdrawn_stays_in_the_log_and_in_the_whole_index(
    upstream: SampleUpstream,
):
    upstream.withdraw(ModuleVersion("a.example/M", "v1.0.0"))
    assert get(upstream, "/a.example/!m/@v/v1.0.0.zip").status == 404
    assert get(upstream, "/lookup/a.example/!m@v1.0.0").status == 200
    assert '"v1.0.0"' not in text(get(upstream, "/index"))
    assert '"v1.0.0"' in text(get(upstream, "/index?include=all"))


def test_since_is_inclusive_and_limit_at_most_2000():
    upstream = SampleUpstream()
    at = datetime(2024, 1, 1, tzinfo=UTC)
    for number in range(2500):
        mv = ModuleVersion(f"a.example/m{number}", "v1.0.0")
        upstream.index.add(mv, at.replace(microsecond=number))
    rows = text(get(upstream, "/index?limit=9999")).splitlines()
    assert len(rows) == 2000
    last = json.loads(rows[-1])
    assert last["Timestamp"] == "2024-01-01T00:00:00.001999Z"
    rest = text(get(upstream, f"/index?since={last['Timestamp']}")).splitlines()
    assert rest[0] == rows[-1]
    assert len(rest) == 501
    assert len(text(get(upstream, "/index?limit=3")).splitlines()) == 3
    assert get(upstream, "/index?since=yesterday").status == 400
