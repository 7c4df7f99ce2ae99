-- A line without a partner is not known to be missing where it may be a row of the provider's that cannot be read.
INSERT INTO verdicts
SELECT mine.number, 'ambiguous', 'may be transaction ' || min(theirs.transaction_id) || ', which cannot be read'
FROM leftovers AS mine JOIN leftovers AS theirs USING (wallet)
WHERE mine.side = 'ledger' AND mine.problem IS NULL AND mine.transaction_id IS NULL
    AND theirs.side = 'provider' AND theirs.problem IS NOT NULL
    AND (mine.mark IS NULL OR theirs.mark IS NULL)
    AND (mine.kind = theirs.kind OR theirs.kind NOT IN ('credit', 'debit'))
    AND coalesce(abs(epoch_us(mine.created_at) - epoch_us(theirs.created_at)) <= getvariable('window_us'), true)
GROUP BY mine.number;

-- Rule 7, and the end of rules 3 to 5: what is left stands for itself.
INSERT INTO verdicts
SELECT
    number,
    CASE
        WHEN problem IS NOT NULL THEN 'unreadable_row'
        WHEN side = 'ledger' THEN 'missing_at_provider'
        ELSE 'missing_in_ledger'
    END,
    CASE
        WHEN problem IS NOT NULL THEN problem
        WHEN NOT known THEN 'the provider does not know this wallet'
        WHEN side = 'ledger' THEN kind || ' of ' || plain(amount) || ' in the ledger, none at the provider'
        ELSE kind || ' of ' || plain(amount) || ' at the provider, none in the ledger'
    END
FROM leftovers ANTI JOIN verdicts USING (number) LEFT JOIN wallets USING (wallet);
