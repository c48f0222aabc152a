"""Logins: names with hashed passwords or tokens, from a file.

One a line, ``#`` begins a comment; `gosync serve --login NAME` writes a line::

    ada:$scrypt$14$8$1$SALT$HASH    a password: scrypt (RFC 7914) with N = 2**14,
                                    r = 8, p = 1; salt and hash in URL-safe base64
    ci:$sha256$HASH                 a token of 128 random bits or more: its SHA-256,
                                    in hex

A password comes as Basic credentials; a token as Bearer credentials, or as the
password of Basic ones, since that is what a .netrc has. A name may have several lines.

A scrypt takes some 30 ms. So what was right once is remembered by an HMAC whose key
never leaves the process, and at most two are computed at a time, in threads.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import re
import secrets
from base64 import b64decode, urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterable
from pathlib import Path
from typing import Final

import msgspec

from gosync.errors import ConfigError, MalformedError

_LINE: Final = re.compile(r"([A-Za-z0-9][A-Za-z0-9._@-]{0,63}):\$(scrypt|sha256)\$(.*)")
_MAX_FILE_BYTES: Final = 4 << 20
_MAX_HEADER: Final = 4096
_REMEMBERED: Final = 1000
_SALT_BYTES: Final = 16
_COST = (14, 8, 1)
_HASH_BYTES: Final = 32
_MAX_LOG_N: Final = 17
_TOKEN: Final = re.compile("[0-9a-f]{64}")
_AT_ONCE: Final = 2


class PasswordHash(msgspec.Struct, frozen=True):
    """A password's scrypt hash."""

    log_n: int
    r: int
    p: int
    salt: bytes
    digest: bytes

    def fits(self, password: bytes) -> bool:
        """Return whether this is the password; takes some 30 ms."""
        found = _scrypt(password, self.salt, (self.log_n, self.r, self.p))
        return hmac.compare_digest(found, self.digest)


class LoginHashes(msgspec.Struct, frozen=True):
    """What a file says.

    Attributes:
        passwords: Hashes of passwords, by name.
        tokens: Names, by the SHA-256 of their tokens.
    """

    passwords: dict[str, tuple[PasswordHash, ...]]
    tokens: dict[str, str]

    def by_token(self, token: bytes) -> str | None:
        """Return whose token it is."""
        return self.tokens.get(hashlib.sha256(token).hexdigest())


def read_logins(path: Path) -> LoginHashes:
    """Read a file of logins.

    Raises:
        ConfigError: it cannot be read, or a line is none.
    """
    try:
        data = path.read_bytes()
    except OSError as exc:
        raise ConfigError(f"{path}: {exc.strerror}") from exc
    if len(data) > _MAX_FILE_BYTES:
        raise ConfigError(f"{path}: larger than {_MAX_FILE_BYTES} bytes")
    try:
        return parse_logins(data.decode("utf-8", "replace").splitlines())
    except MalformedError as exc:
        raise ConfigError(f"{path}: {exc.value}: {exc.reason}") from None


def parse_logins(lines: Iterable[str]) -> LoginHashes:
    """Parse a file of logins.

    Raises:
        MalformedError: a line is none; its number is the value, since the line may
            have a password in it.
    """
    passwords: dict[str, tuple[PasswordHash, ...]] = {}
    tokens: dict[str, str] = {}
    for number, line in enumerate(lines, start=1):
        text = line.strip()
        if not text or text.startswith("#"):
            continue
        match = _LINE.fullmatch(text)
        if match is None:
            raise _malformed(number)
        name, kind, rest = match.groups()
        if kind == "scrypt":
            known = passwords.get(name, ())
            passwords[name] = (*known, _parse_scrypt(rest, number))
        elif _TOKEN.fullmatch(rest):
            tokens[rest] = name
        else:
            raise _malformed(number)
    return LoginHashes(passwords, tokens)


def _malformed(number: int) -> MalformedError:
    reason = "want NAME:$scrypt$... or NAME:$sha256$..., as --login writes them"
    return MalformedError("login", f"line {number}", reason)


def _parse_scrypt(text: str, number: int) -> PasswordHash:
    try:
        log_n, r, p, salt, digest = text.split("$")
        found = PasswordHash(int(log_n), int(r), int(p), _decode(salt), _decode(digest))
    except ValueError as exc:
        raise _malformed(number) from exc
    is_sane = 10 <= found.log_n <= _MAX_LOG_N and 1 <= found.r <= 16  # 256 MiB at most
    if not is_sane or not 1 <= found.p <= 4 or len(found.digest) != _HASH_BYTES:
        raise _malformed(number)
    return found


def format_password(name: str, password: str) -> str:
    """Return the line of a new password, without its line's end.

    Raises:
        ConfigError: the name cannot be one.
    """
    salt = secrets.token_bytes(_SALT_BYTES)
    digest = _scrypt(password.encode(), salt, _COST)
    numbers = "$".join(map(str, _COST))
    return _checked(f"{name}:$scrypt${numbers}${_encode(salt)}${_encode(digest)}")


def format_token(name: str, token: str) -> str:
    """Return the line of a token, without its line's end.

    Raises:
        ConfigError: the name cannot be one.
    """
    return _checked(f"{name}:$sha256${hashlib.sha256(token.encode()).hexdigest()}")


def _checked(line: str) -> str:
    if _LINE.fullmatch(line) is None:
        raise ConfigError(
            f"login {line.partition(':')[0]!r}: not a name",
            hint="use letters, digits and . _ @ -, at most 64 of them",
        )
    return line


def _scrypt(password: bytes, salt: bytes, cost: tuple[int, int, int]) -> bytes:
    log_n, r, p = cost
    return hashlib.scrypt(
        password,
        salt=salt,
        n=1 << log_n,
        r=r,
        p=p,
        maxmem=(128 << log_n) * r + (1 << 20) * (p + 1),
        dklen=_HASH_BYTES,
    )


def _encode(data: bytes) -> str:
    return urlsafe_b64encode(data).decode().rstrip("=")


def _decode(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


class LoginCheck:
    """Checks Authorization headers against a file's logins."""

    def __init__(self, logins: LoginHashes) -> None:
        self._logins = logins
        self._key = secrets.token_bytes(32)
        self._right: dict[bytes, str] = {}
        self._room = asyncio.Semaphore(_AT_ONCE)
        self._nobody = parse_logins([format_password("nobody", secrets.token_hex())])

    async def user_of(self, header: str | None) -> str | None:
        """Return whose credentials a header has; None for wrong ones or none."""
        if not header or len(header) > _MAX_HEADER:
            return None
        mark = hmac.digest(self._key, header.encode("utf-8", "replace"), "sha256")
        known = self._right.get(mark)
        if known is None:
            known = await self._check(header)
            if known is not None:
                self._remember(mark, known)
        return known

    def _remember(self, mark: bytes, user: str) -> None:
        if len(self._right) >= _REMEMBERED:
            self._right.pop(next(iter(self._right)))
        self._right[mark] = user

    async def _check(self, header: str) -> str | None:
        scheme, _, rest = header.partition(" ")
        if scheme.lower() == "bearer":
            return self._logins.by_token(rest.strip().encode("utf-8", "replace"))
        if scheme.lower() != "basic":
            return None
        try:
            pair = b64decode(rest.strip(), validate=True)
        except ValueError:
            return None
        name, colon, password = pair.partition(b":")
        user = name.decode("utf-8", "replace")
        if colon and self._logins.by_token(password) == user:
            return user
        return user if colon and await self._fits(user, password) else None

    async def _fits(self, user: str, password: bytes) -> bool:
        """Compare with the user's hashes; an unknown name takes as long."""
        nobody = self._nobody.passwords["nobody"]
        hashes = self._logins.passwords.get(user, nobody)
        async with self._room:
            fits = [await asyncio.to_thread(each.fits, password) for each in hashes]
        return any(fits) and hashes is not nobody
