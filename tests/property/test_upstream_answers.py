"""Whatever the other side sends, only our own errors come out."""

from __future__ import annotations

import gzip
import json
from collections.abc import Set as AbstractSet
from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from gosync.errors import ConfigError, GosyncError, MalformedError, TruncatedError
from gosync.upstream.address import parse_address
from gosync.upstream.answer import shown_headers
from gosync.upstream.credentials import parse_netrc
from gosync.upstream.encoding import GzipDecoder
from gosync.upstream.environment import ProxyEnvironment
from gosync.upstream.goproxy import parse_goproxy
from gosync.upstream.indexpage import read_page, time_key
from gosync.upstream.refusal import parse_retry_after, refusal
from gosync.upstream.urls import strip_secrets
from tests.tiers import examples

NOW = datetime(2026, 11, 22, tzinfo=UTC)
moderate = settings(max_examples=examples(150))
word = st.text("abcdefghijklmnopqrstuvwxyz0123456789", min_size=1, max_size=12)


@moderate
@given(st.text())
def test_any_text_is_a_netrc(text: str) -> None:
    for machine, found in parse_netrc(text).items():
        assert machine in text
        assert found.authorization().startswith("Basic ")


@moderate
@given(st.text() | st.from_regex(r"(https?|file)://[^\s]*([,|].*)?", fullmatch=True))
def test_any_text_is_a_proxy_list_or_a_wrong_configuration(text: str) -> None:
    try:
        parsed = parse_goproxy(text)
    except ConfigError:
        return
    assert parsed.entries
    for entry in parsed.entries:
        if entry.url not in ("direct", "off"):
            parse_address(entry.url)


@moderate
@given(word, word, word, st.sampled_from(["/", "/a", "", ":80/", "/?q=x", "#f"]))
def test_no_message_about_a_url_holds_its_password(
    user: str, password: str, host: str, rest: str
) -> None:
    secret = f"SECRET{password}"
    for scheme in ("https", "http", "ftp", "file", ""):
        url = f"{scheme}://{user}:{secret}@{host}{rest}"
        assert secret not in strip_secrets(url)
        try:
            shown = repr(parse_goproxy(url))
        except ConfigError as exc:
            shown = str(exc)
        assert secret not in shown


@moderate
@given(st.text())
def test_any_text_is_a_retry_after(text: str) -> None:
    got = parse_retry_after(text, now=NOW)
    assert got is None or got >= 0


@moderate
@given(
    st.integers(100, 999), st.dictionaries(word, st.text()), st.binary(max_size=9000)
)
def test_any_answer_is_an_error_of_bounded_length(
    status: int, headers: dict[str, str], body: bytes
) -> None:
    headers |= {"content-type": "text/plain"}
    error = refusal("u", status, headers=headers, body=body, now=NOW)
    assert isinstance(error, GosyncError)
    assert len(str(error)) < 1000
    assert str(error).isprintable()


@moderate
@given(st.lists(st.tuples(st.binary(), st.binary())))
def test_any_headers_are_evidence(raw: list[tuple[bytes, bytes]]) -> None:
    shown = shown_headers(raw)
    assert "set-cookie" not in shown
    json.dumps(shown)


@moderate
@given(st.dictionaries(st.sampled_from(["HTTP_PROXY", "NO_PROXY"]), st.text()))
def test_any_environment_is_read_or_refused(environment: dict[str, str]) -> None:
    try:
        parsed = ProxyEnvironment.parse(environment)
    except ConfigError:
        return
    parsed.proxy_for("http", "example.com", 80)


@moderate
@given(st.lists(st.binary(max_size=2000), max_size=4), st.integers(1, 300))
def test_gzip_is_undone_however_it_is_cut(members: list[bytes], size: int) -> None:
    data = b"".join(gzip.compress(each) for each in members)
    decoder = GzipDecoder("u")
    pieces = [
        piece
        for start in range(0, len(data), size)
        for piece in decoder.decode(data[start : start + size])
    ]
    decoder.finish()
    assert b"".join(pieces) == b"".join(members)


@moderate
@given(st.binary(max_size=500), st.integers(0, 40))
def test_damaged_gzip_is_truncated_or_undone(junk: bytes, keep: int) -> None:
    decoder = GzipDecoder("u")
    try:
        for _ in decoder.decode(gzip.compress(b"hello")[:keep] + junk):
            pass
        decoder.finish()
    except TruncatedError:
        pass


rows = st.lists(
    st.binary(max_size=60)
    | st.builds(
        lambda path, version, stamp: json.dumps(
            {"Path": path, "Version": version, "Timestamp": stamp}
        ).encode(),
        st.text(max_size=20) | st.just("example.com/a"),
        st.text(max_size=10) | st.just("v1.0.0"),
        st.text(max_size=30)
        | st.datetimes(timezones=st.none()).map(lambda d: d.isoformat() + "Z"),
    ),
    max_size=8,
)


@moderate
@given(lines=rows, picky=st.booleans())
def test_any_bytes_are_an_index_page_or_malformed(
    lines: list[bytes], picky: bool
) -> None:
    def examples(lines: str) -> AbstractSet[str]:
        return {path for path in lines.split("\n") if path.startswith("example")}

    wanted = examples if picky else None
    try:
        page, _ = read_page(b"\n".join(lines), "", (), wanted=wanted, limit=2000)
    except MalformedError:
        return
    assert len(page.events) <= page.seen
    for event in page.events:
        assert time_key(event.timestamp) <= time_key(page.last)


aware = st.datetimes(timezones=st.just(UTC)).filter(lambda d: 1 < d.year < 9999)


@moderate
@given(aware, aware, st.integers(-720, 720))
def test_time_keys_sort_as_moments_do(
    a: datetime, b: datetime, offset_minutes: int
) -> None:
    def written(moment: datetime) -> str:
        text = moment.replace(tzinfo=None).isoformat()
        return (text.rstrip("0") if "." in text else text) + "Z"

    assert (time_key(written(a)) < time_key(written(b))) == (a < b)
    sign = "-" if offset_minutes < 0 else "+"
    hours, minutes = divmod(abs(offset_minutes), 60)
    local = (a + timedelta(minutes=offset_minutes)).replace(tzinfo=None).isoformat()
    there = f"{local}{sign}{hours:02}:{minutes:02}"
    assert time_key(there) == time_key(written(a))
