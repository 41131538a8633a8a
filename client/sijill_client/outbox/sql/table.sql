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
    answer BLOB,
    -- When the answer was kept, in seconds since 1970; null in a file from before it was written.
    answered INTEGER
);
CREATE INDEX IF NOT EXISTS batch_waiting ON batch (number) WHERE state = 'waiting';
CREATE INDEX IF NOT EXISTS batch_answered ON batch (answered) WHERE answered IS NOT NULL;
-- How many events went in batches whose receipt is not kept any more.
CREATE TABLE IF NOT EXISTS dropped (
    state TEXT PRIMARY KEY,
    events INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TRIGGER IF NOT EXISTS batch_dropped AFTER DELETE ON batch BEGIN
    INSERT INTO dropped (state, events) VALUES (old.state, old.events)
    ON CONFLICT (state) DO UPDATE SET events = dropped.events + excluded.events;
END;
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
