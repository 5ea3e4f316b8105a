CREATE TABLE tasks (
  id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  agent TEXT NOT NULL,
  kind TEXT NOT NULL,
  text TEXT NOT NULL,
  repo TEXT NOT NULL,
  run TEXT NOT NULL,
  data JSONB NOT NULL,
  job_group TEXT NOT NULL,
  priority BIGINT NOT NULL,
  position BIGINT NOT NULL,
  tries BIGINT NOT NULL,
  created_by TEXT NOT NULL,
  parent BIGINT NOT NULL,
  depth BIGINT NOT NULL,
  state TEXT NOT NULL,
  attempts BIGINT NOT NULL,
  owner TEXT NOT NULL,
  fence BIGINT NOT NULL,
  until DOUBLE PRECISION NOT NULL,
  span DOUBLE PRECISION NOT NULL,
  boot TEXT NOT NULL,
  reason TEXT NOT NULL,
  result TEXT NOT NULL,
  dedupe TEXT UNIQUE,
  created TIMESTAMPTZ NOT NULL,
  started TIMESTAMPTZ,
  ended TIMESTAMPTZ
);

CREATE INDEX tasks_next ON tasks (state, priority DESC, position, id);

CREATE INDEX tasks_agent ON tasks (agent, state);

CREATE INDEX tasks_until ON tasks (state, until);

CREATE INDEX tasks_position ON tasks (position);

-- Of the jobs of one group at most one runs at a time.
CREATE UNIQUE INDEX tasks_group ON tasks (job_group) WHERE state = 'running' AND job_group <> '';

CREATE TABLE accounts (
  agent TEXT PRIMARY KEY NOT NULL,
  balance BIGINT NOT NULL CHECK (balance >= 0),
  day TEXT NOT NULL,
  spent BIGINT NOT NULL
);

CREATE TABLE ledger (
  id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  at TIMESTAMPTZ NOT NULL,
  day TEXT NOT NULL,
  agent TEXT NOT NULL,
  amount BIGINT NOT NULL,
  balance BIGINT NOT NULL,
  task BIGINT NOT NULL,
  run TEXT NOT NULL,
  model TEXT NOT NULL,
  tokens BIGINT NOT NULL,
  note TEXT NOT NULL,
  granted_by TEXT NOT NULL,
  dedupe TEXT UNIQUE
);

CREATE INDEX ledger_agent ON ledger (agent, id);

CREATE INDEX ledger_day ON ledger (agent, day);

CREATE TABLE approvals (
  id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  agent TEXT NOT NULL,
  act TEXT NOT NULL,
  digest TEXT NOT NULL,
  text TEXT NOT NULL,
  task BIGINT NOT NULL,
  state TEXT NOT NULL,
  answered_by TEXT NOT NULL,
  note TEXT NOT NULL,
  asked TIMESTAMPTZ NOT NULL,
  expires TIMESTAMPTZ NOT NULL,
  answered TIMESTAMPTZ
);

-- One open question, or one unspent word, for one exact act.
CREATE UNIQUE INDEX approvals_open ON approvals (digest) WHERE state IN ('asked', 'granted');

CREATE TABLE effects (
  name TEXT PRIMARY KEY NOT NULL,
  what TEXT NOT NULL,
  done BOOLEAN NOT NULL,
  result TEXT NOT NULL,
  intended TIMESTAMPTZ NOT NULL
);
