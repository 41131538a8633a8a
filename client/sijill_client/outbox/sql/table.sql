-- The outbox of one platform. Events wait in the order in which they were put; a batch is the
-- events that name it, and its body is theirs joined in that order: rows are never changed, so it
-- is the same bytes whenever it is made.
CREATE TABLE IF NOT EXISTS owner (
    emitter TEXT NOT NULL,
    registry TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS batch (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    -- Null after it was used up under a revoked key: the next key makes another.
    submission TEXT,
    sha256 BLOB NOT NULL,
    events INTEGER NOT NULL,
    -- waiting, accepted, repeated or refused.
    state TEXT NOT NULL DEFAULT 'waiting',
    leaf_index INTEGER,
    -- The registry's signed receipt: the platform's proof.
    answer BLOB
);
CREATE INDEX IF NOT EXISTS batch_waiting ON batch (number) WHERE state = 'waiting';
CREATE TABLE IF NOT EXISTS event (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL,
    type TEXT NOT NULL,
    body BLOB NOT NULL,
    batch INTEGER REFERENCES batch,
    -- How many events the next batch that begins with this one may hold.
    most INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS event_batch ON event (batch, number);
CREATE TABLE IF NOT EXISTS refused (
    number INTEGER PRIMARY KEY,
    id TEXT NOT NULL,
    body BLOB NOT NULL,
    submission TEXT NOT NULL,
    problem TEXT NOT NULL
);
