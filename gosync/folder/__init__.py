"""Folders of modules, whoever filled them: which file is what, read and written safely.

A published tree, a GOMODCACHE, goproxy's and Athens' folders. A path gives module,
version and file, and these give the path.

    routes     where each file of a published tree lies (pure)
    layouts    which file of a cache is what (pure)
    athens     Athens' own layout (pure)
    tree       files below one open folder, read with limits
    walk       a folder's entries, without following anything
    placing    bytes put into a folder, things removed from it
    copying, moving   from one open folder into another, whole or not at all
"""
