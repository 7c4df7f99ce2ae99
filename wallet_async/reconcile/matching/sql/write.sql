-- What an applied plan has mended becomes a note; and so does that it was booked late, under the ledger's own reference.
CREATE TEMP VIEW booked_late AS
SELECT wallet, mark, min(reference) AS reference FROM plan WHERE side = 'provider' GROUP BY wallet, mark;

CREATE TEMP VIEW written AS
SELECT
    found.id, class,
    coalesce(settled.reference, booked_late.reference) AS mended_by,
    CASE WHEN mended_by IS NULL THEN severity ELSE 'note' END AS severity,
    found.wallet,
    ledger_line, ledger_kind, ledger_amount, ledger_created_at, ledger_transaction_id, found.reference,
    transaction_id, kind, amount, created_at, found.mark, currency, matched_by,
    concat_ws('; ', detail, 'settled by ' || mended_by) AS detail,
    CAST(NULL AS VARCHAR) AS journal_state, CAST(NULL AS VARCHAR) AS journal_reason
FROM (
    SELECT
        *,
        left(md5(concat(class, chr(9), wallet, chr(9), ledger_line, chr(9), transaction_id)), 16) AS id
    FROM differences
) AS found
LEFT JOIN settled ON settled.difference = found.id
LEFT JOIN booked_late
    ON class = 'time_differs' AND booked_late.wallet = found.wallet AND booked_late.mark = found.mark;

-- In an order that depends on nothing but the differences themselves.
COPY (
    SELECT * EXCLUDE (mended_by) FROM written
    ORDER BY wallet NULLS FIRST, class, ledger_line NULLS FIRST, transaction_id NULLS FIRST
) TO {into} (FORMAT parquet, COMPRESSION zstd);
