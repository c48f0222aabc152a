"""Doctor's sentences: each has its Chinese text, into which the same is put."""

from __future__ import annotations

import ast
import re
import string
from collections.abc import Iterator
from pathlib import Path

import pytest

from gosync.diagnose import doctor
from gosync.diagnose.doctor.report import DoctorReport
from gosync.diagnose.doctor.saying import (
    counted,
    parse_sentences,
    say,
    translated,
)
from gosync.diagnose.doctor.sentencefile import SENTENCES_FILE, sentences_in
from gosync.diagnose.language import Language
from tests.unit.diagnose.doctor.scene import Asked, scene_in
from tests.unit.diagnose.doctor.test_worlds import diagnose
from tests.unit.diagnose.doctor.worlds import WORLDS

_TEXTS = sentences_in(Language.CHINESE)
_CHINESE = re.compile("[\u4e00-\u9fff]")
# Whose arguments, by place or name, people read.
_READ: dict[str, tuple[int | str, ...]] = {
    "say": (0,),
    "saw": (0,),
    "fault": (1, 2, "text", "remedy"),
    "_fault": (0, 1),
    "_absence": (1, 2),
    "_warning": (1, 2),
    "warn": (1, 2, "text", "remedy"),
    "blame": (1, 2, "text", "remedy"),
    "StageFinding": ("text", "remedy"),
}
_WORDS = re.compile(r"[a-z]{3,}")
_COMMAND = re.compile(
    r"(?:unset|export|go env -[uw]|go get|go clean -modcache|git ls-remote) ?\S*"
)
# Command lines alone, and what only programs tell.
_SAME = {
    *("{kind} {h1}{proved}", "{status} {content_type}", "go env -u GOFLAGS"),
    "GOPATH/pkg/sumdb/{name}/latest: {exc}",
}
_FILES = sorted(
    path
    for path in Path(doctor.__file__).parent.glob("*.py")
    if path.name != "saying.py"  # which says what others give it
)
# Classes whose text is what the gate, the system or go said, in their own words.
_OTHERS_WORDS = {
    *("protocol.info_json", "zip.rule", "sum.unknown_key", "sum.bad_signature"),
    *("sum.forged", "sum.absent", "sum.fork", "sum.tile_missing", "sum.server_error"),
    *("env.gosumdb", "module.malformed_path", "network.refused", "module.gomod_parse"),
    *("network.reset", "network.eof", "vcs.failed"),
}
_COLON = "\uff1a"


def _texts_in(node: ast.expr) -> Iterator[ast.expr]:
    """Yield the texts that an argument may be."""
    if isinstance(node, ast.IfExp):
        yield from _texts_in(node.body)
        yield from _texts_in(node.orelse)
    elif isinstance(node, ast.Constant | ast.JoinedStr | ast.BinOp):
        yield node


def _arguments() -> Iterator[tuple[str, ast.expr]]:
    for path in _FILES:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if not isinstance(node, ast.Call):
                continue
            name = getattr(node.func, "id", getattr(node.func, "attr", ""))
            for place in _READ.get(name, ()):
                given = [each.value for each in node.keywords if each.arg == place]
                if isinstance(place, int) and place < len(node.args):
                    given = [node.args[place]]
                for each in given:
                    yield from ((path.name, text) for text in _texts_in(each))


def _fields(text: str) -> set[str]:
    return {
        f"{name}!{conversion}:{spec}"
        for _, name, spec, conversion in string.Formatter().parse(text)
        if name is not None
    }


def test_each_sentence_has_its_chinese_text():
    lacking = {
        (name, node.value)
        for name, node in _arguments()
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and _WORDS.search(re.sub(r"\{[^}]*\}", "", node.value))
        and not _COMMAND.fullmatch(node.value)
        and node.value not in _TEXTS
        and node.value not in _SAME
    }
    assert lacking == set()


def test_what_is_put_into_a_sentence_is_put_in_by_say():
    strange = {
        (name, node.lineno, ast.unparse(node))
        for name, node in _arguments()
        if isinstance(node, ast.JoinedStr | ast.BinOp)
        and any(
            _WORDS.search(part.value)
            for part in ast.walk(node)
            if isinstance(part, ast.Constant) and isinstance(part.value, str)
        )
    }
    told = {each for each in strange if not _COMMAND.search(each[2])}
    assert told == set()


def test_no_chinese_text_is_of_a_sentence_that_nobody_says():
    said = {
        node.value
        for path in (*_FILES, Path(doctor.__file__).parents[2] / "cli/doctor.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    things = {counted(count, noun).pattern for count in (1, 2) for noun in _THINGS}
    assert set(_TEXTS) - said - things == set()


_THINGS = ("version", "file")


@pytest.mark.parametrize("english", list(_TEXTS))
def test_both_languages_put_in_the_same(english):
    chinese = _TEXTS[english]
    assert _fields(chinese) == _fields(english)
    is_command = _COMMAND.match(english) or english in _SAME
    assert bool(_CHINESE.search(chinese)) or bool(is_command) or _COLON in chinese


def test_a_sentence_within_a_sentence_is_said_too():
    inner = say("the name server {server} is silent", server="192.0.2.1")
    text = say("the name {host} has no address here ({said})", host="a.b", said=inner)
    assert text == (
        "the name a.b has no address here (the name server 192.0.2.1 is silent)"
    )
    chinese = translated(text, _TEXTS)
    assert "a.b" in chinese
    assert translated(inner, _TEXTS) in chinese
    assert _CHINESE.search(translated(inner, _TEXTS))
    assert type(translated(text, {})) is str


def test_a_sentence_twice_is_refused():
    data = SENTENCES_FILE.read_bytes()
    last = data[data.rindex(b"[[sentence]]") :]
    with pytest.raises(ValueError, match="twice"):
        parse_sentences(data + last)


_QUICK = ("403", "unknown authority", "rewritten zip", "pattern that misses")


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(each, marks=() if each in _QUICK else pytest.mark.long)
        for each in WORLDS
    ],
)
def test_what_is_found_in_a_broken_world_is_said_in_chinese(name, tmp_path):
    with scene_in(tmp_path) as scene:
        diagnosis, _ = diagnose(scene, WORLDS[name][1](scene))

    report = DoctorReport.of(diagnosis, _TEXTS)
    for stage in report.stages:
        for each in stage.findings:
            if each.cause not in _OTHERS_WORDS:
                assert _CHINESE.search(each.text) or _COLON in each.text, each
            if each.remedy and not _COMMAND.match(each.remedy):
                assert _CHINESE.search(each.remedy), each
    assert report.conclusion.cause == diagnosis.conclusion.cause


def test_a_healthy_world_is_said_in_chinese(tmp_path):
    with scene_in(tmp_path) as scene:
        diagnosis, _ = diagnose(scene, Asked(scene.env()))
    assert "按本机的设置" in DoctorReport.of(diagnosis, _TEXTS).text
