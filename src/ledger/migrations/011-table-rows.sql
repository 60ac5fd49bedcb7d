-- How many rows of a file each table took, as JSON by the tables' names in SQL: what the next file is held against.
ALTER TABLE submissions ADD COLUMN table_rows TEXT;
