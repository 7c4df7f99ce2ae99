-- What stays for the whole comparison, whatever part of the wallets is being looked at.
CREATE TYPE side AS ENUM ('ledger', 'provider');
CREATE TEMP TABLE plan (difference VARCHAR, side side, wallet VARCHAR, mark VARCHAR, reference VARCHAR);
CREATE TEMP TABLE settled (difference VARCHAR, reference VARCHAR);
CREATE TEMP TABLE counts (name VARCHAR, number BIGINT);
CREATE TEMP TABLE differences (
    class VARCHAR,
    severity VARCHAR,
    wallet VARCHAR,
    ledger_line BIGINT,
    ledger_kind VARCHAR,
    ledger_amount DECIMAL(38, 12),
    ledger_created_at TIMESTAMP,
    ledger_transaction_id VARCHAR,
    reference VARCHAR,
    transaction_id VARCHAR,
    kind VARCHAR,
    amount DECIMAL(38, 12),
    created_at TIMESTAMP,
    mark VARCHAR,
    currency VARCHAR,
    matched_by VARCHAR,
    detail VARCHAR
);

-- Numbers tell rows apart and are in no order.
CREATE TEMP SEQUENCE numbers;

-- A part is a range of wallets: shards are written in their order, so most of them are left closed.
CREATE TEMP MACRO in_part(wallet) AS
    wallet >= getvariable('low') AND (getvariable('high') IS NULL OR wallet < getvariable('high'));

-- An amount as people write it: 10.500000000000 is 10.5.
CREATE TEMP MACRO plain(amount) AS rtrim(rtrim(CAST(amount AS VARCHAR), '0'), '.');

CREATE TEMP MACRO both_say(mine, theirs) AS concat(mine, ' in the ledger, ', theirs, ' at the provider');

CREATE TEMP MACRO has_arrived_since(moment) AS coalesce(moment > getvariable('read_at'), false);

-- Rule 8. Whether a row is not judged; one without a time may lie before `since`, whose histories were not read.
CREATE TEMP MACRO is_outside(moment) AS
    (getvariable('since') IS NOT NULL AND coalesce(moment < getvariable('since'), true))
    OR coalesce(moment >= getvariable('until'), false);
