"""What a Go module is: names, versions, files and their hashes. Pure.

This room is handed bytes and strings, and returns values or raises
:class:`~gosync.errors.MalformedError` (or another
:class:`~gosync.errors.RejectedError`). It opens no file and no socket.
Names follow ``golang.org/x/mod``, whose verdicts are the specification; the
rows in ``tests/testdata/vectors`` keep the two in agreement.

==================  ===========================================================
``semver``          versions: validity, precedence, sorting
``module``          the door to module paths: ``ModuleVersion``, checks, escaping
``pathcheck``       which module, import and file paths are allowed
``lengths``         how long paths and versions may be
``manyversions``    many paths and versions checked at once
``pathmajor``       the major version in a path: ``/v2``, ``gopkg.in``'s ``.v2``
``escape``          the ``!`` form of paths and versions that proxies use
``nextversions``    the releases that may come after one
``pseudo``          versions made from a commit's time and hash
``purl``            package URLs of versions
``patterns``        GOPRIVATE-style globs over path prefixes
``unicode``         Go's letters and case folding (tables: ``unicode_tables``)
``info``            the JSON of ``.info`` and ``@latest``
``versionlist``     the text of ``@v/list``, and which version is newest
``latest``          which version ``latest`` means, retractions and all
``modlex``          lines, tokens and comments of go.mod
``modquote``        quoted strings in go.mod
``moddirective``    one directive of go.mod
``modfile``         go.mod as a whole
``workfile``        go.work
``gover``           versions of Go, and how versions of any module compare
``mvs``             the door to the module graph and what it selects
``mains``           main modules: what they replace and exclude
``modread``         which go.mod files a graph is made of; reading them
``modgraph``        the graph; minimal version selection
``modroots``        a main module's requirements, brought up to date
``needs``           the door to which files ``go`` asks for, level by level
``needsfound``      what was found to be needed, and why
``gosum``           lines of go.sum
``window``          many small reads of a file from few large ones
``zipdir``          a zip's central directory, as Go reads it
``zipread``         the contents of a zip's entries, streamed
``seen``            what entries contain, known again by their compressed bytes
``zipcheck``        the rules that a module zip must obey
``contentsink``     who is handed what a scan reads of each entry
``dirhash``         the ``h1:`` hash, and the one pass that does it all
``buildtags``       build constraints, where any tag may be set
``goimports``       the import declarations of a Go file
``modulepackages``  packages of a module, as values: what each imports
``packages``        the packages of a module, and what they import
``zippackages``     the packages of a module, read from its zip alone
``synopsis``        the first sentence of a package comment
``readme``          a module's README: which file it is, as it is kept
``deps``            how far a selection reaches
``filekind``        the three files of a module version
``consumers``       how a consumer uses the modules that it requires
``needsimports``    which versions a consumer can build with, by its imports
``needsreached``    what imports come to, and where they are known from
``needsfloor``      lower bounds of what consumers select
``needsupgraded``   which files ``go get -u ./...`` asks a proxy for
``unicode_tables``  letters and fold classes beyond ASCII
``zipwrite``        zips in one fixed form: the same entries give the same bytes
==================  ===========================================================
"""
