"""Blocks: ``.info``, ``.mod`` and recipes of a group of versions. Pure.

A block is the length of its head (4 bytes, big-endian), the head, which is canonical
JSON, and then for each version the bytes of its ``.info``, ``.mod`` and recipe, whose
sizes the head says; a ``.mod`` alone may come without ``.info``, and has no recipe::

    {"path":"example.com/m","versions":[
        {"form":"rebuilt","info_bytes":73,"mod_bytes":22,"recipe_bytes":1520,
         "version":"v1.0.0"}, ...]}

From a group's recipes follow, on both sides alike, which contents travel and in
which order (``contents_of``), and what a patch's dictionary is (``dictionary_of``).
On the way the lines of what travels for one line alone are untold; whoever has read
the contents tells them again (``told``).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from enum import StrEnum
from typing import Annotated, NamedTuple

import msgspec
from msgspec.structs import replace

from gosync.bundle.format.decoding import decode_json
from gosync.bundle.format.names import (
    MAX_GROUP_HEAD_BYTES,
    MAX_GROUP_TEXT_BYTES,
    MAX_GROUP_VERSIONS,
    MAX_INFO_BYTES,
    MAX_RECIPE_BYTES,
    PATCH_BYTES,
)
from gosync.bundle.format.recipe import (
    EMPTY,
    LINE_BYTES,
    RecipeLine,
    format_recipe,
    h1_of,
    parse_recipe,
)
from gosync.errors import MalformedError
from gosync.gomod.module import ModuleVersion
from gosync.gomod.zipcheck import MAX_GO_MOD_BYTES

_LENGTH_BYTES = 4
_WHAT = "bundle block"


class Form(StrEnum):
    """How a version travels."""

    MOD = "mod"  # its .mod alone
    REBUILT = "rebuilt"  # the zip's contents
    VERBATIM = "verbatim"  # the zip's bytes


class VersionHead(msgspec.Struct, frozen=True, kw_only=True):
    """What a block's head says of a version.

    Attributes:
        version: The version.
        form: How it travels.
        info_bytes: The size of its ``.info``, 0 for none.
        mod_bytes: The size of its ``.mod``.
        recipe_bytes: The size of its recipe, 0 for none.
    """

    version: str
    form: Form
    info_bytes: Annotated[int, msgspec.Meta(ge=0, le=MAX_INFO_BYTES)]
    mod_bytes: Annotated[int, msgspec.Meta(ge=0, le=MAX_GO_MOD_BYTES)]
    recipe_bytes: Annotated[int, msgspec.Meta(ge=0, le=MAX_RECIPE_BYTES)]


class GroupHead(msgspec.Struct, frozen=True, kw_only=True):
    """A block's head.

    Attributes:
        path: The module path.
        versions: Its versions, in their order within the block.
    """

    path: str
    versions: Annotated[
        tuple[VersionHead, ...], msgspec.Meta(max_length=MAX_GROUP_VERSIONS)
    ]


class PackedVersion(msgspec.Struct, frozen=True, kw_only=True):
    """One version of a group.

    Attributes:
        mv: The module version.
        form: How it travels.
        info: Its ``.info``, or None.
        mod: Its ``.mod``.
        recipe: Its recipe; empty for a ``.mod`` alone.
    """

    mv: ModuleVersion
    form: Form
    info: bytes | None
    mod: bytes
    recipe: tuple[RecipeLine, ...] = ()

    @property
    def h1(self) -> str | None:
        """The ``h1:`` that its recipe gives; None unless the zip is rebuilt."""
        return h1_of(self.mv, self.recipe) if self.form is Form.REBUILT else None

    @property
    def text_bytes(self) -> int:
        """The size of its ``.info``, ``.mod`` and recipe, or a little more."""
        lines = sum(len(line.name) + LINE_BYTES for line in self.recipe)
        return len(self.info or b"") + len(self.mod) + lines

    def told(self, digests: Mapping[bytes, str]) -> PackedVersion:
        """Return the version with what was untold of its recipe, by name."""
        recipe = tuple(
            line
            if line.digest or not line.size_bytes
            else line._replace(digest=digests[line.name])
            for line in self.recipe
        )
        return replace(self, recipe=recipe)


_decode = msgspec.json.Decoder(GroupHead).decode
_encode = msgspec.json.Encoder(order="sorted").encode


def format_block(versions: Sequence[PackedVersion], has: Collection[str] = ()) -> bytes:
    """Return the block of a group.

    Args:
        versions: The group.
        has: The digests that the base has.
    """
    heads = []
    bodies: list[bytes] = []
    uses = Counter(line.digest for version in versions for line in version.recipe)
    once = {digest for digest, count in uses.items() if count == 1} - {EMPTY}
    once.difference_update(has)
    for version in versions:
        untold = once if version.form is Form.REBUILT else ()
        recipe = format_recipe(version.recipe, untold)
        head = VersionHead(
            version=version.mv.version,
            form=version.form,
            info_bytes=len(version.info or b""),
            mod_bytes=len(version.mod),
            recipe_bytes=len(recipe),
        )
        heads.append(head)
        bodies += (version.info or b"", version.mod, recipe)
    group = _encode(GroupHead(path=versions[0].mv.path, versions=tuple(heads)))
    return b"".join((len(group).to_bytes(_LENGTH_BYTES), group, *bodies))


def parse_block(
    read: Callable[[int], bytes],
    check: Callable[[ModuleVersion, VersionHead], object] = lambda *_: None,
) -> tuple[PackedVersion, ...]:
    """Parse a block.

    Args:
        read: Returns exactly the next so many bytes.
        check: Is asked about each version before anything of it is read.

    Raises:
        MalformedError: it is no block; or as from ``read`` and ``check``.
    """
    head_bytes = int.from_bytes(read(_LENGTH_BYTES))
    if head_bytes > MAX_GROUP_HEAD_BYTES:
        raise _malformed(f"a head of {head_bytes} bytes")
    group = decode_json(_decode, read(head_bytes), _WHAT)
    if not group.versions:
        raise _malformed("a group without versions")
    text_bytes = sum(
        head.info_bytes + head.mod_bytes + head.recipe_bytes for head in group.versions
    )
    if text_bytes > MAX_GROUP_TEXT_BYTES:
        raise _malformed(f"a group of {text_bytes} bytes")
    for head in group.versions:
        check(ModuleVersion(group.path, head.version), head)
    return tuple(_parse_version(group.path, head, read) for head in group.versions)


def _parse_version(
    path: str, head: VersionHead, read: Callable[[int], bytes]
) -> PackedVersion:
    info = read(head.info_bytes) or None
    mod = read(head.mod_bytes)
    recipe = parse_recipe(read(head.recipe_bytes))
    mv = ModuleVersion(path, head.version)
    if (head.form is Form.MOD) == bool(recipe):
        raise _malformed(f"{mv}: {head.form.value}, a recipe of {len(recipe)} lines")
    if head.form is not Form.MOD and info is None:
        raise _malformed(f"{mv}: no .info")
    if head.form is Form.VERBATIM and len(recipe) != 1:
        raise _malformed(f"{mv}: verbatim, a recipe of {len(recipe)} lines")
    return PackedVersion(mv=mv, form=head.form, info=info, mod=mod, recipe=recipe)


class Content(NamedTuple):
    """Contents that travel.

    Attributes:
        name: The name that they have first.
        order: The version of the group that has them first, by number.
        digest: Their SHA-256, "" if it is not told.
        size_bytes: Their size.
        verbatim: Whether they are a zip.
    """

    name: bytes
    order: int
    digest: str
    size_bytes: int
    verbatim: bool


def contents_of(
    versions: Iterable[PackedVersion], has: Collection[str] = ()
) -> list[Content]:
    """Return what travels of a group, in its order.

    Args:
        versions: The group.
        has: The digests that the base has.
    """
    first: dict[object, Content] = {}
    for order, version in enumerate(versions):
        verbatim = version.form is Form.VERBATIM
        for name, digest, size_bytes in version.recipe:
            key = digest or (order, name)
            if size_bytes and key not in first and digest not in has:
                first[key] = Content(name, order, digest, size_bytes, verbatim)
    return sorted(first.values())


def dictionary_of(
    contents: Iterable[Content], base: Mapping[bytes, RecipeLine]
) -> list[RecipeLine]:
    """Return which of the base's contents help with those that travel, in order.

    They are the ones with the same names, by name, as far as PATCH_BYTES reach.

    Args:
        contents: What travels.
        base: The base's recipe, by name.
    """
    chosen: list[RecipeLine] = []
    left = PATCH_BYTES
    for name in sorted({content.name for content in contents}):
        line = base.get(name)
        if line is not None and 0 < line.size_bytes <= left:
            left -= line.size_bytes
            chosen.append(line)
    return chosen


def _malformed(reason: str) -> MalformedError:
    return MalformedError(_WHAT, "", reason)
