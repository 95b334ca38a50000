-- On Citus the tables whose key holds a fragment (or the pseudonym that stands
-- for one) are distributed by it; the others stay local to the coordinator.

CREATE TABLE heed.fact (
  fragment bigint   NOT NULL,
  n        bigint   NOT NULL,
  kind     smallint NOT NULL,
  received bigint   NOT NULL,
  body     bytea    NOT NULL,
  PRIMARY KEY (fragment, n)
);
-- Sealed bytes do not compress: trying costs time and saves nothing. And the
-- planner's samples would be copies that outlive the row.
ALTER TABLE heed.fact ALTER COLUMN body SET STORAGE EXTERNAL, ALTER COLUMN body SET STATISTICS 0;

-- A row without a version is nobody's state: it is there to be locked.
CREATE TABLE heed.state (
  fragment bigint  PRIMARY KEY,
  n        bigint  NOT NULL DEFAULT 0,
  version  integer,
  pages    integer NOT NULL DEFAULT 0,
  body     bytea   NOT NULL DEFAULT '',
  seen     bytea   NOT NULL DEFAULT ''
) WITH (fillfactor = 80);
ALTER TABLE heed.state ALTER COLUMN body SET STORAGE EXTERNAL, ALTER COLUMN body SET STATISTICS 0,
  ALTER COLUMN seen SET STORAGE EXTERNAL, ALTER COLUMN seen SET STATISTICS 0;

CREATE TABLE heed.seen_page (
  fragment bigint  NOT NULL,
  page     integer NOT NULL,
  entries  bytea   NOT NULL,
  PRIMARY KEY (fragment, page)
);
ALTER TABLE heed.seen_page ALTER COLUMN entries SET STORAGE EXTERNAL, ALTER COLUMN entries SET STATISTICS 0;

CREATE TABLE heed.spine (
  pseudonym bigint NOT NULL,
  seq       bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
  at        bigint NOT NULL,
  name      text COLLATE "C" NOT NULL,
  item      text COLLATE "C" NOT NULL,
  minor     bigint NOT NULL,
  currency  text COLLATE "C" NOT NULL,
  quantity  bigint NOT NULL,
  PRIMARY KEY (pseudonym, seq)
);
CREATE INDEX spine_at ON heed.spine (at, seq);

CREATE TABLE heed.job (
  id       bigint  PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
  kind     text COLLATE "C" NOT NULL,
  fragment bigint  NOT NULL,
  uniq     text COLLATE "C" NOT NULL,
  due      bigint  NOT NULL,
  attempt  integer NOT NULL,
  lease    bigint  NOT NULL,
  fence    bigint  NOT NULL,
  state    text COLLATE "C" NOT NULL CHECK (state IN ('waiting', 'done', 'dead')),
  code     text COLLATE "C" NOT NULL,
  body     bytea   NOT NULL
);
ALTER TABLE heed.job ALTER COLUMN uniq SET STATISTICS 0, ALTER COLUMN body SET STATISTICS 0;
CREATE UNIQUE INDEX job_unique ON heed.job (kind, uniq) WHERE uniq <> '';
CREATE INDEX job_due ON heed.job (kind, due, id) WHERE state = 'waiting';
CREATE INDEX job_state ON heed.job (kind, state, id);
CREATE INDEX job_fragment ON heed.job (fragment);

CREATE TABLE heed.timer (
  fragment bigint PRIMARY KEY,
  due      bigint NOT NULL
);
CREATE INDEX timer_due ON heed.timer (due, fragment);

CREATE TABLE heed.quarantine (
  id       bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
  source   text COLLATE "C" NOT NULL,
  code     text COLLATE "C" NOT NULL,
  why      text COLLATE "C" NOT NULL,
  received bigint NOT NULL,
  body     bytea  NOT NULL
);
ALTER TABLE heed.quarantine ALTER COLUMN body SET STATISTICS 0;
CREATE INDEX quarantine_received ON heed.quarantine (received);

CREATE TABLE heed.definition (
  kind    text COLLATE "C" NOT NULL,
  key     text COLLATE "C" NOT NULL,
  version bigint NOT NULL,
  hash    text COLLATE "C" NOT NULL,
  status  text COLLATE "C" NOT NULL,
  body    bytea  NOT NULL,
  author  text COLLATE "C" NOT NULL,
  approve text COLLATE "C" NOT NULL,
  answer  text COLLATE "C" NOT NULL,
  at      bigint NOT NULL,
  PRIMARY KEY (kind, key, version)
);

CREATE TABLE heed.source (
  key      text COLLATE "C" PRIMARY KEY,
  key_hash bytea NOT NULL CHECK (length(key_hash) = 16),
  body     bytea NOT NULL
);

CREATE TABLE heed.token (
  name text COLLATE "C" PRIMARY KEY,
  role text COLLATE "C" NOT NULL,
  hash bytea  NOT NULL CHECK (length(hash) = 16),
  at   bigint NOT NULL
);

-- Every connection adds to a row of its own: one row a source would make all
-- batches of that source wait for each other.
CREATE TABLE heed.tally (
  source      text COLLATE "C" NOT NULL,
  slot        integer NOT NULL,
  accepted    bigint  NOT NULL,
  duplicate   bigint  NOT NULL,
  quarantined bigint  NOT NULL,
  refused     bigint  NOT NULL,
  PRIMARY KEY (source, slot)
);

CREATE TABLE heed.audit (
  writer   text COLLATE "C" NOT NULL,
  n        bigint NOT NULL,
  at       bigint NOT NULL,
  previous bytea  NOT NULL,
  hash     bytea  NOT NULL,
  body     bytea  NOT NULL,
  PRIMARY KEY (writer, n)
);

CREATE TABLE heed.item (
  id   text COLLATE "C" PRIMARY KEY,
  body bytea NOT NULL
);

CREATE TABLE heed.meta (
  name  text COLLATE "C" PRIMARY KEY,
  value bytea NOT NULL
);

-- One row that Ready writes to, to see that the disk still takes it.
CREATE TABLE heed.probe (
  id smallint PRIMARY KEY CHECK (id = 1),
  n  bigint   NOT NULL
);
