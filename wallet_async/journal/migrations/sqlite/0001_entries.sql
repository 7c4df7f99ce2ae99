-- What the journal knows of each reference; the fields are those of wallet_async.journal.entry.Entry.
CREATE TABLE entries (
    service TEXT NOT NULL,
    reference TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    movement TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('prepared', 'sending', 'applied', 'refused', 'in_doubt', 'not_applied')),
    attempt INTEGER NOT NULL,
    owner TEXT NOT NULL,
    sent_at INTEGER NOT NULL,
    send_by INTEGER NOT NULL,
    receipt TEXT,
    reason TEXT,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    checksum INTEGER NOT NULL,  -- wallet_async.journal.checksum, over all fields above
    PRIMARY KEY (service, reference)
) WITHOUT ROWID;

CREATE INDEX entries_unsettled ON entries (service, sent_at) WHERE state IN ('sending', 'in_doubt');
CREATE INDEX entries_applied ON entries (service, sent_at) WHERE state = 'applied';

-- One row that ties the file to its place, so that a copy or an older state of it is noticed.
CREATE TABLE generation (
    only_one INTEGER NOT NULL PRIMARY KEY CHECK (only_one = 1),
    id TEXT NOT NULL,       -- made anew each time entries may have gone missing
    inode TEXT NOT NULL,    -- of the file that it was written to
    counter INTEGER NOT NULL,  -- transactions that wrote something
    restored INTEGER NOT NULL  -- whether entries may be missing
);
