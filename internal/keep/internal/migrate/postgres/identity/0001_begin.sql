-- PostgreSQL leaves the bytes of removed rows in its pages, also after VACUUM;
-- only rewriting a table removes them. So that erasing somebody rewrites little
-- and blocks few, fragments lie in sixteen parts: the first half byte of the
-- hash, which is also the last half byte of the id.
CREATE TABLE heed_keys.fragment (
  part     smallint NOT NULL,
  id       bigint   NOT NULL CHECK (id & 15 = part),
  hash     bytea    NOT NULL CHECK (length(hash) = 16 AND get_byte(hash, 0) >> 4 = part),
  tomb     bytea    NOT NULL CHECK (length(tomb) = 16),
  ns       text COLLATE "C" NOT NULL,
  ref      bytea    NOT NULL CHECK (length(ref) = 16),
  key      bytea    NOT NULL CHECK (length(key) > 0),
  verified boolean  NOT NULL,
  created  bigint   NOT NULL,
  PRIMARY KEY (part, id),
  UNIQUE (part, hash)
) PARTITION BY LIST (part);
CREATE TABLE heed_keys.fragment_0 PARTITION OF heed_keys.fragment FOR VALUES IN (0);
CREATE TABLE heed_keys.fragment_1 PARTITION OF heed_keys.fragment FOR VALUES IN (1);
CREATE TABLE heed_keys.fragment_2 PARTITION OF heed_keys.fragment FOR VALUES IN (2);
CREATE TABLE heed_keys.fragment_3 PARTITION OF heed_keys.fragment FOR VALUES IN (3);
CREATE TABLE heed_keys.fragment_4 PARTITION OF heed_keys.fragment FOR VALUES IN (4);
CREATE TABLE heed_keys.fragment_5 PARTITION OF heed_keys.fragment FOR VALUES IN (5);
CREATE TABLE heed_keys.fragment_6 PARTITION OF heed_keys.fragment FOR VALUES IN (6);
CREATE TABLE heed_keys.fragment_7 PARTITION OF heed_keys.fragment FOR VALUES IN (7);
CREATE TABLE heed_keys.fragment_8 PARTITION OF heed_keys.fragment FOR VALUES IN (8);
CREATE TABLE heed_keys.fragment_9 PARTITION OF heed_keys.fragment FOR VALUES IN (9);
CREATE TABLE heed_keys.fragment_10 PARTITION OF heed_keys.fragment FOR VALUES IN (10);
CREATE TABLE heed_keys.fragment_11 PARTITION OF heed_keys.fragment FOR VALUES IN (11);
CREATE TABLE heed_keys.fragment_12 PARTITION OF heed_keys.fragment FOR VALUES IN (12);
CREATE TABLE heed_keys.fragment_13 PARTITION OF heed_keys.fragment FOR VALUES IN (13);
CREATE TABLE heed_keys.fragment_14 PARTITION OF heed_keys.fragment FOR VALUES IN (14);
CREATE TABLE heed_keys.fragment_15 PARTITION OF heed_keys.fragment FOR VALUES IN (15);
-- The planner's samples would be copies that outlive the row.
ALTER TABLE heed_keys.fragment ALTER COLUMN hash SET STATISTICS 0, ALTER COLUMN tomb SET STATISTICS 0,
  ALTER COLUMN ref SET STATISTICS 0, ALTER COLUMN key SET STATISTICS 0;
CREATE INDEX fragment_ref ON heed_keys.fragment (ref);
-- Ids are never given twice, so that an orphan in the data store stays an orphan.
CREATE SEQUENCE heed_keys.fragment_number AS bigint;

CREATE TABLE heed_keys.edge (
  a        bigint  NOT NULL,
  b        bigint  NOT NULL CHECK (a < b),
  verified boolean NOT NULL,
  at       bigint  NOT NULL,
  message  bytea   NOT NULL CHECK (length(message) = 16),
  cut      boolean NOT NULL,
  PRIMARY KEY (a, b, verified)
);
ALTER TABLE heed_keys.edge ALTER COLUMN message SET STATISTICS 0;
CREATE INDEX edge_b ON heed_keys.edge (b, a);

CREATE TABLE heed_keys.tombstone (
  tomb bytea  PRIMARY KEY CHECK (length(tomb) = 16),
  at   bigint NOT NULL
);

CREATE TABLE heed_keys.meta (
  name  text COLLATE "C" PRIMARY KEY,
  value bytea NOT NULL
);
