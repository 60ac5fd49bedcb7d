-- A file that holds several periods: the submission in which a changed earlier period was found.
ALTER TABLE submissions ADD COLUMN found_in INTEGER REFERENCES submissions (id);
CREATE INDEX submissions_found_in ON submissions (found_in) WHERE found_in IS NOT NULL;
