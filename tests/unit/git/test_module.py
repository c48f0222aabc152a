"""Where a module's repository and folder are, and which tags are its versions."""

import pytest

from gosync.errors import MalformedError
from gosync.git.module import parse_template

URL = "https://git.corp/{path}.git"


@pytest.mark.parametrize(
    ("path", "depth", "url", "folder", "prefix"),
    [
        ("corp.example/a/b", None, "a/b", "", ""),
        ("corp.example/a/b/v2", None, "a/b", "", ""),
        ("corp.example/a/b/c/d", 2, "a/b", "c/d", "c/d/"),
        ("corp.example/a/b/c/v3", 2, "a/b", "c", "c/"),
        ("corp.example/a", 1, "a", "", ""),
    ],
)
def test_a_path_names_repository_and_folder(
    path: str, depth: int | None, url: str, folder: str, prefix: str
):
    found = parse_template(path, URL, depth)
    assert found.url == f"https://git.corp/{url}.git"
    assert (found.folder, found.tag_prefix) == (folder, prefix)


@pytest.mark.parametrize(("path", "depth"), [("corp.example", None), ("c.d/a", 2)])
def test_a_path_that_is_too_short_is_no_module(path: str, depth: int | None):
    with pytest.raises(MalformedError):
        parse_template(path, URL, depth)


def test_tags_of_the_module_alone_are_its_versions():
    names = [
        *("v1.0.0", "v1.10.0", "v1.9.0", "v1.2", "v2.0.0", "sub/v1.3.0", "x"),
        *("v1.0.1-0.20260102030405-abcdefabcdef", "v1.4.0+meta", "sub/v2.1.0"),
    ]
    refs = [f"refs/tags/{each}" for each in names] + ["refs/heads/v1.8.0"]

    def versions(path: str) -> list[str]:
        return parse_template(path, URL, 1).versions(refs)

    plain = ["v1.0.0", "v1.9.0", "v1.10.0"]
    assert versions("corp.example/a") == [*plain, "v2.0.0+incompatible"]
    assert versions("corp.example/a/v2") == ["v2.0.0"]
    assert versions("corp.example/a/sub") == ["v1.3.0"]
    assert versions("corp.example/a/sub/v2") == ["v2.1.0"]
