"""Access logs tell the same however they are cut: whole, line by line, by ranges."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gosync.access import files, lines, ranges
from gosync.access.alerts import Surroundings
from gosync.access.audit import AccessAudit, AccessOptions
from gosync.access.ranges import RangeReader
from gosync.access.report import AccessReport
from gosync.access.rule import AccessRule, Per, RuleOutcome
from gosync.work.progress import NoProgress

START = datetime(2026, 11, 27, 23, 59, 50, tzinfo=UTC)
PATHS = (
    "/rsc.io/quote/@latest",
    "/rsc.io/quote/@v/list",
    "/rsc.io/quote/@v/v1.5.2.zip",
    "/rsc.io/quote/@v/v1.5.2.mod",
    "/corp.example/secret/@v/v1.0.0.zip",
    "/sumdb/sum.golang.org/lookup/rsc.io/quote@v1.5.2",
    "/sumdb/sum.golang.org/tile/8/0/000",
    "/sumdb/x/lookup/m@v/list",
    "/",
    "*",
    "/%ff@latest",
)
AGENTS = ("Go-http-client/1.1", "GoCommand/1 (+https://go.dev/cmd/go)", "curl/8", "-")
RULES = (
    AccessRule(name="flood", query="latest", count=2, window_seconds=20),
    AccessRule(name="users", count=3, window_seconds=9, per=Per.USER),
    AccessRule(name="gone", outcome=RuleOutcome.MISSING, distinct=True, count=1),
    AccessRule(name="unknown", query="zip", unknown_agent=True, count=1),
    AccessRule(name="no-mod", query="zip", without="mod", count=1),
)
AROUND = Surroundings(
    ["corp.example/*"], frozenset({("rsc.io/quote", "v1.5.2")}), inside=()
)

requests = st.builds(
    '10.0.0.{} - {} [{:%d/%b/%Y:%H:%M:%S} {}] "GET {} HTTP/1.1" {} {} "-" "{}"{}'
    "\n".format,
    st.integers(1, 4),
    st.sampled_from(("-", "ada", "ben")),
    st.builds(
        lambda days, seconds: START + timedelta(days=days, seconds=seconds),
        st.sampled_from((0, 0, 0, 1, 2, 9)),
        st.integers(0, 40),
    ),
    st.sampled_from(("+0000", "+0000", "+0130")),
    st.sampled_from(PATHS),
    st.sampled_from((200, 200, 200, 304, 404, 403, 500)),
    st.sampled_from((0, 1, 999_999_999_999_999_999, "-")),
    st.sampled_from(AGENTS),
    st.sampled_from(("", "", ' "HIT"', " MISS")),
)
others = st.sampled_from(
    (
        "\n",
        "no request\n",
        '10.0.0.1 - - [no time] "GET / HTTP/1.1" 200 5 "-" "-"\n',
        "x" * 700 + "\n",
    )
)


@pytest.fixture(autouse=True)
def small_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ranges, "RANGE_BYTES", 333)
    monkeypatch.setattr(ranges, "BLOCK_BYTES", 90)
    monkeypatch.setattr(files, "BLOCK_BYTES", 200)
    monkeypatch.setattr(lines, "MAX_LINE_BYTES", 500)


def told(audit: AccessAudit) -> AccessReport:
    return AccessReport.of(audit)


def new_audit() -> AccessAudit:
    return AccessAudit(AccessOptions(rules=RULES, around=AROUND))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25)
@given(
    st.lists(st.one_of(requests, requests, requests, others), max_size=60),
    st.booleans(),
)
def test_ranges_blocks_and_single_lines_tell_the_same(
    tmp_path: Path, written: list[str], ended: bool
):
    log = tmp_path / "access.log"
    text = PLAIN + "".join(written)
    log.write_text(text if ended else text.removesuffix("\n"))
    whole, by_ranges, by_lines = new_audit(), new_audit(), new_audit()
    whole.read([str(log)], NoProgress())
    with by_ranges.range_reader([str(log)]) as reader:
        by_ranges.read([str(log)], NoProgress(), reader)
    for line in log.read_bytes().split(b"\n"):
        if len(line) < 500:
            by_lines.tally.see(by_lines.reader.lines(line + b"\n"))
    by_lines.tally.end()
    by_lines.alerts.sort()
    assert told(by_ranges) == told(whole)
    expected = told(whole)
    found = told(by_lines)
    assert (found.requests, found.clients, found.users, found.modules) == (
        expected.requests,
        expected.clients,
        expected.users,
        expected.modules,
    )
    assert (found.alerts, found.findings, found.agents) == (
        expected.alerts,
        expected.findings,
        expected.agents,
    )


PLAIN = (
    '10.0.0.9 - - [27/Nov/2026:23:59:40 +0000] "GET /rsc.io/quote/@latest HTTP/1.1"'
    ' 200 5 "-" "Go-http-client/1.1"\n'
)


def test_processes_tell_what_one_process_tells(tmp_path: Path):
    log = tmp_path / "access.log"
    log.write_text(
        "".join(PLAIN.replace("10.0.0.9", f"10.0.0.{at % 7}") for at in range(300))
    )
    whole, beside = new_audit(), new_audit()
    whole.read([str(log)], NoProgress())
    with RangeReader(beside.tally.new_counter, 1 << 30) as reader:
        beside.read([str(log)], NoProgress(), reader)
    assert told(beside) == told(whole)
    assert told(beside).lines == 300
