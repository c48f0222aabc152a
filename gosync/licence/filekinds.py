"""Kinds of licence files, by their names and places. Pure."""

from enum import Enum


class LicenceFileKind(Enum):
    """What a licence file is, by its name and its place.

    Attributes:
        LICENCE: A licence file of the module, at its root, where pkg.go.dev looks.
        ALIKE: Another file at the root whose name begins like one.
        REUSE: A text in the folder LICENSES at the root.
        FOLDER: A licence file of a deeper folder: it covers that folder.
        NOTICE: A notice at the root, to be handed on with some licences.
        README: The README at the root.
    """

    LICENCE = "licence"
    ALIKE = "alike"
    REUSE = "reuse"
    FOLDER = "folder"
    NOTICE = "notice"
    README = "readme"
