-- Rules 1 and 2, where several rows have one id or reference: those alike in ({alike}), the first with
-- the first, the second with the second; but only where a closer likeness has paired none of them.
INSERT INTO pairs
WITH waiting AS (
    SELECT
        number, side, {alike},
        row_number() OVER (PARTITION BY side, {alike} ORDER BY created_at, line, transaction_id) AS turn
    FROM crowded ANTI JOIN (SELECT {alike} FROM crowded SEMI JOIN taken USING (number)) USING ({alike})
)
SELECT mine.number, theirs.number, '{matched_by}', NULL
FROM waiting AS mine JOIN waiting AS theirs USING ({alike}, turn)
WHERE mine.side = 'ledger' AND theirs.side = 'provider';
