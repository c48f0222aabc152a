from __future__ import annotations

import pytest

from gosync.errors import MalformedError, TooLargeError
from gosync.gomod.versionlist import MAX_LIST_BYTES, format_list, newest, parse_list

PSEUDO = "v0.0.0-20190507143103-cc8cbe209b64"


def test_a_list_is_read_line_by_line_and_junk_is_ignored() -> None:
    data = (
        b"v1.10.0\r\nv1.2.0 2019-01-01T00:00:00Z\n\n  v1.2.0\nlatest\n"
        + PSEUDO.encode()
        + b"\nv1.5\nv2.0.0\nv1.0.0+meta\nv1.3.0\xc2\xa0x\n\xff\nv1.4.0"
    )
    everything = ["v1.0.0+meta", "v1.2.0", "v1.3.0", "v1.4.0", "v1.5", "v1.10.0"]
    assert parse_list(data) == [*everything, "v2.0.0"]
    fitting = ["v1.2.0", "v1.3.0", "v1.4.0", "v1.10.0"]
    assert parse_list(data, path="example.com/m") == fitting
    assert parse_list(data, path="example.com/m/v2") == ["v2.0.0"]


def test_an_empty_list_is_an_answer() -> None:
    assert parse_list(b"") == []
    assert format_list([]) == b""


@pytest.mark.parametrize("data", [b"<html>v1.0.0", b"\n \r\n <!doctype html>\nv1.0.0"])
def test_html_is_no_list(data) -> None:
    with pytest.raises(MalformedError):
        parse_list(data)


def test_more_than_the_limit_is_not_parsed() -> None:
    with pytest.raises(TooLargeError):
        parse_list(b"\n" * (MAX_LIST_BYTES + 1))


def test_a_list_is_written_in_order() -> None:
    assert format_list(["v1.10.0", "v1.9.0", "v1.10.0"]) == b"v1.9.0\nv1.10.0\n"


@pytest.mark.parametrize(
    ("versions", "want"),
    [
        ([], None),
        (["v1.0.0", "v1.1.0-rc.1"], "v1.0.0"),
        (["v1.0.0-rc.1", PSEUDO], "v1.0.0-rc.1"),
        (["v1.0.0", "v3.0.0+incompatible"], "v3.0.0+incompatible"),
    ],
)
def test_the_newest_is_the_highest_release_else_pre_release(versions, want) -> None:
    assert newest(versions) == want


def test_incompatible_versions_may_have_to_stand_back() -> None:
    versions = ["v1.0.0", "v3.0.0+incompatible"]
    assert newest(versions, allow_incompatible=False) == "v1.0.0"
    assert newest(versions[1:], allow_incompatible=False) == versions[1]
