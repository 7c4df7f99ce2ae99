-- Rule 10: what an applied plan has booked, on either side. A movement under the ledger's own reference is a pair by
-- now; of any other the first row makes up for its difference, and is none itself.
INSERT INTO settled
SELECT difference, min(reference)
FROM plan SEMI JOIN entries USING (side, wallet, mark)
GROUP BY difference;

CREATE TEMP TABLE settling AS
SELECT number FROM (
    SELECT
        number, taken.number IS NULL AS is_free,
        row_number() OVER (
            PARTITION BY side, wallet, mark ORDER BY is_free, created_at, line, transaction_id
        ) AS turn
    FROM entries SEMI JOIN plan USING (side, wallet, mark) LEFT JOIN taken USING (number)
)
WHERE is_free AND turn = 1;

CREATE TEMP TABLE leftovers AS
SELECT * FROM entries ANTI JOIN taken USING (number) ANTI JOIN settling USING (number);

-- From here on each rule takes rows out of the leftovers, with a partner or with a verdict.
CREATE TEMP TABLE verdicts (number BIGINT, class VARCHAR, detail VARCHAR);
