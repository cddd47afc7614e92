-- Times are milliseconds since the Unix epoch, UTC.
-- Blobs begin with a byte of version: see store::codec and src/rows/.

-- revision_floor: the highest revision of any purged instance. New ones begin above it.
CREATE TABLE meta (
  key TEXT PRIMARY KEY,
  value INTEGER NOT NULL
) WITHOUT ROWID;

INSERT INTO meta (key, value) VALUES ('revision_floor', 0);

-- What every turn changes comes first; what few turns change is behind it; what may be large is elsewhere.
CREATE TABLE instances (
  id INTEGER PRIMARY KEY,
  instance_id TEXT NOT NULL UNIQUE,
  revision INTEGER NOT NULL,
  last_event INTEGER NOT NULL,
  updated_at_ms INTEGER NOT NULL,
  wake_at_ms INTEGER,
  has_open_activities INTEGER NOT NULL,
  status INTEGER NOT NULL,
  created_at_ms INTEGER NOT NULL,
  execution_id BLOB NOT NULL,
  name TEXT NOT NULL,
  details BLOB NOT NULL,
  held_code TEXT,
  held_message TEXT,
  held_since_ms INTEGER
);

CREATE INDEX instances_by_creation ON instances (created_at_ms);
CREATE INDEX instances_by_wake_up ON instances (wake_at_ms) WHERE wake_at_ms IS NOT NULL;
CREATE INDEX instances_with_open_activities ON instances (has_open_activities) WHERE has_open_activities = 1;
CREATE INDEX instances_held ON instances (created_at_ms) WHERE held_code IS NOT NULL;

CREATE TABLE inputs (instance INTEGER PRIMARY KEY, body TEXT NOT NULL);
CREATE TABLE outputs (instance INTEGER PRIMARY KEY, body TEXT NOT NULL);
CREATE TABLE custom_statuses (instance INTEGER PRIMARY KEY, body TEXT NOT NULL);

-- One row for each work item that recorded something.
CREATE TABLE history (
  instance INTEGER NOT NULL,
  first_event INTEGER NOT NULL,
  events BLOB NOT NULL,
  PRIMARY KEY (instance, first_event)
) WITHOUT ROWID;

-- Messages that no commit has consumed yet, in the order of their arrival.
CREATE TABLE inbox (
  id INTEGER PRIMARY KEY,
  instance INTEGER NOT NULL,
  body BLOB NOT NULL
);

CREATE INDEX inbox_by_instance ON inbox (instance);

CREATE TABLE components (
  digest BLOB PRIMARY KEY,
  position INTEGER NOT NULL,
  name TEXT NOT NULL,
  bytes INTEGER NOT NULL,
  deployed_at_ms INTEGER NOT NULL,
  names BLOB NOT NULL,
  grants TEXT NOT NULL
) WITHOUT ROWID;

CREATE TABLE component_files (
  digest BLOB PRIMARY KEY,
  body BLOB NOT NULL
);
