-- How many rows of a file each table took, and how many cells of each figure were filled, as JSON by their names in SQL: what
-- the next file is held against.
ALTER TABLE submissions ADD COLUMN sizes TEXT;
