"""Known mirrors: ``known.toml`` of this room, and files of the operator's like it."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Final

import msgspec

from gosync.errors import ConfigError
from gosync.upstream.address import parse_address

PUBLIC_INDEX: Final = "https://index.golang.org/index"
_SHIPPED: Final = Path(__file__).with_name("known.toml")
_LIMIT_BYTES: Final = 1024 * 1024


class KnownMirror(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A mirror.

    Attributes:
        url: A GOPROXY of one entry, without a final slash.
        name: What people call it.
        about: What is known of it.
        relay: Whether it is a checksum database alone.
        usable: Whether it may be recommended and picked.
    """

    url: str
    name: str = ""
    about: str = ""
    relay: bool = False
    usable: bool = True


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    mirror: tuple[KnownMirror, ...] = ()


def known_mirrors(more: Iterable[Path] = ()) -> tuple[KnownMirror, ...]:
    """Return the mirrors that come with gosync and those of files, which win.

    Args:
        more: Files of the operator's.

    Raises:
        ConfigError: One cannot be read, or is none.
    """
    found: dict[str, KnownMirror] = {}
    for path in (_SHIPPED, *more):
        found |= {each.url.rstrip("/"): each for each in _read(path)}
    return tuple(found.values())


def _read(path: Path) -> tuple[KnownMirror, ...]:
    try:
        with path.open("rb") as file:
            text = file.read(_LIMIT_BYTES).decode()
        mirrors = msgspec.convert(tomllib.loads(text), _File).mirror
        for each in mirrors:
            parse_address(each.url)
    except OSError as exc:
        raise ConfigError(f"{path}: {exc.strerror}") from exc
    except (ValueError, msgspec.ValidationError) as exc:
        raise ConfigError(f"{path}: no list of mirrors: {exc}") from exc
    except ConfigError as exc:
        raise ConfigError(f"{path}: {exc}", hint=exc.hint) from None
    return mirrors
