"""Logs as CI keeps them: prefixes, colours, JSON, -x, several failures, anything."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gosync.diagnose.cleaning import clean_line, without_escapes
from gosync.diagnose.needles import needle_of
from gosync.diagnose.recognising import Recogniser
from gosync.diagnose.shipped import shipped_catalogue

_FOLDER = Path(__file__).parents[2] / "testdata/vectors/go-logs"
_RECOGNISER = Recogniser(shipped_catalogue())
_WRAPPINGS: dict[str, Callable[[str], str]] = {
    "GitHub": lambda line: f"2026-11-26T21:11:41.1234567Z {line}",
    "gh run view": lambda line: f"build\tRun go\t2026-11-26T21:11:41.1234567Z {line}",
    "GitHub error": lambda line: f"2026-11-26T21:11:41.1234567Z ##[error]{line}",
    "GitLab": lambda line: f"2026-11-26T21:11:41.123456Z 01E {line}",
    "GitLab colours": lambda line: f"\x1b[0K\x1b[31;1m{line}\x1b[0;m",
    "Jenkins": lambda line: f"[2026-11-26T21:11:41.123Z] {line}",
    "Jenkins times": lambda line: f"21:11:41  {line}",
    "Azure": lambda line: f"2026-11-26T21:11:41.1234567Z ##[error]{line}",
    "docker build": lambda line: f"#12 3.456 {line}",
    "docker summary": lambda line: f"3.456 {line}",
    "compose": lambda line: f"app-1  | {line}",
    "TeamCity": lambda line: f"[21:11:41]W:  [Step 1/2] {line}",
    "Buildkite": lambda line: f"\x1b_bk;t=1732655501123\x07{line}\r",
    "syslog": lambda line: f"Nov 26 21:11:41 host ci/build[123]: {line}",
    "colours": lambda line: f"\x1b[31m{line}\x1b[0m",
    "Windows": lambda line: f"{line}\r",
    "margin": lambda line: f"    {line}",
    "quoted": lambda line: f"> {line}",
    "gh, byte order mark": lambda line: f"b\ts\t\ufeff2026-11-26T21:11:41.1Z {line}",
    "container": lambda line: f"2026-11-26T21:11:41.123456789Z stderr F {line}",
    "container in JSON": lambda line: json.dumps({"log": f"{line}\n", "stream": "x"}),
    "collector": lambda line: json.dumps({"level": "error", "msg": line}),
    "go build -json": lambda line: json.dumps(
        {"ImportPath": "a", "Action": "build-output", "Output": f"{line}\n"},
        separators=(",", ":"),
    ),
    "parallel steps": lambda line: f"21:11:41  [build-linux] {line}",
    "Cloud Build": lambda line: f'Step #1 - "build": {line}',
    "Heroku": lambda line: f"remote:        {line}",
    "TeamCity, tabs": lambda line: f"[21:11:41]W:\t\t [go mod download] {line}",
    "syslog, RFC 5424": lambda line: f"2026-11-26T21:11:41.1+00:00 h ci[12]: {line}",
    "ts": lambda line: f"Nov 26 21:11:41 {line}",
    "Go's log": lambda line: f"2026/11/26 21:11:41 {line}",
}
# Texts as people's logs have them: of Windows, of caches, of git, of old toolchains.
_SEEN = json.loads((_FOLDER.parents[1] / "seenlogs.json").read_bytes())
# One of each family, and those of several lines.
_SOME = sorted(_FOLDER.glob("*.txt"))[::3]


def _classes(log: bytes) -> list[str]:
    reading = _RECOGNISER.read(log)
    assert reading.unnamed == ()
    return [each.failure.name for each in reading.failures]


@pytest.mark.parametrize("wrapping", list(_WRAPPINGS))
def test_what_a_log_puts_before_lines_changes_nothing(wrapping):
    for path in _SOME:
        lines = path.read_text("utf-8").splitlines()
        wrapped = "\n".join(_WRAPPINGS[wrapping](line) for line in lines)
        assert _classes(wrapped.encode()) == _classes(path.read_bytes()), path.name


def test_an_answer_of_a_tool_that_quotes_the_log_is_unfolded():
    log = (_FOLDER / "29-http-404-fetch-timed-out.txt").read_text("utf-8")
    answer = {"changed": True, "cmd": ["go", "mod", "download"], "stderr": log}
    text = f"fatal: [host]: FAILED! => {json.dumps(answer)}\n"
    assert _classes(text.encode()) == ["http.404_timeout"]


def test_a_shell_of_windows_puts_a_name_before_the_first_line():
    log = (_FOLDER / "104-no-gomod.txt").read_text("utf-8")
    text = f"go : {log}At line:1 char:1\n+ go build ./...\n+ ~~~~~~~~~~~~~~\n"
    assert _classes(text.encode()) == ["env.no_gomod"]


def test_what_developers_see_most_has_its_class():
    for seen in _SEEN:
        assert _classes(seen["log"].encode()) == [seen["class"]], seen["log"]


def test_an_error_in_json_is_that_of_the_plain_log():
    for path in _SOME:
        text = path.read_text("utf-8").rstrip("\n")
        if not text.startswith("go: ") or "\ngo: " in text or "\n\n" in text:
            continue
        document = {"Path": "a.example/m", "Error": text.removeprefix("go: ")}
        printed = json.dumps(document, indent="\t").replace("<", r"\u003c")
        assert _classes(printed.encode()) == _classes(path.read_bytes()), path.name


def test_all_failures_of_a_log_are_found_among_what_else_it_says():
    paths = [path for path in _SOME if not path.name.startswith(("7", "128"))]
    noise = "go: downloading a.example/m v1.0.0\nok  \ta.example/m\t0.1s\nPASS\n"
    log = "".join(noise + path.read_text("utf-8") + "\n" for path in paths)
    one_by_one = [name for path in paths for name in _classes(path.read_bytes())]
    assert set(_classes(log.encode())) == set(one_by_one)


def test_what_x_tells_is_no_failure_but_the_error_is():
    url = "https://goproxy.example/a.example/m/@v/v1.0.0.info"
    log = (
        f"# get {url}\n# get {url}: 404 Not Found (0.012s)\n"
        f"go: a.example/m@v1.0.0: reading {url}: 404 Not Found\n"
    )
    assert _classes(log.encode()) == ["http.404"]


def test_a_zip_that_is_none_is_that_of_the_last_download():
    log = b"go: downloading a.example/m v1.0.0\ngo: zip: not a valid zip file\n"
    (found,) = _RECOGNISER.read(log).failures
    assert (found.places["module"], found.places["version"]) == (
        "a.example/m",
        "v1.0.0",
    )


def test_a_list_without_versions_may_be_a_web_page():
    (found,) = _RECOGNISER.read(b"a.example/m\n").failures
    assert found.failure.name == "version.no_match"
    assert "http.captive_portal" in found.candidates


def test_what_go_says_without_a_class_is_handed_back():
    reading = _RECOGNISER.read(
        b"go: the moon is in the wrong house\ngo: downloading a\n"
    )
    assert reading.failures == ()
    assert reading.unnamed == ("go: the moon is in the wrong house",)


@pytest.mark.parametrize(
    "line",
    [
        'Error response from daemon: Get "https://registry.example/v2/": EOF',
        "curl: (7) Failed to connect to 127.0.0.1 port 80: Connection refused",
        "npm ERR! network connect ECONNREFUSED 127.0.0.1:80: connection refused",
        "cargo: unexpected EOF",
        "    foo_test.go:12: dial tcp: connection refused",
        "go: downloading github.com/x/y v1.0.0",
        "go: added github.com/x/y v1.0.0",
        "#9 [3/5] COPY go.mod go.sum ./",
    ],
)
def test_what_others_say_is_no_failure_of_go(line):
    reading = _RECOGNISER.read(f"{line}\nmore\n".encode())
    assert (reading.failures, reading.unnamed) == ((), ())


@given(st.binary(max_size=300))
def test_any_bytes_are_read(data):
    _RECOGNISER.read(b"go: " + data)
    assert b"\r" not in without_escapes(data)
    assert "\n" not in clean_line(data.replace(b"\n", b""))


@given(
    st.lists(
        st.sampled_from(
            [
                "go: x\n",
                "\t",
                "verifying ",
                "\x1b[31m",
                "{",
                '"Error": "',
                "# get http://a",
                ":\n",
            ]
        )
    )
)
def test_any_mixture_is_read_in_its_order(parts):
    reading = _RECOGNISER.read("".join(parts).encode())
    assert len(reading.unnamed) <= len(parts)


def test_a_login_in_a_url_is_left_out():
    log = (
        b"go: reading https://me:secret@p.example/a.example/m/@v/list: 404 Not Found\n"
    )
    (found,) = _RECOGNISER.read(log).failures
    assert "secret" not in found.line
    assert "secret" not in str(found.places)


@pytest.mark.parametrize(
    ("pattern", "needle"),
    [
        ("no such host", "no such host"),
        (r"go\.sum: (?:a|b)", "go.sum: "),
        (r"[abc]x?missing\d+", "missing"),
        (r"a|b", ""),
        (r"(?:x)(?!y\))z{2,3}end", "end"),
        (r"[]]ab\]cd", "ab]cd"),
    ],
)
def test_the_text_that_a_pattern_needs(pattern, needle):
    assert needle_of(pattern) == needle
