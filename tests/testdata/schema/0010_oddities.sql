-- What is odd about a version that the checksum database vouches for all the same,
-- in words for people; NULL for nothing.
ALTER TABLE versions ADD COLUMN oddity TEXT;
