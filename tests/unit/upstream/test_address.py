"""Upstreams' URLs, and the secrets that are parted from them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gosync.errors import ConfigError
from gosync.upstream.address import (
    Address,
    make_logins,
    parse_address,
    shown_webhook,
)
from gosync.upstream.credentials import Credentials

SECRET = "SECRETWORD"
BROKEN = [
    f"https://user:{SECRET}/x@h.example/index",
    f"https://user:{SECRET}#x@h.example/index",
    f"https://user:{SECRET}?x@h.example/index",
    f"https://user:8080/{SECRET}@h.example/index",
    f"https://user:8080#{SECRET}@h.example",
    f"https://{SECRET} word/index",
    f"https://h.example#{SECRET}",
    f"https://h.example/?token={SECRET}",
    f"https://h.example:{SECRET}/",
    f"https://[::1:{SECRET}",
    f"https://user:{SECRET}@",
    f"http://user:{SECRET}@h.example",
    f"ftp://user:{SECRET}@h.example",
    f"file://user:{SECRET}@h.example/x",
    f"file://{SECRET}/x",
    f"file:{SECRET}",
    f"https:/user:{SECRET}@h",
    f"user:{SECRET}@h.example",
    f"https://user:{SECRET}\n@h.example",
    f"//user:{SECRET}@h.example",
    f"{SECRET}",
    "",
]


@pytest.mark.parametrize(
    ("text", "url", "login"),
    [
        ("https://host", "https://host", None),
        ("HTTPS://host/a/", "https://host/a/", None),
        ("http://host:1/a/b/", "http://host:1/a/b/", None),
        ("https://u:p@host:8443/a", "https://host:8443/a", ("u", "p")),
        ("https://u:p@s@host/a", "https://host/a", ("u", "p@s")),
        ("https://u:a%2Fb%23%3F%40%25@[::1]:8/", "https://[::1]:8/", ("u", "a/b#?@%")),
        ("https://u:p w@host", "https://host", ("u", "p w")),
        ("https://token@host", "https://host", ("token", "")),
        ("https://:word@host", "https://host", ("", "word")),
        ("https://@host", "https://host", None),
        ("file:///srv/a b/x@v1", "file:///srv/a b/x@v1", None),
    ],
)
def test_a_url_is_parted_from_its_login(
    text: str, url: str, login: tuple[str, str] | None
):
    wanted = None if login is None else Credentials(*login)

    assert parse_address(text) == Address(url, wanted)


@pytest.mark.parametrize("text", BROKEN)
def test_what_is_no_such_url_is_refused_unquoted(text: str):
    with pytest.raises(ConfigError) as caught:
        parse_address(text)
    shown = f"{caught.value} {caught.value.hint} {caught.value!r}"
    assert SECRET not in shown
    assert "user" not in shown.replace("user name", "")


def test_a_query_is_a_secret_where_it_is_allowed():
    address = parse_address(f"https://h/index?token={SECRET}", may_query=True)

    assert (address.url, address.query) == ("https://h/index", f"token={SECRET}")
    assert address.masked == "https://h/index?***"


def test_an_address_shows_without_its_secrets():
    address = parse_address(f"https://joe:{SECRET}@h/x")

    assert address.masked == "https://***@h/x"
    assert SECRET not in repr(address)
    assert "joe" not in repr(make_logins([address]))


@given(
    st.sampled_from(["https", "http", "file", "ftp", "", "HTTPS"]),
    st.text("abc:@/?#%[] \\,|\n1", max_size=12),
    st.text("abc:@/?#%[] \\,|\n1", max_size=12),
)
def test_no_secret_comes_back_however_it_is_written(scheme: str, a: str, b: str):
    try:
        address = parse_address(f"{scheme}://u:{a}{SECRET}{b}@h.example/index")
    except ConfigError as error:
        said = f"{error} {error.hint}"
    else:
        said = f"{address!r} {address.masked} {address.url}"
        assert address.login is not None
        assert SECRET in address.login.password
    assert SECRET not in said


def test_a_login_is_for_what_is_below_its_url():
    inner = parse_address("https://h.example/inner/")
    outer = parse_address("https://u:p@h.example")
    logins = make_logins([outer, inner])

    assert logins.of("https://h.example/a/@v/list") == outer
    assert logins.of("https://h.example/inner/a/@v/list") == inner
    assert logins.of("https://h.example?since=x") == outer
    assert logins.of("https://h.example.evil/") is None
    assert logins.of("https://h.examplE/") is None


def test_one_url_has_one_login():
    both = [parse_address(f"https://{who}:x@h.example") for who in "ab"]

    with pytest.raises(ConfigError, match=r"h\.example"):
        make_logins(both)
    assert make_logins([parse_address("https://h.example"), both[0]]).addresses == (
        both[0],
    )


@pytest.mark.parametrize("text", BROKEN)
def test_a_webhook_shows_its_host_alone(text: str):
    shown = shown_webhook(text)

    assert shown == "a webhook" or shown.count("/") == 2


def test_a_webhook_is_a_secret_as_a_whole():
    url = f"https://joe:{SECRET}@hooks.example/{SECRET}?x={SECRET}"

    assert shown_webhook(url) == "https://hooks.example"
