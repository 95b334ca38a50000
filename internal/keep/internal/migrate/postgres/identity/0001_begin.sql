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
  created  bigint   NOT NULL
) PARTITION BY LIST (part);
-- Keys of the parts themselves, not of the whole: so the planner knows that one
-- hash is one row without looking at samples.
DO $$
BEGIN
  FOR part IN 0..15 LOOP
    EXECUTE format('CREATE TABLE heed_keys.fragment_%s PARTITION OF heed_keys.fragment
      (PRIMARY KEY (id), UNIQUE (hash)) FOR VALUES IN (%s)', part, part);
  END LOOP;
END $$;
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
