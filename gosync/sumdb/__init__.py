"""The checksum database: what a log signed, and how that is proven. Pure.

A checksum database (golang.org/design/25530-sumdb) is a transparency log. Each
record holds the ``h1:`` lines of one module version; a signed tree head commits
to all records at once; tiles carry the hashes in between. Whoever holds a tree
head and some tiles can prove that a record is in the log (inclusion), and that a
later head still contains everything an earlier one had (consistency).

One file a concept, each a format or a rule with its specification on top:

===============  ==============================================================
``note``         signed notes, verifier and signer keys (C2SP signed-note)
``ed25519``      signatures of keys of 32 bytes
``tlog``         hashes, stored-hash order, the three lines of a tree head
``merkle``       inclusion and consistency proofs
``treehead``     a tree head with the note that signs it
``record``       the answer to a lookup: id, record text, signed note
``tile``         tiles, their paths, and which of them a question needs
``proof``        tiles of one tree, each proven up to the signed root
``tilereader``   where tiles come from, and what becomes of a wrong one
``trusted``      the trusted head: it moves forward only, and never forks
``names``        GOSUMDB: names, keys, addresses
``client``       all of it together, over a small Protocol for the I/O
``concurrency``  what the client needs of an event loop, so that it needs to know none
``heads``        keeps the trusted head: places what comes along
``mixedheads``   which tree head each lookup of a static tree carries (pure)
``oldheads``     which tiles a client asks for that remembers an older tree head (pure)
``readonly``     the client's operations for who only reads a log (pure)
``growing``      a log that grows: its records, its tree, its tiles (pure)
``logedge``      what is needed to append to a log, and to tell its earlier trees (pure)
``spans``        sets of whole numbers as spans, the first and the last of each (pure)
===============  ==============================================================

What is never done here: open a socket or a file, start a task, ask for the time.
``SumClient`` awaits a caller's operations; everything else is synchronous.

Rules that hold throughout, because each was once a hole in somebody's verifier:

* every tile is proven up to the signed root, index tiles too, before any hash
  in it is used or the tile is kept;
* ``h1:`` lines come from the proven record text, never from the rest of the
  answer, and both lines of a module version must be there;
* parsers are canonical: what they accept formats back to the same bytes.
"""
