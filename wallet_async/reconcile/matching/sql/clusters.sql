-- Rule 4, where several rows are alike. In the order of time a new cluster begins where more than the window lies
-- between two rows; where a line has no time, all of them are one cluster.
CREATE OR REPLACE TEMP TABLE clustered AS
WITH gaps AS (
    SELECT
        number, side, wallet, kind, amount, created_at, line, transaction_id,
        mark IS NOT NULL AS is_marked,
        epoch_us(created_at) - lag(epoch_us(created_at)) OVER (alike ORDER BY created_at, number)
            > getvariable('window_us')
        AND count(*) OVER alike = count(created_at) OVER alike AS is_new
    FROM crowded
    WINDOW alike AS (PARTITION BY wallet, kind, amount)
),
clusters AS (
    SELECT
        *, count(*) FILTER (is_new) OVER (PARTITION BY wallet, kind, amount ORDER BY created_at, number) AS cluster
    FROM gaps
),
counted AS (
    SELECT
        *,
        min(number) OVER one AS place,
        count(*) FILTER (side = 'ledger' AND is_marked) OVER one AS marked_lines,
        count(*) FILTER (side = 'ledger' AND NOT is_marked) OVER one AS bare_lines,
        count(*) FILTER (side = 'provider' AND is_marked) OVER one AS marked_rows,
        count(*) FILTER (side = 'provider' AND NOT is_marked) OVER one AS bare_rows
    FROM clusters
    WINDOW one AS (PARTITION BY wallet, kind, amount, cluster)
)
-- Rows that show a reference are paired with those that show none, and so come first here and last there.
SELECT
    number, side, place,
    bare_lines + CASE WHEN bare_rows > 0 THEN marked_lines ELSE 0 END AS lines,
    bare_rows + CASE WHEN bare_lines > 0 THEN marked_rows ELSE 0 END AS rows,
    lines = rows AND (bare_lines = 0 OR bare_rows = 0 OR marked_lines <= bare_rows) AS fits,
    row_number() OVER (
        PARTITION BY place, side ORDER BY is_marked = (side = 'provider'), created_at, line, transaction_id
    ) AS turn
FROM counted
WHERE CASE
    WHEN side = 'ledger' THEN bare_rows > 0 OR (marked_rows > 0 AND NOT is_marked)
    ELSE bare_lines > 0 OR (marked_lines > 0 AND NOT is_marked)
END;

INSERT INTO pairs
SELECT
    mine.number, theirs.number, '{matched_by}',
    CASE
        WHEN lines > 1
        THEN format('{{0}} in the ledger and {{0}} at the provider are alike: paired in order of time', lines)
    END
FROM clustered AS mine JOIN clustered AS theirs USING (place, turn, lines)
WHERE mine.side = 'ledger' AND theirs.side = 'provider' AND mine.fits;

INSERT INTO verdicts
SELECT
    number, 'ambiguous',
    format('{{}} in the ledger, {{}} at the provider: ', lines, rows) || CASE
        WHEN lines = rows THEN 'the references of some exclude one another'
        ELSE CASE abs(lines - rows) WHEN 1 THEN 'one is' ELSE format('{{}} are', abs(lines - rows)) END
        || ' missing ' || CASE WHEN lines > rows THEN 'at the provider' ELSE 'in the ledger' END
    END || ', and nothing tells which'
FROM clustered
WHERE NOT fits;

DELETE FROM leftovers
WHERE number IN (
    SELECT number FROM clustered
    UNION ALL SELECT ledger FROM pairs WHERE matched_by = '{matched_by}'
    UNION ALL SELECT provider FROM pairs WHERE matched_by = '{matched_by}'
);
