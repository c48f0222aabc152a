"""Git repositories as a source of modules, by the git command.

A version is made of a tag or a commit as ``go`` makes it in direct mode: the same
files, so the same h1.

    choosing    which files of a source are in a module's zip (pure)
    command     git command: no prompts, few transports, limits of time and bytes
    files       files of a folder or a tag: what they have in common
    making      a version's .info, .mod and .zip, as files that an upstream has
    module      module of a repository: its folder, its tags, its major version (pure)
    repository  what was fetched of a repository, kept in a folder
    revisions   versions of a module: tags, branches, commits and pseudo-versions
    source      private modules asked of their repositories, as if of a proxy
    tags        the files of a tag or a commit, as Go's codehost gets them
"""
