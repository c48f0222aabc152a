"""Doctor's parsers: whatever comes, they return or refuse, and raise nothing else."""

from __future__ import annotations

from contextlib import suppress

from hypothesis import given
from hypothesis import strategies as st

from gosync.diagnose.doctor.diagnosis import FaultFoundError
from gosync.diagnose.doctor.goflags import flag_findings
from gosync.diagnose.doctor.gosettings import make_settings, parse_env_file
from gosync.diagnose.doctor.nameserver import addresses_in
from gosync.diagnose.doctor.queries import is_range, pick
from gosync.diagnose.doctor.repository import go_imports
from gosync.diagnose.doctor.ways import near_private, parse_subject, parse_ways
from gosync.diagnose.doctor.webproxy import parse_web_proxy


@given(st.binary(), st.integers(0, 40), st.integers(0, 5))
def test_records_of_a_name_server(answer: bytes, at: int, count: int) -> None:
    for address in addresses_in(answer, at, count):
        assert address.count(".") == 3


@given(st.text())
def test_a_list_of_proxies(text: str) -> None:
    with suppress(FaultFoundError):
        assert parse_ways(text)


@given(st.text())
def test_a_subject(text: str) -> None:
    with suppress(FaultFoundError):
        path, _ = parse_subject(text)
        assert "." in path.split("/")[0]


@given(st.text(), st.text())
def test_patterns(patterns: str, path: str) -> None:
    near_private(make_settings({"GOPRIVATE": patterns}, {}, {}), path)


@given(st.text())
def test_settings(text: str) -> None:
    parse_env_file(text)
    parse_web_proxy(text, "HTTPS_PROXY")
    list(flag_findings(text))


@given(st.binary())
def test_pages(page: bytes) -> None:
    list(go_imports(page))


@given(st.text() | st.from_regex(r"(<=?|>=?)v[0-9.]{0,9}|v[0-9](\.[0-9])?"))
def test_queries(query: str) -> None:
    if is_range(query):
        with suppress(ValueError):
            pick(query, ["v1.0.0", "v1.2.0-rc.1"])
