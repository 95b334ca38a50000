-- Ids are never given twice, so that an orphan in the data store stays an orphan.
CREATE TABLE fragment (
  id       INTEGER PRIMARY KEY AUTOINCREMENT,
  hash     BLOB    NOT NULL CHECK (length(hash) = 16),
  tomb     BLOB    NOT NULL CHECK (length(tomb) = 16),
  ns       TEXT    NOT NULL,
  ref      BLOB    NOT NULL CHECK (length(ref) = 16),
  key      BLOB    NOT NULL CHECK (length(key) > 0),
  verified INTEGER NOT NULL CHECK (verified IN (0, 1)),
  created  INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX fragment_hash ON fragment (hash);
CREATE UNIQUE INDEX fragment_ref ON fragment (ref) WHERE ref <> zeroblob(16);

CREATE TABLE edge (
  a        INTEGER NOT NULL,
  b        INTEGER NOT NULL CHECK (a < b),
  verified INTEGER NOT NULL CHECK (verified IN (0, 1)),
  at       INTEGER NOT NULL,
  message  BLOB    NOT NULL CHECK (length(message) = 16),
  cut      INTEGER NOT NULL CHECK (cut IN (0, 1)),
  PRIMARY KEY (a, b, verified)
) STRICT, WITHOUT ROWID;
CREATE INDEX edge_b ON edge (b, a);

CREATE TABLE tombstone (
  tomb BLOB    NOT NULL PRIMARY KEY CHECK (length(tomb) = 16),
  at   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE meta (
  name  TEXT NOT NULL PRIMARY KEY,
  value BLOB NOT NULL
) STRICT, WITHOUT ROWID;
