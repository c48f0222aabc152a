"""What an answer that is no good amounts to: its class of failure. Pure."""

from __future__ import annotations

import re
from typing import Final

from gosync.diagnose.doctor.diagnosis import FaultFoundError, fault
from gosync.diagnose.doctor.saying import say
from gosync.diagnose.doctor.webanswer import WebAnswer

_ILL: Final = frozenset({500, 502, 503, 504})
_TIMED_OUT: Final = b"fetch timed out"
_SHOWN: Final = 160
_REMEDIES: Final = {
    "http.400": "the mirror does not understand the question: check GOPROXY's path",
    "http.401": "it wants a login: ~/.netrc (machine, login, password), or GOAUTH",
    "http.403": "its policy refuses: ask its operator for the module or the right",
    "http.404": "check the spelling, upper and lower case too, and whether the mirror"
    " carries it",
    "http.404_timeout": "not absent: the mirror did not get it in time; ask again in"
    " half an hour, go download keeps nothing of it",
    "http.410": "the mirror says it is gone for good: look for it elsewhere",
    "http.429": "too many requests: wait as long as Retry-After says",
    "http.5xx": "the mirror is ill: ask again, tell its operator, ask another one",
    "proxy.auth": "the web proxy wants a login: HTTP_PROXY=http://USER:PASSWORD@HOST",
    "http.captive_portal": "something answers in the mirror's place, a portal's login"
    " or a file server's front page: log in, or correct the path in GOPROXY",
    "http.redirects": "its operator must mend the redirects",
}
_NAMES: Final = {
    400: "http.400",
    401: "http.401",
    403: "http.403",
    407: "proxy.auth",
    429: "http.429",
}


def class_of(answer: WebAnswer) -> str:
    """Return the class of an answer that is no 200; "" for one that is."""
    status = answer.status
    if status == 200:
        return ""
    if status in _NAMES:
        return _NAMES[status]
    if status in (404, 410):
        timed_out = _TIMED_OUT in answer.body
        return "http.404_timeout" if timed_out else f"http.{status}"
    if status >= 500:
        return f"http.{status}" if status in _ILL else "http.5xx"
    return "http.redirects" if 300 <= status < 400 else "http.400"


def refuse(answer: WebAnswer) -> FaultFoundError:
    """Return the fault of an answer whose status is not 200."""
    cause = class_of(answer)
    if cause in ("http.403", "http.401") and answer.is_page and answer.hops:
        cause = "http.captive_portal"
    text = say(
        "{url}: {status}{via}{said}",
        url=answer.url,
        status=answer.status,
        via=_via(answer),
        said=_said(answer),
    )
    return fault(cause, text, _remedy(cause, answer))


def refuse_page(
    answer: WebAnswer, cause: str = "http.captive_portal"
) -> FaultFoundError:
    """Return the fault of a page for people in place of data."""
    text = say(
        "{url}: a page of HTML in place of data{via}{title}",
        url=answer.url,
        via=_via(answer),
        title=_title(answer.body),
    )
    return fault(cause, text, _REMEDIES["http.captive_portal"])


def _via(answer: WebAnswer) -> str:
    return say(", redirected from {hop}", hop=answer.hops[0]) if answer.hops else ""


def _remedy(cause: str, answer: WebAnswer) -> str:
    wait = answer.headers.get("retry-after")
    if cause == "http.429" and wait:
        return say("too many requests: Retry-After says {wait}", wait=wait)
    return _REMEDIES.get("http.5xx" if answer.status >= 500 else cause, "")


def _said(answer: WebAnswer) -> str:
    """Return the first line of a body in words, as go shows it."""
    if answer.is_page:
        return _title(answer.body)
    line = answer.body.decode("utf-8", "replace").strip().partition("\n")[0]
    return f": {line[:_SHOWN]}" if line else ""


def _title(body: bytes) -> str:
    found = re.search(rb"<title[^>]*>([^<]{1,160})", body, re.IGNORECASE)
    return f": {found[1].decode('utf-8', 'replace').strip()!r}" if found else ""
