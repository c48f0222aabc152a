"""Answers that refuse: no right, no time now, too many requests."""

from __future__ import annotations

from http import HTTPStatus
from typing import Final

from gosync.serve.accesslog import Outcome
from gosync.serve.answer import Answer, text_answer
from gosync.serve.rights import ReadVerdict

_CHALLENGE: Final = ("www-authenticate", 'Basic realm="gosync", charset="UTF-8"')
_LOGIN: Final = (
    "this mirror asks for a login; go takes one from ~/.netrc, over https alone:"
    " machine HOST[:PORT] login NAME password SECRET\n"
)


def refusal(verdict: ReadVerdict, user: str | None) -> Answer | None:
    """Return the answer to who may not read something, None to who may."""
    if verdict is ReadVerdict.ALLOWED:
        return None
    if user is None:
        return text_answer(
            HTTPStatus.UNAUTHORIZED,
            _LOGIN,
            Outcome.DENIED,
            headers=[_CHALLENGE],
        )
    text = "this login may not read that\n"
    return text_answer(HTTPStatus.FORBIDDEN, text, Outcome.DENIED)


def later(text: str, retry_after_seconds: float) -> Answer:
    """Return the answer that says to come again."""
    seconds = str(max(1, round(retry_after_seconds)))
    return text_answer(
        HTTPStatus.SERVICE_UNAVAILABLE,
        text,
        Outcome.ERROR,
        headers=[("retry-after", seconds)],
    )


def limited() -> Answer:
    """Return the answer to who asks for too much of what is not here."""
    return text_answer(
        HTTPStatus.TOO_MANY_REQUESTS,
        "too many requests for what is not here; try again in a minute\n",
        Outcome.LIMITED,
        headers=[("retry-after", "60")],
    )
