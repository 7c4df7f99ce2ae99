-- The journal's entries. Times are microseconds since 1970, UTC; texts are compared byte by byte.
CREATE SCHEMA IF NOT EXISTS wallet_async;

CREATE TABLE wallet_async.migrations (
    number integer PRIMARY KEY,
    name text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE wallet_async.entries (
    service text COLLATE "C" NOT NULL,
    reference text COLLATE "C" NOT NULL,
    fingerprint text COLLATE "C" NOT NULL,
    movement text NOT NULL,
    state text COLLATE "C" NOT NULL
        CHECK (state IN ('prepared', 'sending', 'applied', 'refused', 'in_doubt', 'not_applied')),
    attempt integer NOT NULL CHECK (attempt >= 0),
    owner text NOT NULL,
    sent_at bigint NOT NULL,
    send_by bigint NOT NULL,
    receipt text,
    reason text,
    created_at bigint NOT NULL,
    updated_at bigint NOT NULL,
    checksum bigint NOT NULL,  -- wallet_async.journal.checksum, over all fields above
    PRIMARY KEY (service, reference)
);

-- The few that are to be settled, however many are done.
CREATE INDEX entries_unsettled ON wallet_async.entries (service, sent_at) WHERE state IN ('sending', 'in_doubt');
-- The newest of those that are done: a history that does not show them is behind.
CREATE INDEX entries_applied ON wallet_async.entries (service, sent_at) WHERE state = 'applied';

-- A row for each time that the database was said to be put back from a backup, until that is accepted.
CREATE TABLE wallet_async.restored (
    declared_at timestamptz NOT NULL DEFAULT now()
);

INSERT INTO wallet_async.migrations (number, name) VALUES (1, 'entries');
