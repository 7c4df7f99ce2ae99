-- Rule 5: the ledger names an id that is not there, and its reference is booked under another. To call that missing
-- would have it paid twice.
CREATE TEMP TABLE contradictions AS
WITH named AS (
    SELECT number, wallet, mark, transaction_id, created_at, line
    FROM leftovers
    WHERE side = 'ledger' AND transaction_id IS NOT NULL
),
there AS (
    SELECT wallet, transaction_id FROM entries SEMI JOIN named USING (wallet, transaction_id) WHERE side = 'provider'
),
absent AS (
    SELECT *, row_number() OVER (PARTITION BY wallet, mark ORDER BY created_at, line) AS turn
    FROM named ANTI JOIN there USING (wallet, transaction_id)
),
booked AS (
    SELECT wallet, mark, arg_min(transaction_id, (created_at, transaction_id)) AS transaction_id
    FROM entries SEMI JOIN absent USING (wallet, mark) ANTI JOIN settling USING (number)
    WHERE side = 'provider'
    GROUP BY wallet, mark
),
free AS (
    SELECT
        number, wallet, mark, transaction_id,
        row_number() OVER (PARTITION BY wallet, mark ORDER BY created_at, transaction_id) AS turn
    FROM leftovers SEMI JOIN absent USING (wallet, mark)
    WHERE side = 'provider'
)
SELECT
    absent.number AS ledger,
    free.number AS provider,
    'the ledger names transaction ' || absent.transaction_id || ', which is not there, and its reference is booked as '
    || coalesce(free.transaction_id, booked.transaction_id) AS doubt
FROM absent JOIN booked USING (wallet, mark) LEFT JOIN free USING (wallet, mark, turn);

INSERT INTO pairs SELECT ledger, provider, NULL, doubt FROM contradictions WHERE provider IS NOT NULL;
INSERT INTO verdicts SELECT ledger, 'ambiguous', doubt FROM contradictions WHERE provider IS NULL;
DELETE FROM leftovers
WHERE number IN (SELECT ledger FROM contradictions UNION ALL SELECT provider FROM contradictions);
