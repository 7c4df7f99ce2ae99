-- Rule 10: what an applied plan has booked. A movement under the ledger's own reference is a pair by now; of any other
-- the first row makes up for its difference, and is none itself.
INSERT INTO settled
SELECT DISTINCT difference, reference
FROM plan SEMI JOIN (SELECT wallet, mark FROM entries WHERE side = 'provider') USING (wallet, mark);

CREATE TEMP TABLE leftovers AS
WITH settling AS (
    SELECT number FROM (
        SELECT
            number, taken.number IS NULL AS is_free,
            row_number() OVER (PARTITION BY wallet, mark ORDER BY is_free, created_at, transaction_id) AS turn
        FROM entries SEMI JOIN plan USING (wallet, mark) LEFT JOIN taken USING (number)
        WHERE side = 'provider'
    )
    WHERE is_free AND turn = 1
)
SELECT * FROM entries ANTI JOIN taken USING (number) ANTI JOIN settling USING (number);

-- From here on each rule takes rows out of the leftovers, with a partner or with a verdict.
CREATE TEMP TABLE verdicts (number BIGINT, class VARCHAR, detail VARCHAR);
