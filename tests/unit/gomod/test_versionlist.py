from __future__ import annotations

import pytest

from gosync.errors import MalformedError, TooLargeError
from gosync.gomod.versionlist import (
    MAX_LINES,
    MAX_LIST_BYTES,
    MAX_LISTED,
    format_list,
    newest,
    parse_list,
    read_list,
)

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


def test_versions_that_go_cannot_store_are_left_out_and_counted() -> None:
    long = b"v1.0.0-" + b"a" * (4 << 20)
    found = read_list(b"v1.0.0\n" + long + b"\n" + b"x" * 5000 + b"\n", path="a.b/c")
    assert found.versions == ("v1.0.0",)
    assert found.left_out == {"too long": 1}
    digits = b"v1." + b"9" * (4 << 20) + b".0\n"
    assert read_list(digits + b"v1.2.0").versions == ("v1.2.0",)


def test_of_too_many_versions_the_highest_are_kept() -> None:
    count = 3 * MAX_LISTED
    data = b"".join(b"v1.%d.0\n" % number for number in range(count))
    found = read_list(data, path="a.b/c")
    assert len(found.versions) == MAX_LISTED
    assert found.versions[-1] == f"v1.{count - 1}.0"
    assert found.left_out == {"too many": count - MAX_LISTED}


def test_reading_looks_up_now_and_then() -> None:
    def cancelled() -> None:
        raise TimeoutError

    with pytest.raises(TimeoutError):
        read_list(b"v1.0.0\n", look_up=cancelled)


@pytest.mark.parametrize(
    ("lines", "commit"),
    [
        ((PSEUDO, "v0.0.0-20200101000000-abcdefabcdef"), 1),
        (("v0.0.0-20200101000000-abcdefabcdef", PSEUDO), 0),
        ((PSEUDO, "v0.0.0-20200101000000-abcdefabcdef 2001-01-01T00:00:00Z"), 0),
        ((f"{PSEUDO} yesterday", "v0.0.0-20010101000000-abcdefabcdef"), 1),
        ((PSEUDO, "v2.0.0-20200101000000-abcdefabcdef"), 0),
        (("v0.0.0-20209901000000-abcdefabcdef",), None),
        ((), None),
    ],
)
def test_the_latest_commit_of_a_list_is_known(
    lines: tuple[str, ...], commit: int | None
) -> None:
    found = read_list("\n".join(lines).encode(), path="example.com/m")
    assert found.versions == ()
    want = None if commit is None else lines[commit].split()[0]
    assert found.commit == want


def test_of_a_list_so_many_lines_are_read() -> None:
    data = b"junk\n" * (MAX_LINES - 1) + b"v1.0.0\nv1.1.0\nv1.2.0\n"
    found = read_list(data)
    assert found.versions == ("v1.0.0",)
    assert found.left_out == {"too many": 2}
