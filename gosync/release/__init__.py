"""Releases of private modules: a version made from a folder, a git tag or an upload.

The zip is the one that ``go mod download`` makes of the same tag in direct mode (see
``gosync.git``). It goes through the gate as everything does, pinned by its first sight.

    folder      the files of a folder, and whether git knows all of them
    releasing   a version made, brought through the gate, and published
"""
