-- Secrets that were handed out and may come back: codes, sessions, links.
CREATE TABLE heed.ticket (
  kind     text COLLATE "C" NOT NULL,
  hash     bytea  NOT NULL CHECK (length(hash) = 16),
  fragment bigint NOT NULL,
  until    bigint NOT NULL,
  tries    bigint NOT NULL,
  body     bytea  NOT NULL,
  PRIMARY KEY (kind, hash)
);
CREATE INDEX ticket_fragment ON heed.ticket (fragment);
CREATE INDEX ticket_until ON heed.ticket (until);

-- Rights that people asked for, with their clocks. Nothing personal.
CREATE TABLE heed.request (
  id       text COLLATE "C" PRIMARY KEY,
  claim    text COLLATE "C" NOT NULL,
  status   text COLLATE "C" NOT NULL,
  fragment bigint NOT NULL,
  received bigint NOT NULL,
  due      bigint NOT NULL,
  closed   bigint NOT NULL,
  body     bytea  NOT NULL
);
CREATE INDEX request_status ON heed.request (status, due, id);
CREATE INDEX request_fragment ON heed.request (fragment);
