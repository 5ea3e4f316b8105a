-- Whose this database is: one row, that of the team which opened it first.
CREATE TABLE team (
  one BIGINT PRIMARY KEY NOT NULL CHECK (one = 1),
  id TEXT NOT NULL,
  place TEXT NOT NULL
);
