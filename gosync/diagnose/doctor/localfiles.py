"""A file:// proxy: what is in its folder, as if it were answers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from gosync.diagnose.doctor.diagnosis import fault
from gosync.diagnose.doctor.webanswer import WebAnswer
from gosync.upstream.urls import file_path


def read_as_answer(
    url: str, limit_bytes: int, sink: Callable[[bytes], object] | None
) -> WebAnswer:
    """Return what a file URL names: 200, or 404 where nothing is.

    Args:
        url: The file.
        limit_bytes: How much of it is read.
        sink: Takes its bytes in place of the answer.

    Raises:
        FaultFoundError: It cannot be read.
    """
    try:
        with Path(file_path(url)).open("rb") as file:
            data = file.read(limit_bytes + 1)
    except (FileNotFoundError, NotADirectoryError):
        return WebAnswer(
            url=url, status=404, headers={}, body=b"no such file", size_bytes=0
        )
    except OSError as exc:
        raise fault(
            "env.goproxy_file",
            f"{url}: {exc.strerror}",
            "check the folder's permissions, or the path in GOPROXY",
        ) from exc
    body = data[:limit_bytes]
    if sink is not None:
        sink(body)
    return WebAnswer(
        url=url,
        status=200,
        headers={},
        body=b"" if sink is not None else body,
        size_bytes=len(body),
        is_whole=len(data) <= limit_bytes,
    )
