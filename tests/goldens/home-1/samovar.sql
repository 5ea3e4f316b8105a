BEGIN TRANSACTION;
CREATE TABLE accounts (
  agent TEXT PRIMARY KEY NOT NULL,
  balance BIGINT NOT NULL CHECK (balance >= 0),
  day TEXT NOT NULL,
  spent BIGINT NOT NULL
);
INSERT INTO "accounts" VALUES('ada',999997120,'2026-11-22',2880);
INSERT INTO "accounts" VALUES('bob',999994860,'2026-11-22',5140);
INSERT INTO "accounts" VALUES('cid',999994080,'2026-11-22',5920);
CREATE TABLE approvals (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  agent TEXT NOT NULL,
  act TEXT NOT NULL,
  digest TEXT NOT NULL,
  text TEXT NOT NULL,
  task BIGINT NOT NULL,
  state TEXT NOT NULL,
  answered_by TEXT NOT NULL,
  note TEXT NOT NULL,
  asked DATETIME NOT NULL,
  expires DATETIME NOT NULL,
  answered DATETIME
);
INSERT INTO "approvals" VALUES(1,'bob','question','0c3f271dcc8c68b31d194ef8e721cf3aaf06a842d6a5730dddc235686ebf9c65','May I buy tea?',1,'asked','','bob/3','2026-11-22 06:51:13.081717','2126-12-22 06:00:00.000000',NULL);
CREATE TABLE effects (
  name TEXT PRIMARY KEY NOT NULL,
  what TEXT NOT NULL,
  done BOOLEAN NOT NULL,
  result TEXT NOT NULL,
  intended DATETIME NOT NULL
);
INSERT INTO "effects" VALUES('push:abc','push tea',1,'pushed','2026-11-22 06:51:13.227587');
INSERT INTO "effects" VALUES('push:def','push cups',0,'','2026-11-22 06:51:13.233979');
CREATE TABLE ledger (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  at DATETIME NOT NULL,
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
INSERT INTO "ledger" VALUES(1,'2026-11-22 06:51:12.341861','2026-11-22','ada',1000000000,1000000000,0,'','',0,'','*','first:ada');
INSERT INTO "ledger" VALUES(2,'2026-11-22 06:51:12.365673','2026-11-22','bob',1000000000,1000000000,0,'','',0,'','*','first:bob');
INSERT INTO "ledger" VALUES(3,'2026-11-22 06:51:12.393649','2026-11-22','cid',1000000000,1000000000,0,'','',0,'','*','first:cid');
INSERT INTO "ledger" VALUES(4,'2026-11-22 06:51:12.434293','2026-11-22','ada',-2040,999997960,0,'','scripted',132,'','','23e79748438e22ccc13a336d8d394547');
INSERT INTO "ledger" VALUES(5,'2026-11-22 06:51:12.515700','2026-11-22','cid',-2060,999997940,0,'','scripted',134,'','','ae31604e9e0dd9e2d44728aa17ff64c7');
INSERT INTO "ledger" VALUES(6,'2026-11-22 06:51:12.650108','2026-11-22','ada',-840,999997120,1,'','scripted',48,'','','62b065ae0e57b0724548ddb8bf5b8b0e');
INSERT INTO "ledger" VALUES(7,'2026-11-22 06:51:12.718812','2026-11-22','bob',-2030,999997970,0,'','scripted',131,'','','f7d6948f19f849f58cda5a1a2d7814d5');
INSERT INTO "ledger" VALUES(8,'2026-11-22 06:51:12.892685','2026-11-22','bob',-810,999997160,2,'','scripted',45,'','','61db0347e03a96d48566896e17613deb');
INSERT INTO "ledger" VALUES(9,'2026-11-22 06:51:12.942642','2026-11-22','cid',-1930,999996010,0,'','scripted',139,'','','2336e409c17f822cd9d9a73911c5421f');
INSERT INTO "ledger" VALUES(10,'2026-11-22 06:51:13.035176','2026-11-22','bob',-2300,999994860,0,'','scripted',149,'','','72fc19f35ad5f16a72a17599f15e26cf');
INSERT INTO "ledger" VALUES(11,'2026-11-22 06:51:13.109946','2026-11-22','cid',-1930,999994080,0,'','scripted',139,'','','835413144fa6023ae90eb1d5fa9d40c8');
CREATE TABLE samovar_schema (
  version INTEGER PRIMARY KEY NOT NULL, app TEXT NOT NULL
);
INSERT INTO "samovar_schema" VALUES(1,'0.1.0');
CREATE TABLE tasks (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  agent TEXT NOT NULL,
  kind TEXT NOT NULL,
  text TEXT NOT NULL,
  repo TEXT NOT NULL,
  run TEXT NOT NULL,
  data JSON NOT NULL,
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
  created DATETIME NOT NULL,
  started DATETIME,
  ended DATETIME
);
INSERT INTO "tasks" VALUES(1,'ada','task','Write about tea','','','{}','',0,1,3,'person:ann',0,0,'done',1,'',1,5829.596465905,30.0,'d132053f-3f6e-463d-82c3-5fd8dc925b7a','','Green tea, 80 degrees.',NULL,'2026-11-22 06:51:12.581989','2026-11-22 06:51:12.605596','2026-11-22 06:51:12.705400');
INSERT INTO "tasks" VALUES(2,'bob','task','Read about tea.','','','{}','',0,2,3,'bob',0,0,'done',1,'',1,5829.838923785,30.0,'d132053f-3f6e-463d-82c3-5fd8dc925b7a','','Green tea, 80 degrees.','entry:bob/1:2','2026-11-22 06:51:12.763629','2026-11-22 06:51:12.850750','2026-11-22 06:51:12.926479');
INSERT INTO "tasks" VALUES(3,'cid','task','Count the cups','','','{}','',0,3,3,'person:ann',0,0,'ready',0,'',0,0.0,0.0,'','','',NULL,'2026-11-22 06:51:13.180964',NULL,NULL);
INSERT INTO "tasks" VALUES(4,'cid','task','Forget the cups','','','{}','',0,4,3,'person:ann',0,0,'cancelled',0,'',0,0.0,0.0,'','cancelled by a person','',NULL,'2026-11-22 06:51:13.194126',NULL,'2026-11-22 06:51:13.213735');
CREATE INDEX tasks_next ON tasks (state, priority DESC, position, id);
CREATE INDEX tasks_agent ON tasks (agent, state);
CREATE INDEX tasks_until ON tasks (state, until);
CREATE INDEX tasks_position ON tasks (position);
CREATE UNIQUE INDEX tasks_group ON tasks (job_group) WHERE state = 'running' AND job_group <> '';
CREATE INDEX ledger_agent ON ledger (agent, id);
CREATE INDEX ledger_day ON ledger (agent, day);
CREATE UNIQUE INDEX approvals_open ON approvals (digest) WHERE state IN ('asked', 'granted');
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('ledger',11);
INSERT INTO "sqlite_sequence" VALUES('tasks',4);
INSERT INTO "sqlite_sequence" VALUES('approvals',1);
COMMIT;
