"""Folders of modules, whoever filled them: which file is what, read and written safely.

A published tree, a GOMODCACHE, goproxy's and Athens' folders. A path gives module,
version and file, and these give the path.

    routes      the paths of a published tree (pure)
    requests    what a path of a GOPROXY asks for (pure)
    headers     media type and caching of a tree's files (pure)
    indexfiles  the files of a tree's index: names, lines, time stamps (pure)
    indexreading  that index, read from a folder
    layouts     which file of a cache is what (pure)
    athens      Athens' layout on disk (pure)
    shared      a folder as a worker elsewhere opens it
    tree        files below one open folder, read with limits
    walk        a folder's entries, without following anything
    detection   which kind of cache a folder is
    roots       where the root of a cache is, by one folder in it
    inventory   a folder's entries by module version
    foreign     what of a folder is no cache's, and is left alone
    sums        a tree's part of the checksum database, proven to a signed head
    findings    what is wrong with a file of a tree
    placing     bytes put into a folder, things removed from it
    cursor      the descriptor of the folder that was asked for last
    copying     copies between file systems
    moving      a thing moved from one open folder into another, whole or not at all
"""
