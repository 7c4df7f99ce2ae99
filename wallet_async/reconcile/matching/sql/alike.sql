-- Rule 4: what no evidence has paired, by wallet, kind and amount. Two rows that both show a reference show different
-- ones, or they were a pair by now: they are none. Nearly always there is one row on each side, and no more to ask.
CREATE OR REPLACE TEMP VIEW candidates AS
SELECT * FROM leftovers
WHERE problem IS NULL AND CASE side WHEN 'ledger' THEN transaction_id IS NULL ELSE {booked} END;

CREATE OR REPLACE TEMP TABLE families AS
SELECT
    wallet, kind, amount,
    count(*) FILTER (side = 'ledger') AS lines,
    count(*) FILTER (side = 'ledger' AND mark IS NULL) AS bare_lines,
    count(*) FILTER (side = 'provider') AS rows,
    count(*) FILTER (side = 'provider' AND mark IS NULL) AS bare_rows,
    min(number) FILTER (side = 'ledger') AS ledger,
    min(number) FILTER (side = 'provider') AS provider,
    epoch_us(max(created_at)) - epoch_us(min(created_at)) AS apart
FROM candidates
GROUP BY wallet, kind, amount
HAVING lines > 0 AND rows > 0 AND bare_lines + bare_rows > 0;

INSERT INTO pairs
SELECT ledger, provider, '{matched_by}', NULL
FROM families
WHERE lines = 1 AND rows = 1 AND apart <= getvariable('window_us');

CREATE OR REPLACE TEMP TABLE crowded AS
SELECT candidates.*
FROM candidates JOIN families USING (wallet, kind, amount)
WHERE (lines > 1 OR rows > 1)
    AND (mark IS NULL OR CASE side WHEN 'ledger' THEN bare_rows > 0 ELSE bare_lines > 0 END);
