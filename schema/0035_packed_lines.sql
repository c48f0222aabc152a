-- Each column of a pack of the kept index tells where its lines begin
-- (gosync/catalog/packed_lines.py), so that a few rows are found without a look at all of
-- them. What was kept without that is read anew.

DELETE FROM index_packs;
DELETE FROM cursors WHERE pattern = '(kept)';
