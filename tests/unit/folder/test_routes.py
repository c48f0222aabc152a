"""Where files lie, and what may have no place at all."""

from __future__ import annotations

import pytest

from gosync.errors import MalformedError
from gosync.folder import routes

HOSTILE_PATHS = [
    "",
    "/",
    "/etc/passwd",
    "../../etc/passwd",
    "example.com/../../etc/passwd",
    "example.com/./m",
    "example.com//m",
    "example.com/m/",
    "example.com/m\x00",
    "example.com/m\n",
    "example.com/@v",
    "example.com/m@v1.0.0",
    "example.com/.gosync",
    "example.com/a!b",
    "example.com/CON",
    "example.com/\udcff",
    "example.com/mödul",
    "sumdb/x",
    "sumdb",
    "modules/2",
    ".gosync/tree.json",
    "~/m",
    "C:/m",
    "example.com\\m",
    "index.html",
    "index.html/m",
    "status.json",
    "status.json/m",
    "example.com/" + "a" * 256,
    "example.com/" + "A" * 128,
    "example.com/" + "/".join(["aaaaaaaaa"] * 300),
]

HOSTILE_VERSIONS = [
    "",
    "v1",
    "v1.0",
    "1.0.0",
    "latest",
    "list",
    "v1.0.0/../../x",
    "../v1.0.0",
    "v1.0.0+meta",
    "v1.0.0-a/b",
    "v1.0.0\x00",
    "v1.0.0 ",
    "v1.0.0\n",
    "v2.0.0",
    "v1.0.0-" + "a" * 250,
    "v1.0.0-" + "A" * 125,
    "v1.0.0-\udcff",
]


def test_files_lie_where_go_asks_for_them() -> None:
    at = routes.of_module("github.com/Azure/SDK")
    assert at.list == "github.com/!azure/!s!d!k/@v/list"
    assert at.latest == "github.com/!azure/!s!d!k/@latest"
    assert at.page == "github.com/!azure/!s!d!k/@v/index.html"
    version = at.of_version("v1.5.3-PRE.1")
    assert version.info == "github.com/!azure/!s!d!k/@v/v1.5.3-!p!r!e.1.info"
    assert version.mod == "github.com/!azure/!s!d!k/@v/v1.5.3-!p!r!e.1.mod"
    assert version.zip == "github.com/!azure/!s!d!k/@v/v1.5.3-!p!r!e.1.zip"
    assert version.lookup == "github.com/!azure/!s!d!k@v1.5.3-!p!r!e.1"
    assert at.alias("0123abc") == "github.com/!azure/!s!d!k/@v/0123abc.info"


def test_incompatible_versions_keep_their_plus() -> None:
    at = routes.of_module("example.com/m").of_version("v2.0.0+incompatible")
    assert at.zip == "example.com/m/@v/v2.0.0+incompatible.zip"


@pytest.mark.parametrize("path", HOSTILE_PATHS)
def test_a_hostile_module_path_has_no_place(path: str) -> None:
    with pytest.raises(MalformedError):
        routes.of_module(path)


@pytest.mark.parametrize("version", HOSTILE_VERSIONS)
def test_a_hostile_version_has_no_place(version: str) -> None:
    with pytest.raises(MalformedError):
        routes.of_module("example.com/m").of_version(version)


@pytest.mark.parametrize(
    "revision", ["", "v1.0.0", "ABCDEF0", "012345", "0" * 65, "../"]
)
def test_only_hashes_have_aliases(revision: str) -> None:
    with pytest.raises(MalformedError):
        routes.of_module("example.com/m").alias(revision)


@pytest.mark.parametrize(
    "name", ["", ".", "..", "a/../b", "/a", "a/", "a//b", ".a", "a b"]
)
def test_a_hostile_database_name_has_no_place(name: str) -> None:
    with pytest.raises(MalformedError):
        routes.sumdb_folder(name)


def test_a_database_name_may_have_a_port_and_a_path() -> None:
    assert routes.sumdb_folder("localhost:8080/log") == "sumdb/localhost:8080/log"


@pytest.mark.parametrize("path", ["example.com/m", "github.com/Acme/SDK/v2"])
def test_a_module_s_page_needs_no_second_check(path: str) -> None:
    assert routes.module_page(path) == routes.of_module(path).page


def test_pages_of_the_list_are_named_after_their_first_module() -> None:
    page = routes.list_page("example.com/m")
    name = page.split("/")[1]
    assert page == f"modules/{name}/index.html" == routes.page_of_name(name)
    assert len({routes.list_page(f"example.com/{n}") for n in range(999)}) == 999


@pytest.mark.parametrize("name", ["feed.atom", "", "2", "0123456789ABCDEF"])
def test_other_names_are_no_pages(name: str) -> None:
    assert routes.page_of_name(name) is None


@pytest.mark.parametrize(
    ("name", "want"),
    [
        ("0123abc.info", "0123abc"),
        ("v1.0.0.info", None),
        ("0123abc.zip", None),
        ("list", None),
        ("info", None),
    ],
)
def test_an_alias_is_known_by_its_name(name: str, want: str | None) -> None:
    assert routes.revision_of_alias(name) == want
