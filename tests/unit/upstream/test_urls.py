from __future__ import annotations

import pytest

from gosync.errors import MalformedError
from gosync.upstream import urls


@pytest.mark.parametrize(
    ("text", "want"),
    [
        ("https://host/a", "https://host/a"),
        ("https://joe:tiger@host:8443/a", "https://host:8443/a"),
        ("https://host/a?X-Signature=secret#x", "https://host/a"),
        ("https://joe:ti@ger@host/a", "https://host/a"),
        ("file:///srv/proxy", "file:///srv/proxy"),
        ("direct", "direct"),
        ("", ""),
    ],
)
def test_shown_urls_hold_no_secrets(text: str, want: str) -> None:
    assert urls.strip_secrets(text) == want


def test_user_info_is_stripped_anywhere_in_a_text() -> None:
    text = "from https://joe:tiger@a/x to http://eve:pw@b/y, see mail@c"
    assert urls.strip_user_info(text) == "from https://a/x to http://b/y, see mail@c"


@pytest.mark.parametrize(
    ("path", "module", "sumdb"),
    [
        ("rsc.io/!q/@v/v1.0.0.mod", "rsc.io/%21q/@v/v1.0.0.mod", None),
        ("a/@v/v2.0.0+incompatible.zip", None, None),
        ("lookup/a~b@v1.0.0", None, None),
        ("a b?c#d%e;f,g", "a%20b%3Fc%23d%25e%3Bf%2Cg", "a%20b%3Fc%23d%25e%3Bf,g"),
    ],
)
def test_paths_go_over_the_wire_as_go_sends_them(
    path: str, module: str | None, sumdb: str | None
) -> None:
    assert urls.module_path_on_wire(path) == (module or path)
    assert urls.sumdb_path_on_wire(path) == (sumdb or path)


def test_joining_minds_the_slash() -> None:
    assert urls.join("https://h/", "a/b") == "https://h/a/b"
    assert urls.join("https://h/x", "a/b") == "https://h/x/a/b"


def test_file_urls_name_paths() -> None:
    assert urls.file_path("file:///srv/a%20b/%21q") == "/srv/a b/!q"
    with pytest.raises(MalformedError):
        urls.file_path("file:///srv/%00")
