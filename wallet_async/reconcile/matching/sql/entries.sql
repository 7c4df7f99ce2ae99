-- Both sides of some of the wallets, in one table. "First" means everywhere: by created_at, then by line on the one
-- side and by transaction_id on the other.
CREATE TEMP TABLE entries AS
SELECT nextval('numbers') AS number, * FROM (
    SELECT
        CAST('ledger' AS side) AS side, line, wallet, kind, amount, created_at, transaction_id, reference, mark,
        currency, problem
    FROM ledger_file
    WHERE in_part(wallet)
    UNION ALL
    SELECT 'ledger', line, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, problem
    FROM ledger_file
    WHERE wallet IS NULL AND getvariable('low') = ''
    UNION ALL
    SELECT
        'provider', NULL, wallet, kind, amount, created_at, transaction_id, NULL, mark,
        currency, problem
    FROM history_file
    WHERE transaction_id IS NOT NULL AND in_part(wallet)
);

-- What the provider said of each wallet. One of which it was never asked was not read, either.
CREATE TEMP TABLE wallets AS
SELECT wallet, balance, known, requests, error IS NULL AS is_read
FROM history_file
WHERE transaction_id IS NULL AND in_part(wallet);
INSERT INTO wallets
SELECT DISTINCT wallet, NULL, NULL, 0, false
FROM entries ANTI JOIN wallets USING (wallet)
WHERE wallet IS NOT NULL;

-- Rule 7. Of a wallet that was not read nothing is said, but for lines that can be read nowhere.
DELETE FROM entries
WHERE problem IS NULL AND wallet IN (SELECT wallet FROM wallets WHERE NOT is_read);

-- Who belongs to whom; `matched_by` is NULL, or `doubt` says why, where that is not certain.
CREATE TEMP TABLE pairs (ledger BIGINT, provider BIGINT, matched_by VARCHAR, doubt VARCHAR);
CREATE TEMP VIEW taken AS SELECT ledger AS number FROM pairs UNION ALL SELECT provider FROM pairs;
CREATE TEMP VIEW without_id AS SELECT * FROM entries WHERE side = 'provider' OR transaction_id IS NULL;
