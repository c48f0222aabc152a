"""Runtime folder of a store's server: the owner's socket, and what it merges.

    STORE/serve/            0700
    STORE/serve/owner.sock  where the owner listens; whoever is there is the owner
    STORE/serve/merged/     lists, ``@latest`` and branches, as paths of a tree

A socket's name has room for some hundred bytes; a longer one is reached through
/proc/self/fd, by a descriptor of its folder. Both ends look who is there
(SO_PEERCRED): another user's process is not spoken to.
"""

from __future__ import annotations

import asyncio
import os
import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from gosync.store.layout import SERVE

SOCKET: Final = "owner.sock"
MERGED: Final = "merged"
_CREDENTIALS: Final = struct.Struct("3i")
_SOCKET_NAME_BYTES: Final = 100
_CONNECT_SECONDS: Final = 5.0


def runtime_folder(store: Path) -> Path:
    """Return the folder of a store's server."""
    return store / SERVE


def make_runtime(store: Path) -> Path:
    """Make the folder, for this user alone.

    Raises:
        OSError: it cannot be made.
    """
    folder = runtime_folder(store)
    folder.mkdir(mode=0o700, exist_ok=True)
    folder.chmod(0o700)
    (folder / MERGED).mkdir(mode=0o700, exist_ok=True)
    return folder


@contextmanager
def _address(folder: Path) -> Iterator[str]:
    plain = str(folder / SOCKET)
    if len(os.fsencode(plain)) < _SOCKET_NAME_BYTES:
        yield plain
        return
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield f"/proc/self/fd/{descriptor}/{SOCKET}"
    finally:
        os.close(descriptor)


def listen_as_owner(folder: Path) -> socket.socket:
    """Return a socket that listens in place of an earlier owner's.

    Raises:
        OSError: it cannot be made.
    """
    (folder / SOCKET).unlink(missing_ok=True)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        with _address(folder) as address:
            listener.bind(address)
        (folder / SOCKET).chmod(0o600)
        listener.listen(128)
    except OSError:
        listener.close()
        raise
    return listener


def owner_pid(folder: Path) -> int | None:
    """Return the process that listens as the owner, None where nobody does.

    Args:
        folder: The runtime folder; it need not be there.
    """
    with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as end:
        end.settimeout(_CONNECT_SECONDS)
        with _address(folder) as address:
            end.connect(address)
        check_peer(end)
        return _peer(end)[0]
    return None


async def connect_owner(
    folder: Path, limit_bytes: int
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Connect to the owner.

    Args:
        folder: The runtime folder.
        limit_bytes: The longest line that is read.

    Raises:
        OSError: nobody is there, or another user is.
    """
    end = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        with _address(folder) as address:
            end.connect(address)
        check_peer(end)
    except OSError:
        end.close()
        raise
    return await asyncio.open_unix_connection(sock=end, limit=limit_bytes)


def check_peer(end: socket.socket) -> None:
    """Check that whoever is at the other end is this user.

    Raises:
        PermissionError: it is another one.
    """
    _, user = _peer(end)
    if user != os.geteuid():
        raise PermissionError(f"user {user} is at the other end")


def _peer(end: socket.socket) -> tuple[int, int]:
    """Return process and user at the other end."""
    found = end.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    process, user, _ = _CREDENTIALS.unpack(found)
    return process, user
