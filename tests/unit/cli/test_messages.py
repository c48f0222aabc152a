"""The command line in Chinese: each error's kind and each hint has its text."""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

import gosync
from gosync import errors
from gosync.cli.messages import (
    ERRORS_FILE,
    MESSAGES_FILE,
    Messages,
    messages_in,
    parse_messages,
    told,
    told_comments,
)
from gosync.demo.samples import read_sample
from gosync.diagnose.language import Language
from gosync.errors import GosyncError
from tests.integration import here

_CHINESE = re.compile("[\u4e00-\u9fff]")
_WORD = re.compile(r"[A-Za-z]{2,}")
_MESSAGES = parse_messages(MESSAGES_FILE.read_bytes(), ERRORS_FILE.read_bytes())
_Named = Mapping[str, set[str]]


def _texts(node: ast.AST, named: _Named) -> set[str]:
    """Return the sentences that an expression may be, ``{}`` for what is put in."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return {node.value}
    if isinstance(node, ast.JoinedStr):
        parts = (e.value if isinstance(e, ast.Constant) else "{}" for e in node.values)
        return {"".join(map(str, parts))}
    if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "advise":
        return _texts(node.args[0], named)
    if isinstance(node, ast.Name):
        return named.get(node.id, set())
    parts_of = {ast.IfExp: ("body", "orelse"), ast.BoolOp: ("values",)}
    found: set[str] = set()
    for name in (*parts_of.get(type(node), ()), *_VALUES.get(type(node), ())):
        value = getattr(node, name)
        for each in value if isinstance(value, list) else [value]:
            found |= _texts(each, named)
    return found


_VALUES: Mapping[type[ast.AST], tuple[str, ...]] = {ast.Dict: ("values",)}


def _assigned(node: ast.AST) -> Iterator[tuple[str, ast.expr]]:
    """Yield the name and the value of an assignment."""
    if isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        for each in targets:
            yield getattr(each, "id", getattr(each, "attr", "")), node.value


def _hints() -> set[str]:
    """Return every hint that the code gives."""
    sources = (each.read_text() for each in Path(gosync.__file__).parent.rglob("*.py"))
    trees = [ast.parse(text) for text in sources if re.search("(?i)hint|advise", text)]
    named: dict[str, set[str]] = {}
    for tree in trees:
        for each in tree.body:
            for name, value in _assigned(each):
                named.setdefault(name, set()).update(_texts(value, {}))
    found: set[str] = set()
    for node in (node for tree in trees for node in ast.walk(tree)):
        found |= _given(node, named)
    return {text for text in found if _WORD.search(text)}


def _given(node: ast.AST, named: _Named) -> set[str]:
    if isinstance(node, ast.keyword) and node.arg == "hint":
        return _texts(node.value, named)
    if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "advise":
        return _texts(node.args[0], named)
    if isinstance(node, ast.FunctionDef) and "hint" in node.name:
        returned = (e for e in ast.walk(node) if isinstance(e, ast.Return) and e.value)
        return {text for each in returned for text in _texts(each, named)}
    found: set[str] = set()
    for name, value in _assigned(node):
        if name.lower().strip("_").endswith(("hint", "hints")):
            found |= _texts(value, named)
    return found


def test_every_hint_has_its_text():
    missing = sorted(_hints() - _MESSAGES.sentences.keys())
    assert missing == [], f"add them to {MESSAGES_FILE.name}"


def test_every_kind_of_error_has_its_text():
    kinds = {
        name
        for name, each in vars(errors).items()
        if isinstance(each, type) and issubclass(each, GosyncError)
    }
    assert set(_MESSAGES.errors) == kinds


# Kinds whose first argument is no sentence but what is wrong, or that nobody is shown.
_OF_VALUES = {"MalformedError", "MalformedTimeError", "PageError", "TooLargeError"}
_SUBJECTS = re.compile(r"^(\{\}: )+")


def _raised() -> Iterator[tuple[str, str]]:
    """Yield the kind and the message of each error that the code makes."""
    kinds = {name for name in vars(errors) if name not in _OF_VALUES}
    for path in sorted(Path(gosync.__file__).parent.rglob("*.py")):
        if "Error(" not in (text := path.read_text()):
            continue
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.Call) and node.args:
                name = getattr(node.func, "id", "")
                if name in kinds:
                    for message in _texts(node.args[0], {}):
                        yield name, message


def test_each_message_of_an_error_has_its_text():
    known = _MESSAGES.messages.keys() | _MESSAGES.sentences.keys()
    missing = sorted(
        {
            f"{kind}: {message}"
            for kind, message in _raised()
            if _WORD.search(message)
            and message not in known
            and _SUBJECTS.sub("", message) not in known | _TOO_SHORT
        }
    )
    assert missing == [], f"add them to {ERRORS_FILE.name}"


# Any text could be so.
_TOO_SHORT = {"is {}", "no {}"}


def test_each_message_has_what_the_english_one_has():
    place = re.compile(r"\{(?:n|\d)?\}")
    for en, zh in _MESSAGES.messages.items():
        assert len(place.findall(en)) == len(place.findall(zh)), en
        assert _MESSAGES.told_message(place.sub("7", en)), en


@pytest.mark.parametrize(
    ("english", "chinese"),
    [
        ("/b: vol-0003.zst is missing", "/b：缺少 vol-0003.zst"),
        ("https://p/x: no answer in 5 s", "https://p/x：5 秒内没有答复"),
        (
            "/g.toml:3: select 2: must hold no credentials",
            "/g.toml:3：select 2：不得含有凭据",
        ),
        ("/t: Permission denied", "/t：权限不足"),
        ("x: git fetch: not finished within 3 s", "x：git fetch：未在 3 秒内完成"),
        (
            "/t: 3 versions that it shows could not be taken in: a, b",
            "/t：它所列的 3 个版本未能收入：a, b",
        ),
        ("what others said: 502 Bad Gateway", "what others said: 502 Bad Gateway"),
        ("a: " * 600, "a: " * 600),
        ("a: " * 900, "a: " * 900),
        ("{0}: {x} is missing", "{0}：缺少 {x}"),
    ],
)
def test_messages_are_known_again(english: str, chinese: str):
    assert _MESSAGES.told_message(english) == chinese


def test_each_text_has_what_the_english_one_has():
    place = re.compile(r"\{(?:n|\d)?\}")
    for en, zh in _MESSAGES.sentences.items():
        assert _CHINESE.search(zh) or not _WORD.search(en), en
        assert len(place.findall(en)) == len(place.findall(zh)), en
        assert _MESSAGES.told(place.sub("7", en)) != en


@pytest.mark.parametrize(
    ("english", "chinese"),
    [
        ("run `gosync sync`", "请运行 `gosync sync`"),
        ("there is a tree at /t: run `x`", "/t 处有 a tree：请运行 `x`"),
        ("see a; see b", "参见 a；参见 b"),
        ("2 whole, 1 gone", "2 个完整，1 个上游已无"),
        (
            "it lies on the catalog's own disk; copy it to another one",
            "它与目录数据库在同一块磁盘上；请复制到另一块磁盘",
        ),
        (
            "newly known: GO-1 (CVE-1) x.y/m v1.0.0: fixed in v1.2.0, not carried",
            "新知漏洞：GO-1 (CVE-1) x.y/m v1.0.0：v1.2.0 起已修复，这里没有",
        ),
        (
            "known      2 h ago: GO-1 x.y/m v1.0.0: fixed in no version yet",
            "已知漏洞   2 小时前：GO-1 x.y/m v1.0.0：尚无版本修复",
        ),
        ('proxies = "x, none", none', 'proxies = "x, none", none'),
        ("none,\nnone, none", "none,\nnone, none"),
        ("github.com/x/y, v1.0.0; z", "github.com/x/y, v1.0.0; z"),
        ("", ""),
        ("see " + "x, " * 5000, "see " + "x, " * 5000),
    ],
)
def test_sentences_are_known_again(english: str, chinese: str):
    assert _MESSAGES.told(english) == chinese


def test_what_is_put_in_may_have_braces():
    assert _MESSAGES.told("see {0} {x}") == "参见 {0} {x}"


def test_english_is_what_the_code_has(monkeypatch: pytest.MonkeyPatch):
    assert messages_in(Language.ENGLISH) is None
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    assert told("see `x`") == "see `x`"
    monkeypatch.setenv("LC_ALL", "zh_CN.UTF-8")
    assert told("see `x`") == "参见 `x`"


def test_an_error_without_a_text_of_its_own_has_that_of_the_kind_above():
    class OtherError(errors.NoSpaceError):
        """None that the file knows."""

    assert _MESSAGES.kind(OtherError) == _MESSAGES.errors["NoSpaceError"]
    assert Messages({"GosyncError": "x"}, {}, {}, {}).kind(OtherError) == "x"


def test_an_error_is_told_in_chinese_and_its_document_in_english(tmp_path: Path):
    environment = {"PATH": "/usr/bin:/bin", "LC_ALL": "zh_CN.UTF-8"}
    command = ("status", "--config", "missing.toml")
    _, _, stderr = here.run(command, folder=tmp_path, environment=environment)
    assert stderr.splitlines() == [
        "gosync: 没有配置文件：没有找到配置文件：missing.toml",
        "  下一步：请运行 `gosync init` 生成一个，或用 --config FILE 指定",
    ]
    _, _, stderr = here.run(
        [*command, "--json"], folder=tmp_path, environment=environment
    )
    assert not _CHINESE.search(stderr)


_SETTING = re.compile(r"\[|[a-z_]+ = ")


@pytest.mark.parametrize("name", ["gosync.toml", "inside.toml"])
def test_each_comment_of_a_first_configuration_has_its_text(
    name: str, monkeypatch: pytest.MonkeyPatch
):
    english = read_sample(name).decode()
    monkeypatch.setenv("LC_ALL", "zh_CN.UTF-8")
    chinese = told_comments(english)
    comments = [
        each.rpartition("# ")[2] for each in chinese.splitlines() if "# " in each
    ]
    missing = [
        each for each in comments if not (_CHINESE.search(each) or _SETTING.match(each))
    ]
    assert missing == [], f"add them to {MESSAGES_FILE.name}"
    assert tomllib.loads(chinese) == tomllib.loads(english)
    assert len(chinese.splitlines()) == len(english.splitlines())


def test_a_first_configuration_is_commented_in_chinese(tmp_path: Path):
    environment = {"PATH": "/usr/bin:/bin", "LC_ALL": "zh_CN.UTF-8"}
    command = ("init", "--no-probe", "site", "--tree", "there")
    code, _, _ = here.run(command, folder=tmp_path, environment=environment)
    assert code == 0
    text = (tmp_path / "site" / "gosync.toml").read_text()
    assert "# gosync 的配置" in text
    assert tomllib.loads(text)["publish"]["tree"] == "there"


def test_what_explain_quotes_stays_as_go_said_it(tmp_path: Path):
    line = "go: a.example/m@v1.0.0: reading https://p/a.example/m: 404 Not Found"
    (tmp_path / "log").write_text(f"{line}\n")
    environment = {"PATH": "/usr/bin:/bin", "LC_ALL": "zh_CN.UTF-8"}
    command = ("explain", "log", "--lang", "en")
    _, stdout, _ = here.run(command, folder=tmp_path, environment=environment)
    assert "404 Not Found" in stdout
    assert not _CHINESE.search(stdout)
