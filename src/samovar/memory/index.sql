-- Everything here is computed from the files; deleting the database loses nothing.
CREATE TABLE IF NOT EXISTS notes (
  number INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  modified INTEGER NOT NULL,
  size INTEGER NOT NULL,
  sha256 BLOB NOT NULL
);
CREATE VIRTUAL TABLE IF NOT EXISTS words USING fts5 (
  text, tags, tokenize = "porter unicode61 remove_diacritics 0 categories 'L* N* M* Co'"
);
CREATE TABLE IF NOT EXISTS vectors (
  number INTEGER PRIMARY KEY,
  model TEXT NOT NULL,
  vector BLOB NOT NULL
);
