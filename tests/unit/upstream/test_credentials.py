from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from gosync.upstream.credentials import (
    Credentials,
    credentials_of_user_info,
    load_netrc,
    parse_netrc,
)

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def test_entries_may_stand_on_one_line_or_many() -> None:
    text = (
        "machine one login joe password tiger\n"
        "machine two\n\tlogin eve\r\n\tpassword apple\n"
        "machine nobody login x\n"
        "machine one login later password later\n"
        "machine three password p account a login q\n"
    )
    assert parse_netrc(text) == {
        "one": Credentials("joe", "tiger"),
        "two": Credentials("eve", "apple"),
        "three": Credentials("q", "p"),
    }


def test_macros_are_passed_over() -> None:
    text = (
        "macdef init\nmachine no login a password b\n\nmachine yes login a password b"
    )
    assert list(parse_netrc(text)) == ["yes"]


def test_default_ends_the_file() -> None:
    text = "machine a login b password c\ndefault\nmachine d login e password f\n"
    assert list(parse_netrc(text)) == ["a"]


def test_the_variable_wins_over_the_home(tmp_path: Path) -> None:
    (tmp_path / ".netrc").write_text("machine home login a password b")
    (tmp_path / "other").write_text("machine other login a password b")
    home = {"HOME": str(tmp_path)}
    assert list(load_netrc(home)) == ["home"]
    assert list(load_netrc(home | {"NETRC": str(tmp_path / "other")})) == ["other"]
    assert load_netrc(home | {"NETRC": str(tmp_path / "none")}) == {}
    assert load_netrc({}) == {}


def test_a_netrc_that_cannot_be_read_is_passed_over_with_a_warning(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / ".netrc").mkdir()
    with caplog.at_level(logging.WARNING):
        assert load_netrc({"HOME": str(tmp_path)}) == {}
    assert "netrc" in caplog.text


def test_credentials_do_not_show() -> None:
    assert "tiger" not in repr(Credentials("joe", "tiger"))


def test_user_info_is_unquoted() -> None:
    assert credentials_of_user_info(b"jo%40e:ti%3Ager:x") == Credentials(
        "jo@e", "ti:ger:x"
    )
    assert credentials_of_user_info(b"token") == Credentials("token", "")
    assert credentials_of_user_info(b":") is None


def test_scrubbing_without_a_password_leaves_the_text() -> None:
    assert Credentials("token", "").scrub("a token") == "a token"
