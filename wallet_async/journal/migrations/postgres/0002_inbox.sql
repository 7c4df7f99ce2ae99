-- The events that asked for a movement, each once; the fields are those of wallet_async.journal.inbox.Received.
CREATE TABLE wallet_async.inbox (
    service text COLLATE "C" NOT NULL,
    source text COLLATE "C" NOT NULL,
    event_id text COLLATE "C" NOT NULL,
    reference text COLLATE "C" NOT NULL,
    fingerprint text COLLATE "C" NOT NULL,
    created_at bigint NOT NULL,
    PRIMARY KEY (service, source, event_id),
    FOREIGN KEY (service, reference) REFERENCES wallet_async.entries (service, reference) ON DELETE CASCADE
);

-- For the deletion of an entry, which looks for its events.
CREATE INDEX inbox_reference ON wallet_async.inbox (service, reference);

INSERT INTO wallet_async.migrations (number, name) VALUES (2, 'inbox');
