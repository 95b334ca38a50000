-- Secrets that were handed out and may come back: codes, sessions, links.
CREATE TABLE ticket (
  kind     TEXT    NOT NULL,
  hash     BLOB    NOT NULL CHECK (length(hash) = 16),
  fragment INTEGER NOT NULL,
  until    INTEGER NOT NULL,
  tries    INTEGER NOT NULL,
  body     BLOB    NOT NULL,
  PRIMARY KEY (kind, hash)
) STRICT, WITHOUT ROWID;
CREATE INDEX ticket_fragment ON ticket (fragment);
CREATE INDEX ticket_until ON ticket (until);

-- Rights that people asked for, with their clocks. Nothing personal.
CREATE TABLE request (
  id       TEXT    NOT NULL PRIMARY KEY,
  claim    TEXT    NOT NULL,
  status   TEXT    NOT NULL,
  fragment INTEGER NOT NULL,
  received INTEGER NOT NULL,
  due      INTEGER NOT NULL,
  closed   INTEGER NOT NULL,
  body     BLOB    NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX request_status ON request (status, due, id);
CREATE INDEX request_fragment ON request (fragment);
