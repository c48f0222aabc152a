"""What people and programs are told of a log."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec
import pytest

from gosync.diagnose.explaining import ExplainedFailure, Explainer
from gosync.diagnose.handbook import handbook
from gosync.diagnose.language import PAGE_FILES, Language
from gosync.diagnose.pages import list_lines, page_of
from gosync.diagnose.places import fill_command, places_of
from gosync.diagnose.recognising import Recogniser
from gosync.diagnose.shipped import shipped_catalogue

_FOLDER = Path(__file__).parents[2] / "testdata/vectors/go-logs"
_CATALOGUE = shipped_catalogue()
_RECOGNISER = Recogniser(_CATALOGUE)
_EXPLAINER = Explainer(_CATALOGUE, Language.ENGLISH)


def _explained(log: bytes) -> ExplainedFailure:
    (one,) = _RECOGNISER.read(log).failures
    return _EXPLAINER.explain(one)


def test_a_program_gets_six_fields():
    url = "https://p.example/a.example/m/@v/v1.0.0.info"
    found = _explained(f'go: a.example/m@v1.0.0: Get "{url}": EOF\n'.encode())
    document = msgspec.to_builtins(found)
    assert list(document) == [
        "class",
        "candidates",
        "line",
        "cause",
        "remedy",
        "command",
    ]
    assert document["class"] == "network.eof"
    assert document["command"].endswith("https://p.example/a.example/m/@v/v1.0.0.info")


def test_a_single_candidate_is_explained_itself():
    found = _explained((_FOLDER / "26-http-502.txt").read_bytes())
    assert (found.failure_class, found.candidates) == ("http.5xx", ("http.502",))
    assert "(502)" in found.cause


def test_who_does_not_know_the_cause_asks_and_advises_nothing():
    found = _explained((_FOLDER / "83-major-version-suffix.txt").read_bytes())
    assert found.failure_class == "http.404"
    assert found.candidates[0] == "version.major_suffix"
    assert found.remedy.startswith("Does the command list v2.1.0?")
    assert found.command == "go list -m -versions std.example/scale/v2"


def test_failures_alike_are_explained_once():
    line = (
        'go: a.example/m{0}@v1.0.0: Get "https://p.example/m{0}/@v/v1.0.0.info": EOF\n'
    )
    reading = _RECOGNISER.read("".join(line.format(n) for n in range(5)).encode())
    said = list(_EXPLAINER.lines(reading))
    assert len(reading.failures) == 5
    assert sum(each.startswith("network.eof") for each in said) == 1
    assert "  (and 4 more like it)" in said


def test_a_log_without_failures_says_so():
    reading = _RECOGNISER.read(b"ok\n")
    assert list(_EXPLAINER.lines(reading)) == ["No failure of go was found."]
    chinese = Explainer(_CATALOGUE, Language.CHINESE)
    assert list(chinese.lines(reading)) == ["没有发现 go 的失败。"]


def test_control_characters_do_not_reach_a_terminal():
    log = b"go: a.example/m@v1\x07\x9b31m\xc2\x9b: \xe2\x80\xae unknown revision\x08\n"
    for line in _EXPLAINER.lines(_RECOGNISER.read(log)):
        assert line.isprintable() or line == ""


@pytest.mark.parametrize(
    "hostile", ["$(reboot)", "a;b", "a`b`", "a b", "a|b", "a\nb", "'"]
)
def test_what_a_shell_would_run_is_not_put_into_a_command(hostile):
    assert fill_command("curl {url}", {"url": hostile}) == "curl URL"


@pytest.mark.parametrize(
    ("text", "places"),
    [
        (
            'go: Get "https://p.example:8443/s/github.com/!azure/g/@v/v1.2.mod": EOF',
            {
                "host": "p.example",
                "hostport": "p.example:8443",
                "goproxy": "https://p.example:8443/s",
                "module": "github.com/Azure/g",
                "version": "v1.2",
            },
        ),
        (
            "go: a.example/m/v2@v2.0.0-pre+incompatible: unknown revision",
            {
                "module": "a.example/m/v2",
                "version": "v2.0.0-pre+incompatible",
                "major": "2",
            },
        ),
        (
            "verifying a.example/m@v1.0.0/go.mod: checksum mismatch",
            {"version": "v1.0.0"},
        ),
        ("a.example/m v1.0.0: dir has been modified", {"module": "a.example/m"}),
        (
            "x.go:1:2: no required module provides package a.example/m/x; to",
            {"module": "a.example/m/x"},
        ),
    ],
)
def test_places_are_read(text, places):
    found = places_of(text)
    assert {name: found.get(name) for name in places} == places


def test_each_class_has_a_page_in_both_languages():
    for language in Language:
        assert len(list(list_lines(_CATALOGUE, language))) == len(_CATALOGUE.classes)
        for failure in _CATALOGUE:
            page = list(page_of(_CATALOGUE, failure, language))
            assert page[0] == failure.name
            assert "{" not in "".join(page)


def test_the_handbook_has_every_class_and_needs_nothing_else():
    for language, name in PAGE_FILES.items():
        page = handbook(_CATALOGUE, language).decode()
        for failure in _CATALOGUE:
            assert f'<h3 id="{failure.name}">' in page
        assert re.findall(r'(?:src|href)="([^"]*)"', page) == [
            other for other in PAGE_FILES.values() if other != name
        ]
        assert "<script" not in page
        assert "&lt;v2.0.0" in page
