CREATE TABLE parcels (
  name TEXT PRIMARY KEY NOT NULL,
  note JSON NOT NULL,
  sealed BOOLEAN NOT NULL,
  sent DATETIME NOT NULL
);

CREATE TABLE parcel_files (
  parcel TEXT NOT NULL REFERENCES parcels (name) ON DELETE CASCADE,
  path TEXT NOT NULL,
  digest TEXT NOT NULL,
  size BIGINT NOT NULL,
  PRIMARY KEY (parcel, path)
);

CREATE INDEX parcel_files_digest ON parcel_files (digest);

CREATE TABLE blobs (
  digest TEXT NOT NULL,
  part BIGINT NOT NULL,
  data BLOB NOT NULL,
  PRIMARY KEY (digest, part)
);
