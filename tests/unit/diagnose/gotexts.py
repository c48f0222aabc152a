"""Every error text that the module part of the go command can print, from its sources.

Taken are the first literals of calls that make errors, and what ``Error`` methods
return. A text is what stands in the source, with its verbs; ``sample_of`` makes of it
what go would print.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import msgspec

# Whose texts a developer sees when go cannot get a module, below src/cmd.
ROOMS = (
    "go/internal/modfetch",
    "go/internal/modfetch/codehost",
    "go/internal/modload",
    "go/internal/modget",
    "go/internal/web",
    "go/internal/auth",
    "go/internal/vcs",
    "go/internal/toolchain",
    "go/internal/gover",
    "vendor/golang.org/x/mod/sumdb",
    "vendor/golang.org/x/mod/sumdb/note",
    "vendor/golang.org/x/mod/sumdb/tlog",
    "vendor/golang.org/x/mod/sumdb/dirhash",
    "vendor/golang.org/x/mod/zip",
    "vendor/golang.org/x/mod/module",
    "vendor/golang.org/x/mod/modfile",
)
_NOT_CLIENT = {"server.go", "test.go"}  # sumdb's other side
_CALL = re.compile(
    r"\b(?:fmt\.Errorf|errors\.New|base\.(?:Fatalf|Errorf|Fatal)|\w*[eE]rrorf"
    r"|notExistErrorf|in\.Error)\("
)
_ERROR_METHOD = re.compile(r"\) Error\(\) string \{")
_SAID_THERE = re.compile(
    r"(?:fmt\.Sprintf\(|return |\.WriteString\(|\w+ :?\+?= )(?=[\"`])"
)
_CONSTANT = re.compile(r"\bconst (\w+) = (`[^`]*`)")
_LITERAL = re.compile(r'"((?:\\.|[^"\\\n])*)"|`([^`]*)`')
_COMMENT = re.compile(
    r'("(?:\\.|[^"\\\n])*"|`[^`]*`|\'(?:\\.|[^\'\\\n])+\')|//[^\n]*|/\*.*?\*/',
    re.DOTALL,
)
_VERB = re.compile(r"%[-+# 0]*\d*(?:\.\d+)?([a-zA-Z%])")
_SAID_BY = {"d": "1", "q": '"x"', "x": "0123abcd", "T": "x", "%": "%"}


class GoText(msgspec.Struct, frozen=True, order=True):
    """An error text of the go command.

    Attributes:
        text: As in the source.
        room: Which package has it.
    """

    text: str
    room: str


def texts_of(goroot: Path) -> set[GoText]:
    """Return the texts of an installed Go."""
    found: set[GoText] = set()
    for room in ROOMS:
        for path in sorted((goroot / "src/cmd" / room).glob("*.go")):
            if not path.name.endswith("_test.go") and path.name not in _NOT_CLIENT:
                source = _COMMENT.sub(lambda m: m[1] or " ", path.read_text("utf-8"))
                name = room.rpartition("internal/")[2].rpartition("x/mod/")[2]
                found |= {GoText(text, name) for text in _texts(source)}
    return found


def sample_of(text: str) -> str:
    """Return what go prints: a value for each verb."""
    said = _VERB.sub(lambda match: _SAID_BY.get(match[1], "x"), text)
    return (
        said
        if said.startswith(("go: ", "verifying "))
        else f"go: a.example/m@v1.2.3: {said}"
    )


def _texts(source: str) -> Iterator[str]:
    constants = {name: _value(literal) for name, literal in _CONSTANT.findall(source)}
    places = [match.end() for match in _CALL.finditer(source)]
    for match in _ERROR_METHOD.finditer(source):
        body = source[match.end() : _end_of_body(source, match.end())]
        places += [match.end() + each.end() for each in _SAID_THERE.finditer(body)]
    for place in places:
        text = _joined(source, place, constants)
        if _says_something(text):
            yield text


def _joined(source: str, at: int, constants: dict[str, str]) -> str:
    """Return the literals and constants that are joined by ``+`` at a place."""
    parts: list[str] = []
    while True:
        at += len(source[at:]) - len(source[at:].lstrip())
        if match := _LITERAL.match(source, at):
            parts.append(_value(match[0]))
        elif parts and (
            match := re.compile(r"[\w.]+(?:\([^()]*\))?").match(source, at)
        ):
            parts.append(constants.get(match[0], "%v"))
        else:
            break
        at = match.end()
        joined = re.compile(r"\s*\+\s*").match(source, at)
        if joined is None:
            break
        at = joined.end()
    return "".join(parts)


def _value(literal: str) -> str:
    if literal.startswith("`"):
        return literal[1:-1]
    simple = {"n": "\n", "t": "\t", '"': '"', "\\": "\\"}
    return re.sub(r"\\(.)", lambda match: simple.get(match[1], match[1]), literal[1:-1])


def _says_something(text: str) -> bool:
    return len(re.sub(r"[^a-zA-Z]", "", _VERB.sub("", text))) > 3


def _end_of_body(source: str, at: int) -> int:
    end = source.find("\n}", at)
    return len(source) if end < 0 else end
