-- The spool of one command: what was read, in a file of SQLite's own that is gone when it closes.
-- Times are microseconds since 1970.
CREATE TABLE assignment (
    n INTEGER PRIMARY KEY,
    task TEXT NOT NULL UNIQUE,
    worker TEXT NOT NULL,
    hit TEXT,
    accepted INTEGER,
    submitted INTEGER,
    seconds INTEGER,
    amount TEXT,
    currency TEXT,
    amount_is_bad INTEGER NOT NULL,
    sandbox INTEGER NOT NULL,
    status TEXT NOT NULL,
    meaning TEXT NOT NULL,
    approved_at INTEGER,
    rejected_at INTEGER,
    feedback TEXT,
    page TEXT,
    residence TEXT,
    task_group TEXT,
    utc_assumed INTEGER NOT NULL,
    approved_assumed INTEGER NOT NULL,
    rejected_assumed INTEGER NOT NULL,
    paid_otherwise INTEGER NOT NULL,
    handed_in INTEGER NOT NULL
);
-- `terms`: a JSON object. `used`: an assignment names it. `described`: it came from a row of its own (GetHIT).
CREATE TABLE contract (
    hit TEXT PRIMARY KEY,
    title TEXT,
    amount TEXT,
    currency TEXT,
    max_seconds INTEGER,
    sandbox INTEGER NOT NULL,
    created INTEGER,
    task_group TEXT,
    terms TEXT NOT NULL,
    used INTEGER NOT NULL,
    described INTEGER NOT NULL
) WITHOUT ROWID;
-- Rows without a key, of the file that is being read: how often each content came.
CREATE TABLE keyless (content TEXT PRIMARY KEY, times INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE ready (n INTEGER PRIMARY KEY, type TEXT NOT NULL, id TEXT NOT NULL, body BLOB NOT NULL);
