r"""Access logs of lines: nginx, Apache and HAProxy, each by one expression. Pure.

    combined    10.0.0.7 - ada [27/Nov/2026:08:20:01 +0000] "GET /m/@latest HTTP/1.1"
                200 55 "-" "Go-http-client/1.1"
                nginx's and Apache's; Apache's common, without the last two, too; what
                follows is ignored, but for a word like HIT or MISS that comes next
                (nginx: $upstream_cache_status)
    vhost       go.example:443 10.0.0.7 - ada [...  as Apache's vhost_combined
    haproxy     Nov 27 08:20:01 host haproxy[7]: 10.0.0.7:3731
                [27/Nov/2026:08:20:01.123] in tree/a 0/0/1/2/3 200 55 - - ----
                1/1/0/0/0 0/0 {Go-http-client/1.1} "GET /m/@latest HTTP/1.1", as
                of ``option httplog``; the first braces are taken for the User-Agent
    haproxy-clf  Nov 27 08:20:01 host haproxy[7]: 10.0.0.7 - - [27/Nov/2026:08:20:01
                +0000] "GET /m/@latest HTTP/1.1" 200 55 "" "" 3731 123 "in" ..., as of
                ``option httplog clf``, which has no User-Agent

nginx writes quotes within quotes as ``\x22``, Apache as ``\"``: no text of a client's
ends its own quotes. A user's name may have spaces and brackets; the time is the last
bracket before the first quotes, which a client cannot move. Lines that the plain
expression does not take are tried with one that knows ``\"``, and else counted.
"""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Final

from gosync.access.rows import LogLine

_CACHES: Final = rb"HIT|MISS|EXPIRED|STALE|UPDATING|REVALIDATED|BYPASS"
_CLIENT: Final = rb'([^ "\n]++) [^ "\n]++ ([^"\n]+?) \[([^\]"\n]++)\]'
_REQUEST: Final = rb'"([^ "\n]*+) ?([^ "\n@]*+)((?:@[^ "\n]*+)?)[^"\n]*+"'
_REST: Final = (
    rb' ([0-9]{3}) ([0-9]{1,18}|-)(?: "[^"\n]*+" "([^"\n]*+)"(?: "?('
    + _CACHES
    + rb")\b)?)?"
)
_ESCAPED: Final = (
    rb'"((?:[^ "\n\\]|\\.)*+) ?((?:[^ "\n@\\]|\\.)*+)'
    rb'((?:@(?:[^ "\n\\]|\\.)*+)?)(?:[^"\n\\]|\\.)*+"'
)
_ESCAPED_REST: Final = (
    rb' ([0-9]{3}) ([0-9]{1,18}|-)(?: "(?:[^"\n\\]|\\.)*+" "((?:[^"\n\\]|\\.)*+)"'
    rb'(?: "?(' + _CACHES + rb")\b)?)?"
)
_HOST: Final = rb'[^ "\n:]++:[0-9]++ '
_SYSLOG: Final = rb"[^\n\[{}]*+\[[0-9]*+\]: "
_DATED: Final = rb"[A-Z][a-z]{2} [ 0-9]{2} [0-9:]{8} [^ \n]++ [a-z]++\[[0-9]++\]: "
_HAPROXY: Final = (
    rb"(?:" + _SYSLOG + rb")?([^ \n]+):[0-9]++ ()\[([^\]\n]++)\] "
    rb"[^ \n]++ [^ \n]++ [0-9/+-]++ ([0-9]{3}|-1) \+?([0-9]{1,18}) "
    rb"[^ \n]++ [^ \n]++ [^ \n]++ [^ \n]++ [^ \n]++ "
    rb"(?:\{([^}\n]*+)\} )?(?:\{[^}\n]*+\} )?"
)
_END: Final = rb"[^\n]*+\n"
_BYTE: Final = re.compile(rb"\\.|[^\\]")
_ALL_BUT: Final = re.compile(rb"\[\^((?:\\.|[^\]\\]){2,})\]")


class LineForm(StrEnum):
    """What a log's lines look like; see the module."""

    HAPROXY_CLF = "haproxy-clf"  # first: what is before it is a client's to the others
    VHOST = "vhost"
    COMBINED = "combined"
    HAPROXY = "haproxy"


_EXPRESSIONS: Final = {
    LineForm.COMBINED: _CLIENT + b" " + _REQUEST + _REST,
    LineForm.VHOST: _HOST + _CLIENT + b" " + _REQUEST + _REST,
    LineForm.HAPROXY: _HAPROXY + _REQUEST,
    LineForm.HAPROXY_CLF: _DATED + _CLIENT + b" " + _REQUEST + _REST,
}
_ESCAPED_EXPRESSIONS: Final = {
    LineForm.COMBINED: _CLIENT + b" " + _ESCAPED + _ESCAPED_REST,
    LineForm.VHOST: _HOST + _CLIENT + b" " + _ESCAPED + _ESCAPED_REST,
    LineForm.HAPROXY: _HAPROXY + _ESCAPED,
    LineForm.HAPROXY_CLF: _DATED + _CLIENT + b" " + _ESCAPED + _ESCAPED_REST,
}


class LineReader:
    """Reads lines of one form.

    Attributes:
        form: Theirs.
        unread: How many lines were none.
    """

    def __init__(self, form: LineForm) -> None:
        self.form = form
        self.unread = 0
        self._plain = _compiled(_EXPRESSIONS[form])
        self._escaped = _compiled(_ESCAPED_EXPRESSIONS[form])

    def read(self, block: bytes) -> list[LogLine]:
        """Return the requests of a block of whole lines."""
        found = self._plain.findall(block)
        lines = block.count(b"\n")
        if len(found) < lines:
            each = (line + b"\n" for line in block.removesuffix(b"\n").split(b"\n"))
            found = [row for line in each for row in self._line(line)]
            self.unread += lines - len(found)
        return (
            found if self.form is not LineForm.HAPROXY else list(map(_arranged, found))
        )

    def _line(self, line: bytes) -> list[LogLine]:
        return self._plain.findall(line) or self._escaped.findall(line)


def _compiled(expression: bytes) -> re.Pattern[bytes]:
    listed = _ALL_BUT.sub(_listed, expression)
    return re.compile(rb"^" + listed + _END, re.MULTILINE)


def _listed(found: re.Match[bytes]) -> bytes:
    """Return a class of all bytes but some as the ranges of those that it takes.

    ``re`` looks into one bitmap then, and does not compare with one byte after the
    other: a third of a line's time.
    """
    escaped = (each.replace(rb"\n", b"\n")[-1] for each in _BYTE.findall(found[1]))
    without = sorted(set(escaped))
    between = zip([-1, *without], [*without, 256], strict=True)
    return b"[%b]" % b"".join(
        rb"\x%02x-\x%02x" % (low + 1, high - 1)
        for low, high in between
        if low + 1 < high
    )


def _arranged(found: tuple[bytes, ...]) -> LogLine:
    """Return a line of HAProxy's in everybody's order."""
    client, user, time, status, size, agent, method, head, tail = found
    return client, user, time, method, head, tail, status, size, agent, b""


def form_of_line(line: bytes) -> LineForm | None:
    """Return the form of a line, None for none of these."""
    for form in LineForm:
        if LineReader(form).read(line.rstrip(b"\r\n") + b"\n"):
            return form
    return None
