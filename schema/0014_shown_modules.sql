-- Holds the number's place until the publish step of this name takes it.
SELECT 1;
