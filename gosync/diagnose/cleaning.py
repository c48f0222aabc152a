"""Lines of a log as ``go`` printed them: without colours, time stamps, job names. Pure.

What stands before a line is the log's, not the program's. Known are GitHub (its web
page's, and ``gh run view --log``), GitLab, Jenkins, Azure, TeamCity, Buildkite,
``docker build`` with BuildKit, ``docker compose``, container runtimes, Cloud Build,
PowerShell, and syslog. A line's own indentation stays, for it says that the line
belongs to the one before.
"""

from __future__ import annotations

import re

import msgspec

_MOST_CHARACTERS = 4096  # of a line; what follows tells no more of a failure
# CSI, OSC, APC (Buildkite), and other two-character sequences.
_ESCAPES = re.compile(
    rb"\x1b(?:\[[0-?]{0,32}[ -/]{0,4}[@-~]"
    rb"|[\]_P^][^\x07\x1b\n]{0,2000}(?:\x07|\x1b\\)"
    rb"|[@-Z\\-_])"
)
_TIME = r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?:Z|[+-]\d\d:?\d\d)?"
# A host and a program's name, of which neither is a module's or a version.
_PROGRAM = r"[\w.-]{1,80}\ (?!v\d|go:)[\w./-]{1,80}(?:\[\d+\])?:"
_PREFIX = re.compile(
    rf"""
    \ufeff?(?:
      [^\t\n]{{1,80}}\t[^\t\n]{{1,80}}\t\ufeff?(?={_TIME})  # gh: job, step
    | \[?{_TIME}\]?(?:\ (?:std(?:out|err)\ [FP]           # a container's runtime
        | \d\d[OE][+\ ] | {_PROGRAM}))?\ ?                # GitLab's stream, syslog
    | \d{{4}}/\d\d/\d\d\ \d\d:\d\d:\d\d(?:\.\d+)?\     # Go's log
    | \[\d\d:\d\d:\d\d(?:\.\d+)?\]\w?:?
        (?:[\t\ ]*\[[^\]\n]{{1,80}}\]\ |\ *)             # TeamCity, Jenkins
    | \d\d:\d\d:\d\d(?:\.\d+)?\ {{1,2}}                   # Jenkins
    | \#\#\[\w+\]\ ?                                      # Azure, GitHub
    | ::(?:error|warning|notice|debug)[^:\n]{{0,200}}::
    | \#\d+\ (?:\d+\.\d+\ )?                              # BuildKit
    | \d+\.\d{{1,3}}\ (?=[\t\ A-Za-z./{{"\#])              # BuildKit's summary
    | [\w.-]{{1,60}}\ +\|\ ?                              # compose
    | \[[\w\ ./:-]{{1,60}}\]\                              # [step]
    | Step\ \#\d+(?:\ -\ "[^"\n]{{1,60}}")?:\              # Cloud Build
    | remote:\ {{7,8}}                                     # git push to Heroku
    | >\ (?!\[)                                          # quoted in mail, Markdown
    | go(?:\.exe)?\ :\                                    # PowerShell
    | (?:\[(?:ERROR|WARN|WARNING|INFO|FATAL|error)\]:?
       | (?:ERROR|FATAL|error|stderr|gazelle):)\           # levels
    | [A-Z][a-z]{{2}}\ [\ \d]\d\ \d\d:\d\d:\d\d\           # syslog, ts
        (?:{_PROGRAM}\ )?
    )""",
    re.VERBOSE,
)
# A line that is a record in JSON: of a container's or a collector's log, a CI step's
# result, or `go build -json`.
_RECORD = re.compile(
    rb'^[^\n{]{0,120}\{[^\n]{0,300}?"(?:(?<="build-output",")Output|log|message|msg'
    rb'|stderr)": ?("(?:[^"\\\n]|\\[^\n])*")[^\n]*(?:\n|\Z)',
    re.MULTILINE,
)
_FIELDS = (b'"build-output"', b'"log":', b'"message":', b'"msg":', b'"stderr":')
_MARGIN = re.compile(rb"\A\n*( {2,16})")
_LOGIN = re.compile(r"(?<=://)[^/\s@\"']{1,300}@")


def without_escapes(log: bytes) -> bytes:
    """Return a log without a terminal's sequences, every line ended by a newline.

    What records in JSON quote is unfolded, and a margin of all lines is left out.
    """
    if b"\x1b" in log:
        log = _ESCAPES.sub(b"", log)
    if b"\r" in log:
        log = log.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    if any(field in log for field in _FIELDS):
        log = _RECORD.sub(_quoted, log)
    return _without_margin(log)


def _quoted(match: re.Match[bytes]) -> bytes:
    """Return what a record quotes, as lines."""
    try:
        text = msgspec.json.decode(match[1], type=str)
    except msgspec.DecodeError:
        return match[0]
    return text.rstrip("\r\n").replace("\r", "").encode("utf-8", "replace") + b"\n"


def _without_margin(log: bytes) -> bytes:
    found = _MARGIN.match(log)
    margin = found[1] if found is not None else b""
    if not margin or re.search(rb"^(?!\n|\Z|" + margin + rb")", log, re.MULTILINE):
        return log
    return re.sub(rb"^" + margin, b"", log, flags=re.MULTILINE)


def clean_line(raw: bytes) -> str:
    """Return a line as the program printed it, cut to what is looked at.

    A login in a URL is left out.
    """
    line = raw[:_MOST_CHARACTERS].decode("utf-8", "replace").rstrip()
    for _ in range(4):
        match = _PREFIX.match(line)
        if match is None or match.end() == 0:
            break
        line = line[match.end() :]
    return _LOGIN.sub("", line) if "://" in line else line
