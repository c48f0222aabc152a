"""Releases of private modules: a version made from a folder or a git tag.

The zip is the one that ``go mod download`` makes of the same tag in direct mode: the
same files, so the same h1. It goes through the gate as everything does, pinned by its
first sight.

    choosing    which files of a source are in a module's zip (pure)
    git         git command, without prompts, with few transports
    folder      the files of a folder, and whether git knows all of them
    making      a version's .info, .mod and .zip, as files that an upstream has
    releasing   a version made, brought through the gate, and published
    repository  the files of a git tag, as Go's codehost gets them
    source      sources of a release: what they have in common
"""
