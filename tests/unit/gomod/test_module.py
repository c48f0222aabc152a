from __future__ import annotations

import pytest

from gosync.errors import MalformedError
from gosync.gomod import module
from gosync.gomod.module import ModuleVersion


def test_a_module_version_prints_as_path_at_version_and_parses_back() -> None:
    mv = ModuleVersion("github.com/Azure/azure-sdk", "v1.0.0")
    assert str(mv) == "github.com/Azure/azure-sdk@v1.0.0"
    assert ModuleVersion.parse(str(mv)) == mv


@pytest.mark.parametrize(
    "text",
    ["", "@", "a.b/c", "a.b/c@", "@v1.0.0", "a.b/c@main", "a.b/c@v2.0.0", "x@v1.0.0"],
)
def test_what_is_no_module_version_does_not_parse(text) -> None:
    with pytest.raises(MalformedError):
        ModuleVersion.parse(text)


def test_escaping_marks_upper_case_and_is_undone() -> None:
    path = "github.com/Azure/AzureSDK"
    assert module.escape_path(path) == "github.com/!azure/!azure!s!d!k"
    assert module.unescape_path("github.com/!azure/!azure!s!d!k") == path
    assert module.escape_version("v1.0.0-RC1") == "v1.0.0-!r!c1"
    assert module.unescape_version("v1.0.0-!r!c1") == "v1.0.0-RC1"


@pytest.mark.parametrize("escaped", ["Azure", "a!", "!!a", "!A", "!1", "é", "a/b"])
def test_what_is_not_escaped_rightly_is_refused(escaped) -> None:
    with pytest.raises(MalformedError):
        module.unescape_version(escaped)


@pytest.mark.parametrize("version", ["", "..", "a/b", "v1!", "ü", "a\\b", "nul"])
def test_a_version_that_is_no_file_name_is_not_escaped(version) -> None:
    with pytest.raises(MalformedError):
        module.escape_version(version)


@pytest.mark.parametrize(
    "path",
    ["../x", "a.b/../c", "a.b//c", "/a.b", "a.b/", "a.b/.git", "a.b/nul", "a.b/x~1"],
)
def test_hostile_module_paths_are_refused(path) -> None:
    with pytest.raises(MalformedError):
        module.check_path(path)


@pytest.mark.parametrize("name", ["\u017f.go", "K.go", "𞤀.go", "\U000323b0.go", "ﬆ.go"])
def test_any_letter_of_gos_unicode_may_be_in_a_file_name(name) -> None:
    module.check_file_path(name)  # U+323B0 is of Unicode 17


@pytest.mark.parametrize("name", ["a\udcff", "😀", "a\u0301", "٣"])
def test_what_is_no_letter_may_not(name) -> None:
    with pytest.raises(MalformedError):
        module.check_file_path(name)


@pytest.mark.parametrize(
    ("version", "path_major", "fits"),
    [
        ("v1.0.0", "", True),
        ("v2.0.0+incompatible", "", True),
        ("v2.0.0", "", False),
        ("v2.0.0", "/v2", True),
        ("v2.0.0", "v2", False),
        ("v1.0.0", ".v1-unstable", True),
        ("v0.0.0-20161208181325-20d25e280405", ".v1", True),
    ],
)
def test_a_version_must_fit_the_major_of_its_path(version, path_major, fits) -> None:
    assert module.match_path_major(version, path_major) == fits


def test_the_prefix_of_a_path_major_is_its_major_version() -> None:
    assert module.path_major_prefix("") == ""
    assert module.path_major_prefix("/v2") == "v2"
    assert module.path_major_prefix(".v1-unstable") == "v1"
    with pytest.raises(MalformedError):
        module.path_major_prefix("/v2-unstable")
    with pytest.raises(MalformedError):
        module.path_major_prefix("v2")


def test_a_gopkg_path_may_be_unstable_without_a_number() -> None:
    path = "gopkg.in/x.v-unstable"  # odd, and what Go answers
    assert module.split_path_version(path) == ("gopkg.in/x", ".v-unstable", True)
