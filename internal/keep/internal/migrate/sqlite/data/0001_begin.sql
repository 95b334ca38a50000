-- Facts are only ever added at the end. Each row names the previous row of its
-- fragment, and head names the last one: no index has to be kept for them.
-- Heads are written behind, in key order: head is right for the facts up to the
-- row in sweep.swept, and for later ones the facts themselves tell.
CREATE TABLE fact (
  seq      INTEGER PRIMARY KEY,
  fragment INTEGER NOT NULL,
  n        INTEGER NOT NULL,
  kind     INTEGER NOT NULL,
  received INTEGER NOT NULL,
  prev     INTEGER NOT NULL,
  body     BLOB    NOT NULL
) STRICT;

CREATE TABLE head (
  fragment INTEGER PRIMARY KEY,
  seq      INTEGER NOT NULL,
  n        INTEGER NOT NULL
) STRICT;

CREATE TABLE sweep (
  id      INTEGER PRIMARY KEY CHECK (id = 1),
  commits INTEGER NOT NULL,
  swept   INTEGER NOT NULL
) STRICT;
INSERT INTO sweep (id, commits, swept) VALUES (1, 0, 0);

CREATE TABLE state (
  fragment INTEGER PRIMARY KEY,
  n        INTEGER NOT NULL,
  version  INTEGER NOT NULL,
  pages    INTEGER NOT NULL,
  body     BLOB    NOT NULL,
  seen     BLOB    NOT NULL
) STRICT;

CREATE TABLE seen_page (
  fragment INTEGER NOT NULL,
  page     INTEGER NOT NULL,
  entries  BLOB    NOT NULL,
  PRIMARY KEY (fragment, page)
) STRICT, WITHOUT ROWID;

CREATE TABLE spine (
  seq       INTEGER PRIMARY KEY,
  pseudonym INTEGER NOT NULL,
  at        INTEGER NOT NULL,
  name      TEXT    NOT NULL,
  item      TEXT    NOT NULL,
  minor     INTEGER NOT NULL,
  currency  TEXT    NOT NULL,
  quantity  INTEGER NOT NULL
) STRICT;
CREATE INDEX spine_at ON spine (at);

CREATE TABLE job (
  id       INTEGER PRIMARY KEY AUTOINCREMENT,
  kind     TEXT    NOT NULL,
  fragment INTEGER NOT NULL,
  uniq     TEXT    NOT NULL,
  due      INTEGER NOT NULL,
  attempt  INTEGER NOT NULL,
  lease    INTEGER NOT NULL,
  fence    INTEGER NOT NULL,
  state    TEXT    NOT NULL CHECK (state IN ('waiting', 'done', 'dead')),
  code     TEXT    NOT NULL,
  body     BLOB    NOT NULL
) STRICT;
CREATE UNIQUE INDEX job_unique ON job (kind, uniq) WHERE uniq <> '';
CREATE INDEX job_due ON job (kind, due, id) WHERE state = 'waiting';
CREATE INDEX job_state ON job (kind, state, id);
CREATE INDEX job_fragment ON job (fragment);

CREATE TABLE timer (
  fragment INTEGER PRIMARY KEY,
  due      INTEGER NOT NULL
) STRICT;
CREATE INDEX timer_due ON timer (due, fragment);

CREATE TABLE quarantine (
  id       INTEGER PRIMARY KEY AUTOINCREMENT,
  source   TEXT    NOT NULL,
  code     TEXT    NOT NULL,
  why      TEXT    NOT NULL,
  received INTEGER NOT NULL,
  body     BLOB    NOT NULL
) STRICT;
CREATE INDEX quarantine_received ON quarantine (received);

CREATE TABLE definition (
  kind    TEXT    NOT NULL,
  key     TEXT    NOT NULL,
  version INTEGER NOT NULL,
  hash    TEXT    NOT NULL,
  status  TEXT    NOT NULL,
  body    BLOB    NOT NULL,
  author  TEXT    NOT NULL,
  approve TEXT    NOT NULL,
  answer  TEXT    NOT NULL,
  at      INTEGER NOT NULL,
  PRIMARY KEY (kind, key, version)
) STRICT;

CREATE TABLE source (
  key      TEXT NOT NULL PRIMARY KEY,
  key_hash BLOB NOT NULL CHECK (length(key_hash) = 16),
  body     BLOB NOT NULL
) STRICT;

CREATE TABLE token (
  name TEXT    NOT NULL PRIMARY KEY,
  role TEXT    NOT NULL,
  hash BLOB    NOT NULL CHECK (length(hash) = 16),
  at   INTEGER NOT NULL
) STRICT;

CREATE TABLE tally (
  source      TEXT    NOT NULL PRIMARY KEY,
  accepted    INTEGER NOT NULL,
  duplicate   INTEGER NOT NULL,
  quarantined INTEGER NOT NULL,
  refused     INTEGER NOT NULL
) STRICT;

CREATE TABLE audit (
  writer   TEXT    NOT NULL,
  n        INTEGER NOT NULL,
  at       INTEGER NOT NULL,
  previous BLOB    NOT NULL,
  hash     BLOB    NOT NULL,
  body     BLOB    NOT NULL,
  PRIMARY KEY (writer, n)
) STRICT;

CREATE TABLE item (
  id   TEXT NOT NULL PRIMARY KEY,
  body BLOB NOT NULL
) STRICT;

CREATE TABLE meta (
  name  TEXT NOT NULL PRIMARY KEY,
  value BLOB NOT NULL
) STRICT, WITHOUT ROWID;

-- One row that Ready writes to, to see that the disk still takes it.
CREATE TABLE probe (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  n  INTEGER NOT NULL
) STRICT;
