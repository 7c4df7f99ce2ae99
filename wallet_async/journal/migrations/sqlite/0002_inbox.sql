-- The events that asked for a movement, each once; the fields are those of wallet_async.journal.inbox.Received.
CREATE TABLE inbox (
    service TEXT NOT NULL,
    source TEXT NOT NULL,
    event_id TEXT NOT NULL,
    reference TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (service, source, event_id),
    FOREIGN KEY (service, reference) REFERENCES entries (service, reference) ON DELETE CASCADE
) WITHOUT ROWID;

-- For the deletion of an entry, which looks for its events.
CREATE INDEX inbox_reference ON inbox (service, reference);
