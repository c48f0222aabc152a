from __future__ import annotations

from datetime import UTC, datetime

import pytest

from gosync.errors import MalformedError, TooLargeError
from gosync.gomod.info import (
    MAX_INFO_BYTES,
    Origin,
    VersionInfo,
    format_info,
    format_time,
    parse_info,
    parse_time,
)


def test_an_info_is_read_with_its_origin_and_keeps_its_bytes() -> None:
    data = (
        b'{"Version":"v0.8.2","Time":"2023-05-01T12:00:00Z","Origin":{"VCS":"git",'
        b'"URL":"https://go.example/x","Ref":"refs/tags/v0.8.2","Hash":"596c99"}}'
    )
    info = parse_info(data)
    assert info == VersionInfo(
        "v0.8.2",
        datetime(2023, 5, 1, 12, tzinfo=UTC),
        Origin(
            vcs="git", url="https://go.example/x", ref="refs/tags/v0.8.2", hash="596c99"
        ),
    )
    assert info.raw == data


def test_keys_match_in_any_case_and_unknown_ones_are_ignored() -> None:
    info = parse_info('{"VER\u017fION":"v1.0.0","time":null,"New":[1e999]}'.encode())
    assert info == VersionInfo("v1.0.0")


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"<html>",
        b"null",
        b"[]",
        b"{}",
        b'{"Version":""}',
        b'{"Version":1}',
        b'{"Version":"v1.0.0","Time":""}',
        b'{"Version":"v1.0.0","Time":0}',
        b'{"Version":"v1.0.0","Origin":[]}',
        b'{"Version":"v1.0.0"} {}',
        b'{"Version":"v1.0.0","X":NaN}',
        b'{"Version":"v1.0.0","X":' + b"[" * 100_000,
    ],
)
def test_what_go_refuses_or_cannot_use_is_malformed(data) -> None:
    with pytest.raises(MalformedError):
        parse_info(data)


def test_more_than_the_limit_is_not_parsed() -> None:
    with pytest.raises(TooLargeError):
        parse_info(b" " * (MAX_INFO_BYTES + 1))


def test_an_info_is_written_as_go_writes_it() -> None:
    time = datetime(2023, 5, 1, 12, 0, 0, 120_000, tzinfo=UTC)
    info = VersionInfo("v1.0.0", time, Origin(vcs="git", hash="ab"))
    data = format_info(info)
    assert data == (
        b'{"Version":"v1.0.0","Time":"2023-05-01T12:00:00.12Z",'
        b'"Origin":{"VCS":"git","Hash":"ab"}}'
    )
    assert parse_info(data) == info
    assert format_info(VersionInfo("v1.0.0")) == b'{"Version":"v1.0.0"}'


@pytest.mark.parametrize(
    ("text", "want"),
    [
        ("2019-01-02T15:04:05Z", "2019-01-02T15:04:05Z"),
        ("2019-01-02T15:04:05.123456789+02:00", "2019-01-02T13:04:05.123456Z"),
        ("2019-01-02T5:04:05,5Z", "2019-01-02T05:04:05.5Z"),
        ("2019-01-02T15:04:00-24:00", "2019-01-03T15:04:00Z"),
    ],
)
def test_times_are_read_as_widely_as_go_reads_them(text, want) -> None:
    assert format_time(parse_time(text)) == want


@pytest.mark.parametrize(
    "text",
    [
        "2019-02-30T00:00:00Z",
        "2019-01-02T15:04:60Z",
        "2019-01-02t15:04:05z",
        "2019-01-02T15:04:05+25:00",
        "2019-01-02",
        "0000-01-01T00:00:00Z",
        "0001-01-01T00:00:00+01:00",
    ],
)
def test_other_times_are_malformed(text) -> None:
    with pytest.raises(MalformedError):
        parse_time(text)


@pytest.mark.parametrize(
    ("more", "commit"),
    [
        ('"Name":"abcdef0"', "abcdef0"),
        ('"name":"abcdef0","Short":"a"', "abcdef0"),
        ('"Name":"abcdef0","Origin":{"Hash":"def"}', "def"),
        ('"Name":"abcdef0","Origin":{"Hash":""}', "abcdef0"),
        ('"Name":["abcdef0"]', ""),
        ('"Name":"v1.0.0"', ""),
        ('"Name":"","Short":""', ""),
        ('"Name":null', ""),
    ],
)
def test_the_commit_is_what_the_first_proxies_called_the_name(
    more: str, commit: str
) -> None:
    info = parse_info(f'{{"Version":"v1.0.0",{more}}}'.encode())
    assert info.commit == commit
