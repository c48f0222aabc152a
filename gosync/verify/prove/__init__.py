"""Proof sources: who vouches for a module version's ``h1:``.

    answers  what a source can say of a version (pure)
    prover   the sources asked in turn: catalog, mirrored sumdb, the database itself
    sources  the sources that a run has, by what it was given

The first source that answers counts; what no source can say has a cause.
"""
