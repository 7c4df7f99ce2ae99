-- Rule 3: of the rows of one ({family}) one is right: that which has a partner, or else the first.
CREATE OR REPLACE TEMP TABLE twins AS
SELECT number, concat(first, ' {has_the_same}') AS detail FROM (
    SELECT
        number, entries.problem, leftovers.number IS NOT NULL AS is_left,
        row_number() OVER one AS turn,
        first_value(coalesce('line ' || entries.line, entries.transaction_id)) OVER one AS first
    FROM entries
    SEMI JOIN (SELECT {family} FROM leftovers WHERE side = '{side}' AND problem IS NULL) USING ({family})
    ANTI JOIN (FROM verdicts WHERE class = '{class_}') USING (number)
    LEFT JOIN leftovers USING (number)
    WHERE entries.side = '{side}'
    WINDOW one AS (PARTITION BY {family} ORDER BY is_left, entries.created_at, entries.line, entries.transaction_id)
)
WHERE is_left AND turn > 1 AND problem IS NULL;

INSERT INTO verdicts SELECT number, '{class_}', detail FROM twins;
DELETE FROM leftovers WHERE number IN (SELECT number FROM twins);
