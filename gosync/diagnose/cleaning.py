"""Lines of a log as ``go`` printed them: without colours, time stamps, job names. Pure.

What stands before a line is the log's, not the program's. Known are GitHub (its web
page's, and ``gh run view --log``), GitLab, Jenkins, Azure, TeamCity, Buildkite,
``docker build`` with BuildKit, ``docker compose``, and syslog. A line's own indentation
stays, for it says that the line belongs to the one before.
"""

from __future__ import annotations

import re

_MOST_CHARACTERS = 4096  # of a line; what follows tells no more of a failure
# CSI, OSC, APC (Buildkite), and other two-character sequences.
_ESCAPES = re.compile(
    rb"\x1b(?:\[[0-?]{0,32}[ -/]{0,4}[@-~]"
    rb"|[\]_P^][^\x07\x1b\n]{0,2000}(?:\x07|\x1b\\)"
    rb"|[@-Z\\-_])"
)
_TIME = r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?:Z|[+-]\d\d:?\d\d)?"
_PREFIX = re.compile(
    rf"""
    \ufeff?(?:
      [^\t\n]{{1,80}}\t[^\t\n]{{1,80}}\t(?={_TIME})       # gh: job, step
    | \[?{_TIME}\]?(?:\ \d\d[OE][+\ ])?\ ?                # time; GitLab's stream
    | \[\d\d:\d\d:\d\d(?:\.\d+)?\]\w?:?\ *
        (?:\[[^\]\n]{{1,80}}\]\ )?                       # TeamCity, Jenkins
    | \d\d:\d\d:\d\d(?:\.\d+)?\ {{1,2}}                   # Jenkins
    | \#\#\[\w+\]\ ?                                      # Azure, GitHub
    | ::(?:error|warning|notice|debug)[^:\n]{{0,200}}::
    | \#\d+\ (?:\d+\.\d+\ )?                              # BuildKit
    | \d+\.\d{{1,3}}\ (?=[\tA-Za-z])                      # BuildKit's summary
    | [\w.-]{{1,60}}\ +\|\ ?                              # compose
    | \[[\w\ ./:-]{{1,60}}\]\ (?=\S)                      # [step]
    | (?:\[(?:ERROR|WARN|WARNING|INFO|FATAL|error)\]:?
       | (?:ERROR|FATAL|error|stderr):)\                   # levels
    | [A-Z][a-z]{{2}}\ [\ \d]\d\ \d\d:\d\d:\d\d\ \S+\ [\w./-]+(?:\[\d+\])?:\   # syslog
    )""",
    re.VERBOSE,
)
_LOGIN = re.compile(r"(?<=://)[^/\s@\"']{1,300}@")


def without_escapes(log: bytes) -> bytes:
    """Return a log without a terminal's sequences, every line ended by a newline."""
    if b"\x1b" in log:
        log = _ESCAPES.sub(b"", log)
    if b"\r" in log:
        log = log.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    return log


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
