"""GOSUMDB values."""

from __future__ import annotations

import pytest

from gosync.errors import MalformedError
from gosync.sumdb.names import Database, parse_gosumdb
from gosync.sumdb.note import generate_key

GOLANG_KEY = "sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8"


def key(name):
    return generate_key(name, seed=b"s" * 32)[1]


def test_the_key_of_sum_golang_org_is_built_in():
    assert parse_gosumdb("sum.golang.org") == Database(
        "sum.golang.org", GOLANG_KEY, None
    )
    assert parse_gosumdb(GOLANG_KEY) == Database("sum.golang.org", GOLANG_KEY, None)


def test_an_address_of_ones_own_can_be_given():
    want = Database("sum.golang.org", GOLANG_KEY, "https://mirror.example/sumdb")
    assert parse_gosumdb("sum.golang.org  https://mirror.example/sumdb/ ") == want


def test_the_mirror_for_china_is_the_same_log_at_another_address():
    want = Database("sum.golang.org", GOLANG_KEY, "https://sum.golang.google.cn")
    assert parse_gosumdb("sum.golang.google.cn") == want


def test_off_is_no_database():
    assert parse_gosumdb("off") is None


@pytest.mark.parametrize(
    "name", ["sum.example.com", "localhost:8080", "example.com/sumdb", "a/b_c/d~e/f.g"]
)
def test_other_databases_are_known_by_their_key(name):
    database = parse_gosumdb(key(name))
    assert database is not None
    assert database.name == name
    assert database.verifier().name == name


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:8080", "file:///srv/sumdb", "https://x/y"]
)
def test_addresses_are_http_https_or_file(url):
    database = parse_gosumdb(f"sum.golang.org {url}")
    assert database is not None
    assert database.url == url


@pytest.mark.parametrize(
    "value",
    [
        "",
        " ",
        "OFF",
        "off off",
        "sum.example.com",
        "sum.golang.org https://a https://b",
        GOLANG_KEY[:-1],
        "sum.golang.org ftp://a",
        "sum.golang.org a.example",
        "sum.golang.org https://",
        "sum.golang.org https://a?b",
        "sum.golang.org https://a#b",
        "sum.golang.org https://a:port",
        "sum.golang.org http://[",
        "sum.golang.org http://ä",
        "sum.golang.org file://host/a",
        "sum.golang.org file:a",
        key("/"),
        key("a/"),
        key("a//b"),
        key("a/../b"),
        key("a/.b"),
        key("../a"),
        key("."),
        key("a\\b"),
        key("a%2fb"),
        key("a?b"),
        key("user@a"),
        key("ä.example"),
        key("https://a"),
        key("a" * 201),
        "\ud800+00000000+AAAA",
    ],
)
def test_what_names_no_database_is_malformed(value):
    with pytest.raises(MalformedError):
        parse_gosumdb(value)
