-- Rule 6: what differs inside a pair. The first of it is its class, and the detail tells all. A pair is judged if one
-- of its rows is (rule 8).
CREATE TEMP TABLE differing AS
SELECT
    pairs.*,
    mine.kind IS DISTINCT FROM theirs.kind AS other_kind,
    mine.amount IS DISTINCT FROM theirs.amount AS other_amount,
    coalesce(upper(mine.currency) <> upper(theirs.currency), false) AS other_currency,
    coalesce(abs(epoch_us(mine.created_at) - epoch_us(theirs.created_at)) > getvariable('window_us'), false)
        AS other_time
FROM pairs JOIN entries AS mine ON mine.number = ledger JOIN entries AS theirs ON theirs.number = provider
WHERE (doubt IS NOT NULL OR other_kind OR other_amount OR other_currency OR other_time OR theirs.problem IS NOT NULL)
    AND NOT (
        is_outside(coalesce(mine.created_at, theirs.created_at))
        AND is_outside(coalesce(theirs.created_at, mine.created_at))
    );

INSERT INTO differences
SELECT
    CASE
        WHEN theirs.problem IS NOT NULL THEN 'unreadable_row'
        WHEN doubt IS NOT NULL OR other_currency THEN 'ambiguous'
        WHEN other_kind THEN 'kind_differs'
        WHEN other_amount THEN 'amount_differs'
        ELSE 'time_differs'
    END,
    CASE WHEN doubt IS NOT NULL AND matched_by IS NOT NULL AND NOT other_currency THEN 'note' ELSE 'difference' END,
    mine.wallet, mine.line, mine.kind, mine.amount, mine.created_at, mine.transaction_id, mine.reference,
    theirs.transaction_id, theirs.kind, theirs.amount, theirs.created_at, coalesce(theirs.mark, mine.mark),
    coalesce(theirs.currency, mine.currency), matched_by,
    concat_ws(
        '; ', doubt, theirs.problem,
        CASE WHEN other_kind THEN both_say(mine.kind, theirs.kind) END,
        CASE WHEN other_amount THEN both_say(plain(mine.amount), plain(theirs.amount)) END,
        CASE WHEN other_currency THEN both_say(mine.currency, theirs.currency) END,
        CASE WHEN other_time THEN both_say(mine.created_at, theirs.created_at) END
    )
FROM differing JOIN entries AS mine ON mine.number = ledger JOIN entries AS theirs ON theirs.number = provider;

-- Rule 8: of rows without a partner, those that arrived since the ledger was read and those outside are only counted.
CREATE TEMP TABLE alone AS
SELECT
    entries.*, verdicts.class, verdicts.detail,
    side = 'provider' AND has_arrived_since(created_at) AS arrived_since,
    NOT arrived_since AND is_outside(created_at) AS outside
FROM verdicts JOIN entries USING (number);

INSERT INTO differences
SELECT
    class, 'difference', wallet,
    line, CASE side WHEN 'ledger' THEN kind END, CASE side WHEN 'ledger' THEN amount END,
    CASE side WHEN 'ledger' THEN created_at END, CASE side WHEN 'ledger' THEN transaction_id END, reference,
    CASE side WHEN 'provider' THEN transaction_id END, CASE side WHEN 'provider' THEN kind END,
    CASE side WHEN 'provider' THEN amount END, CASE side WHEN 'provider' THEN created_at END, mark,
    currency, NULL, detail
FROM alone
WHERE NOT arrived_since AND NOT outside;
