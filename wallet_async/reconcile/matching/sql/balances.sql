-- Rule 9: the balance is the sum of the whole history, where all of it was read and can be.
CREATE TEMP TABLE balances AS
SELECT wallet, balance, coalesce(total, 0) AS total
FROM wallets
LEFT JOIN (
    SELECT wallet, sum(CASE kind WHEN 'credit' THEN amount ELSE -amount END) AS total
    FROM entries SEMI JOIN (FROM wallets WHERE balance IS NOT NULL) USING (wallet)
    WHERE side = 'provider'
    GROUP BY wallet
) USING (wallet)
WHERE is_read AND balance IS NOT NULL AND getvariable('since') IS NULL
    AND wallet NOT IN (SELECT wallet FROM entries WHERE side = 'provider' AND problem IS NOT NULL);

INSERT INTO differences BY NAME
SELECT
    'balance_differs' AS class, 'difference' AS severity, wallet, balance AS amount,
    'the history sums up to ' || plain(total) || ', the balance is ' || plain(balance) AS detail
FROM balances
WHERE balance <> total;
