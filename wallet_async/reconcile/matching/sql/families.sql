-- Rules 1 and 2: the rows of one {key}. Nearly always there is one on each side: a pair, whatever else it says.
CREATE OR REPLACE TEMP TABLE families AS
SELECT
    wallet, {key},
    count(*) FILTER (side = 'ledger') AS lines,
    count(*) FILTER (side = 'provider') AS rows,
    min(number) FILTER (side = 'ledger') AS ledger,
    min(number) FILTER (side = 'provider') AS provider
FROM {among} ANTI JOIN taken USING (number)
WHERE {key} IS NOT NULL
GROUP BY wallet, {key}
HAVING lines > 0 AND rows > 0;

CREATE OR REPLACE TEMP TABLE crowded AS
SELECT * FROM {among} ANTI JOIN taken USING (number)
SEMI JOIN (SELECT wallet, {key} FROM families WHERE lines > 1 OR rows > 1) USING (wallet, {key});

INSERT INTO pairs
SELECT ledger, provider, '{matched_by}', NULL FROM families WHERE lines = 1 AND rows = 1;
