"""Tags of a git repository, asked for with git, nothing of which is trusted.

    git -c ... ls-remote --tags -- URL

Nothing is cloned. git reads no configuration but ours (neither the system's, the
user's nor a folder's), runs no helper, asks nobody for a password, speaks https and
ssh alone, and follows no redirect. It has a deadline, after which its whole process
group is killed, and what it says is limited.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
from contextlib import suppress
from typing import Final

import anyio
from anyio.abc import Process

from gosync.errors import UnavailableError, UpstreamTimeoutError

OUTPUT_LIMIT_BYTES: Final = 32 << 20
_ERROR_CHARACTERS: Final = 300
_LINE: Final = re.compile(r"([0-9a-f]{40}|[0-9a-f]{64})\t(refs/tags/\S+)", re.ASCII)
_PEELED: Final = "^{}"
_SETTINGS: Final = (
    "protocol.allow=never",
    "protocol.https.allow=always",
    "protocol.ssh.allow=always",
    "http.followRedirects=false",
    "credential.helper=",
    "core.askPass=",
    "core.hooksPath=/dev/null",
    "core.fsmonitor=false",
)
# What git's transports need of ours; no GIT_* variable is among them.
_PASSED_ON: Final = (
    "PATH",
    "LANG",
    "SSH_AUTH_SOCK",
    "HTTPS_PROXY",
    "https_proxy",
    "NO_PROXY",
    "no_proxy",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
)


async def tag_commits(
    url: str, *, seconds: float, ca_file: str | None = None
) -> dict[str, str]:
    """Return the commit of each tag, by its full name (``refs/tags/v1.0.0``).

    Args:
        url: A repository that ``origins`` let through.
        seconds: How long it may take.
        ca_file: PEM file of certificate authorities.

    Raises:
        UnavailableError: There is no git, or no answer; also its subclass.
    """
    arguments = ["git"]
    for setting in (*_SETTINGS, *([f"http.sslCAInfo={ca_file}"] if ca_file else [])):
        arguments += ["-c", setting]
    with anyio.move_on_after(seconds):
        return parse_tags(await _output([*arguments, "ls-remote", "--tags", "--", url]))
    raise UpstreamTimeoutError(f"git {url}: not finished within {seconds:g} s")


def parse_tags(text: str) -> dict[str, str]:
    """Return the commit of each tag that ls-remote named.

    An annotated tag comes twice, as the tag's own object and peeled.
    """
    found: dict[str, str] = {}
    peeled: dict[str, str] = {}
    for line in text.splitlines():
        if match := _LINE.fullmatch(line):
            name = match[2].removesuffix(_PEELED)
            (peeled if name != match[2] else found)[name] = match[1]
    return found | peeled


async def _output(arguments: list[str]) -> str:
    try:
        process = await anyio.open_process(
            arguments,
            stdin=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            cwd="/",
            env=_environment(),
            start_new_session=True,
        )
    except OSError as exc:
        raise UnavailableError(
            f"git: {exc.strerror}", hint="install git, or leave audit.git_hosts empty"
        ) from exc
    try:
        return await _read(process, arguments[-1])
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        with anyio.CancelScope(shield=True):
            await process.aclose()


async def _read(process: Process, url: str) -> str:
    said = bytearray()
    complaint = bytearray()

    async def listen() -> None:
        assert process.stderr is not None
        async for data in process.stderr:
            complaint.extend(data[: max(0, _ERROR_CHARACTERS - len(complaint))])

    async with anyio.create_task_group() as group:
        group.start_soon(listen)
        assert process.stdout is not None
        async for data in process.stdout:
            said += data
            if len(said) > OUTPUT_LIMIT_BYTES:
                break
        else:
            await process.wait()
        group.cancel_scope.cancel()
    if process.returncode != 0:
        why = "said too much" if process.returncode is None else _printable(complaint)
        raise UnavailableError(f"git {url}: {why}")
    return said.decode("ascii", "replace")


def _printable(data: bytes | bytearray) -> str:
    text = " ".join(data.decode("utf-8", "replace").split())
    return "".join(c if c.isprintable() else "?" for c in text) or "failed"


def _environment() -> dict[str, str]:
    kept = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    return kept | {
        "HOME": "/nonexistent",
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CEILING_DIRECTORIES": "/",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_ALLOW_PROTOCOL": "https:ssh",
        "GIT_SSH_COMMAND": "ssh -oBatchMode=yes -oClearAllForwardings=yes",
        "LC_ALL": "C",
    }
