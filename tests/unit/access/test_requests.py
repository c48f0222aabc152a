"""Requests: out of logs into the catalog, each line once; files that are carried."""

from __future__ import annotations

import gzip

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gosync.access.asked import request_of
from gosync.access.missing import wanted_of
from gosync.access.requestfile import (
    CarriedRequest,
    DecisionFile,
    RequestDecision,
    RequestFile,
    format_file,
    parse_decisions,
    parse_requests,
)
from gosync.access.rows import AskedRequest
from gosync.access.tries import PrefixTries
from gosync.errors import RejectedError
from tests.integration.inprocess import InProcessSite
from tests.integration.site import OK, SECURITY
from tests.simulator import Simulator
from tests.simulator.standard import module
from tests.unit.access.test_audit import line

NOW = "2026-11-27T08:20:01.000000Z"


@pytest.fixture
def site(tmp_path):
    with Simulator() as sim:
        sim.publish(module("a.example/m", "v1.0.0"))
        sim.publish(module("b.example/m", "v1.0.0"))
        site = InProcessSite(tmp_path / "site", sim, modules=["a.example/m"])
        site.run("sync")
        yield site


def asked(site: InProcessSite) -> dict[str, tuple[int, str]]:
    found = site.run("requests", "list", "--all").document["requests"]
    return {f"{e['module']}@{e['query']}": (e["count"], e["state"]) for e in found}


@pytest.mark.parametrize(
    ("path", "wanted"),
    [
        (b"/a.example/m/@v/list", ("a.example/m", "latest")),
        (b"/a.example/m/@latest", ("a.example/m", "latest")),
        (b"/github.com/%21a/m/@v/v1.0.0.zip", ("github.com/A/m", "v1.0.0")),
        (b"/github.com/!a/m/@v/v1.0.0.mod?x=1", ("github.com/A/m", "v1.0.0")),
        (b"http://go.example/a.example/m/@v/main.info", ("a.example/m", "main")),
        (b"/sumdb/sum.x/lookup/a.example/m@v1.0.0", ("a.example/m", "v1.0.0")),
        (b"/sumdb/sum.x/tile/8/0/001", ("sum.x", "tile/8/0/001")),
        (b"/a.example/m/@v/v1.0.0.zip.sig", None),
        (b"/../../etc/passwd", None),
        (b"/favicon.ico", None),
        (b"/a.example/m\xff/@v/list", None),
        (b"/" + b"a" * 10_000, None),
    ],
)
def test_a_path_says_what_was_wanted(path, wanted):
    assert wanted_of(request_of(path)) == wanted


def test_only_what_is_below_the_prefix_is_asked_of_the_tree():
    path = b"/goproxy/a.example/m/@latest"
    assert wanted_of(request_of(path, "/goproxy")) == ("a.example/m", "latest")
    assert request_of(b"/goproxyx/a.example/m/@latest", "/goproxy") is None


def test_a_line_counts_once_however_its_log_is_named(site, tmp_path):
    log = tmp_path / "a.log"
    lines = [line(at, "/c.example/m/@v/v1.0.0.info", 404) for at in range(3)]
    log.write_text("".join(lines[:2]) + lines[2][:20])
    assert site.run("requests", "read", str(log)).document["lines"] == 2
    log.write_text("".join(lines))
    assert site.run("requests", "read", str(log)).document["lines"] == 1
    packed = tmp_path / "a.log.1.gz"
    packed.write_bytes(gzip.compress(log.read_bytes()))
    log.write_text(line(100, "/c.example/m/@v/v1.0.0.mod", 404))
    both = site.run("requests", "read", str(log), str(packed)).document
    assert both["lines"] == 1
    assert asked(site) == {"c.example/m@v1.0.0": (4, "open")}


def test_what_is_carried_by_now_is_no_request(site, tmp_path):
    log = tmp_path / "a.log"
    paths = ("a.example/m/@v/v1.0.0.zip", "a.example/m/@latest", "b.example/m/@latest")
    log.write_text("".join(line(1, f"/{path}", 404) for path in paths))
    document = site.run("requests", "read", str(log)).document
    assert [each["module"] for each in document["requests"]] == ["b.example/m"]
    assert asked(site) == {
        "a.example/m@latest": (1, "carried"),
        "a.example/m@v1.0.0": (1, "carried"),
        "b.example/m@latest": (1, "open"),
    }


# What go 1.26 asked for, in its order: (command, paths).
TRIED = [
    (
        "go get rsc.io/quote@v1.5.2",
        ["rsc.io/quote/@v/v1.5.2.info", "rsc.io/@v/v1.5.2.info"],
        {"rsc.io/quote@v1.5.2"},
    ),
    (
        "go get rsc.io/quote/sub@v1.5.2",
        [
            "rsc.io/@v/v1.5.2.info",
            "rsc.io/quote/@v/v1.5.2.info",
            "rsc.io/quote/sub/@v/v1.5.2.info",
        ],
        {"rsc.io/quote@v1.5.2", "rsc.io/quote/sub@v1.5.2"},
    ),
    (
        "go get github.com/acme/app/cmd@latest",
        [
            "github.com/acme/app/@v/list",
            "github.com/acme/@v/list",
            "github.com/acme/app/cmd/@v/list",
            "github.com/@v/list",
        ],
        {"github.com/acme/app@latest", "github.com/acme/app/cmd@latest"},
    ),
]


@pytest.mark.parametrize(("_", "paths", "wanted"), TRIED, ids=[t[0] for t in TRIED])
def test_prefixes_that_go_only_tries_are_no_requests(site, tmp_path, _, paths, wanted):
    log = tmp_path / "a.log"
    log.write_text("".join(line(at // 2, f"/{p}", 404) for at, p in enumerate(paths)))
    site.run("requests", "read", str(log))
    assert asked(site).keys() == wanted


@pytest.mark.parametrize("order", [1, -1])
def test_a_try_beside_what_is_carried_is_no_request(site, tmp_path, order):
    pair = [
        line(1, "/a.example/m/@v/v1.0.0.info", 200),
        line(1, "/a.example/@v/v1.0.0.info", 404),
    ]
    log = tmp_path / "a.log"
    log.write_text("".join(pair[::order]))
    site.run("requests", "read", str(log))
    assert asked(site) == {}


@pytest.mark.parametrize(
    "other",
    [
        line(1, "/one.example/m/@v/v2.0.0.info", 404),  # another version
        line(1, "/one.example/m/@v/v1.0.0.info", 404, address="10.0.0.2"),
        line(60, "/one.example/m/@v/v1.0.0.info", 404),
        line(1, "/one.examples/m/@v/v1.0.0.info", 404),
    ],
)
def test_what_was_not_asked_together_is_a_request(site, tmp_path, other):
    """A host may be a module, too, as gotest.tools is."""
    log = tmp_path / "a.log"
    log.write_text(line(1, "/one.example/@v/v1.0.0.info", 404) + other)
    site.run("requests", "read", str(log))
    assert asked(site)["one.example@v1.0.0"] == (1, "open")


def test_a_go_mod_is_never_a_try(site, tmp_path):
    paths = ("one.example/m/@v/v1.0.0.mod", "one.example/@v/v1.0.0.mod")
    log = tmp_path / "a.log"
    log.write_text("".join(line(1, f"/{path}", 404) for path in paths))
    site.run("requests", "read", str(log))
    assert asked(site).keys() == {"one.example/m@v1.0.0", "one.example@v1.0.0"}


def test_memory_for_tries_has_bounds():
    tries = PrefixTries()
    for number in range(60_000):
        path = f"h{number}.example"
        tries.note(request(number, f"{path}/m"))
        tries.holds(request(number, f"x{number}.example"))
    held = sum(1 for _ in tries.settled())
    assert held == 20_000
    assert len(tries._longer) <= 20_001


def request(at: int, path: str) -> AskedRequest:
    return AskedRequest(
        at, b"c", b"", b"GET", path.encode(), "list", path, "", 404, 0, b"", b""
    )


@pytest.mark.parametrize("section", ["access", "serve"])
def test_nobody_s_address_is_kept_where_that_is_said(site, tmp_path, section):
    log = tmp_path / "a.log"
    log.write_text(line(1, "/b.example/m/@latest", 404, user="ada"))
    site.declare(**{section: {"anonymous": True}})
    (found,) = site.run("requests", "read", str(log)).document["requests"]
    assert found["askers"] == {}
    site.declare(**{section: {"anonymous": False}})
    log.write_text(line(2, "/b.example/m/@latest", 404, user="ada"))
    (found,) = site.run("requests", "read", str(log)).document["requests"]
    assert found["askers"] == {"ada@10.0.0.1": 1}


def test_an_unsigned_or_altered_export_is_refused_where_a_key_is_trusted(
    site, tmp_path
):
    made = site.run("key", "new", "asker", "--dir", str(tmp_path)).document
    secret, public = made["secret_file"], made["public_file"]
    log, file = tmp_path / "a.log", tmp_path / "requests.json"
    log.write_text(line(1, "/b.example/m/@latest", 404))
    site.run("requests", "read", str(log))
    into = ("--into", str(tmp_path / "modules.txt"))
    site.declare(requests={"trust": public})
    site.run("requests", "export", str(file))
    refused = site.run("requests", "add", str(file), *into, expect=SECURITY)
    assert "not signed" in refused.stderr
    site.declare(requests={"trust": public, "key": secret})
    site.run("requests", "export", str(file))
    assert site.run("requests", "add", str(file), *into).code == OK
    assert "b.example/m@v1.0.0" in (tmp_path / "modules.txt").read_text()
    file.write_bytes(file.read_bytes().replace(b"b.example", b"x.example"))
    site.run("requests", "add", str(file), *into, expect=SECURITY)


def test_what_no_upstream_has_is_refused_with_the_reason(site, tmp_path):
    file, modules = tmp_path / "requests.json", tmp_path / "modules.txt"
    wanted = [
        ("gone.example/m", "v1.0.0"),
        ("b.example/m", "v1.0.0"),
        ("b.example", "latest"),
    ]
    carried = [
        CarriedRequest(module=path, query=query, count=1, first=NOW, last=NOW)
        for path, query in wanted
    ]
    file.write_bytes(format_file(RequestFile(site="x", made_at=NOW, requests=carried)))
    dry = site.run("requests", "add", str(file), "--into", str(modules), "--dry-run")
    assert dry.document["decisions"] == []
    assert not modules.exists()
    done = site.run("requests", "add", str(file), "--into", str(modules)).document
    assert done["added"] == ["b.example/m@v1.0.0"]
    states = {each["module"]: each["state"] for each in done["decisions"]}
    assert states["gone.example/m"] == states["b.example"] == "refused"
    again = site.run("requests", "add", str(file), "--into", str(modules)).document
    assert again["added"] == []


@settings(max_examples=25)
@given(st.binary(max_size=80))
def test_any_bytes_are_no_file_or_one(data: bytes):
    for parse in (parse_requests, parse_decisions):
        with pytest.raises(RejectedError):
            parse(data)


@given(st.text(min_size=1, max_size=50), st.integers(1, 1 << 50))
def test_what_is_written_is_read(text: str, count: int):
    request = CarriedRequest(module=text, query=text, count=count, first=NOW, last=NOW)
    file = RequestFile(site=text, made_at=NOW, requests=(request,))
    assert parse_requests(format_file(file)).requests == [request]
    decision = RequestDecision(
        module=text, query=text, state="refused", reason=text, decided_at=NOW
    )
    found = parse_decisions(format_file(DecisionFile(decisions=(decision,))))
    assert found.decisions == [decision]


def test_a_newer_format_and_times_that_go_back_are_refused():
    data = format_file(RequestFile(site="x", made_at=NOW, requests=(), format=2))
    with pytest.raises(RejectedError, match="newer"):
        parse_requests(data)
    odd = CarriedRequest(
        module="m", query="q", count=1, first=NOW, last="2020-01-01T00:00:00Z"
    )
    with pytest.raises(RejectedError, match="before"):
        parse_requests(format_file(RequestFile(site="x", made_at=NOW, requests=[odd])))
