"""Storage of a tree: a folder, or objects of a bucket, behind one contract.

tree           the contract: files by name
localtree      a tree as a folder
packedtree     the same with compressed copies of its texts
objecttree     a tree as objects of a bucket
objectput      one object of it put: a generated file, or a blob
objectfolder   what a folder of that tree has, and which blobs
treelease      which machine publishes a tree in a bucket
treecopy       a copy of a tree that is in a bucket, for what looks at files
notedtree      a tree's storage that notes what is written
"""
