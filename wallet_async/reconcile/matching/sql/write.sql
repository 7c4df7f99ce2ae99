-- What an applied plan has mended becomes a note.
CREATE TEMP VIEW written AS
SELECT
    found.id, class, CASE WHEN settled.reference IS NULL THEN severity ELSE 'note' END AS severity, wallet,
    ledger_line, ledger_kind, ledger_amount, ledger_created_at, ledger_transaction_id, found.reference,
    transaction_id, kind, amount, created_at, mark, currency, matched_by,
    concat_ws('; ', detail, 'settled by ' || settled.reference) AS detail,
    CAST(NULL AS VARCHAR) AS journal_state, CAST(NULL AS VARCHAR) AS journal_reason
FROM (
    SELECT
        *,
        left(md5(concat(class, chr(9), wallet, chr(9), ledger_line, chr(9), transaction_id)), 16) AS id
    FROM differences
) AS found
LEFT JOIN settled ON settled.difference = found.id;

-- In an order that depends on nothing but the differences themselves.
COPY (
    FROM written ORDER BY wallet NULLS FIRST, class, ledger_line NULLS FIRST, transaction_id NULLS FIRST
) TO {into} (FORMAT parquet, COMPRESSION zstd);
