"""Statements of PostgreSQL with one condition left out, and what each has to turn red."""

from __future__ import annotations

from tests.journal import conformance, conformance_lists, conformance_upkeep
from tests.journal.conformance import Check

SABOTAGES: dict[str, tuple[tuple[str, str, str], Check]] = {
    "claim without the attempt": (
        ("CLAIM", "found.attempt = excluded.attempt - 1 AND", ""),
        conformance.check_a_second_claim_changes_nothing,
    ),
    "claim without the fingerprint": (
        ("CLAIM", "found.fingerprint = excluded.fingerprint AND", ""),
        conformance.check_a_second_claim_changes_nothing,
    ),
    "claim without the state": (
        ("CLAIM", "AND found.state IN ('prepared', 'refused', 'not_applied')", ""),
        conformance.check_no_claim_over_what_may_be_booked,
    ),
    "claim out of nothing": (
        ("CLAIM", "$6 <= 1 OR", "true OR"),
        conformance.check_a_later_attempt_needs_the_one_before,
    ),
    "claim begins anew": (
        ("CLAIM", "AND found.created_at = excluded.created_at", ""),
        conformance.check_no_claim_by_who_has_not_seen_it,
    ),
    "record without the attempt": (
        ("RECORD", "AND attempt = $4", "AND $4::int IS NOT NULL"),
        conformance.check_record_only_from_the_very_state_and_attempt,
    ),
    "record without the owner": (
        ("RECORD", "AND owner = $5", "AND $5::text IS NOT NULL"),
        conformance.check_record_only_of_ones_own_attempt,
    ),
    "record without the time": (
        ("RECORD", "AND sent_at = $6", "AND $6::bigint IS NOT NULL"),
        conformance.check_record_only_of_ones_own_attempt,
    ),
    "record without the state": (
        ("RECORD", "AND state = $3", "AND $3::text IS NOT NULL"),
        conformance.check_record_only_from_the_very_state_and_attempt,
    ),
    "unsettled too early": (
        ("UNSETTLED", "AND send_by <= $2", "AND $2::bigint IS NOT NULL"),
        conformance_lists.check_what_is_unsettled,
    ),
    "later than none in particular": (
        ("LATER", "AND sent_at > $2", "AND $2::bigint IS NOT NULL"),
        conformance_lists.check_what_was_applied_later,
    ),
    "later, and too new": (
        ("LATER", "AND updated_at <= $3", "AND $3::bigint IS NOT NULL"),
        conformance_lists.check_what_was_applied_later,
    ),
    "later, in any wallet": (
        ("LATER", "strpos(movement, part) = 0", "part IS NULL"),
        conformance_lists.check_what_was_applied_later,
    ),
    "later, and not the newest": (
        ("LATER", "ORDER BY sent_at DESC", "ORDER BY sent_at"),
        conformance_lists.check_what_was_applied_later,
    ),
    "unsettled in any order": (
        ("UNSETTLED", "ORDER BY sent_at", "ORDER BY reference DESC"),
        conformance_lists.check_what_is_unsettled,
    ),
    "listed without the page": (
        ("LISTED", "(service, reference) > ($3, $4)", "reference > $4 AND $3::text = $3"),
        conformance_lists.check_listed_page_by_page,
    ),
    "counted together": (
        ("COUNT", "GROUP BY service, state", "GROUP BY service, state, reference"),
        conformance_upkeep.check_counts,
    ),
    "stale too early": (
        ("STALE", "updated_at < $2", "updated_at <= $2"),
        conformance_upkeep.check_what_is_stale,
    ),
    "stale again and again": (
        ("STALE", "AND (state <> 'applied' OR movement <> '')", ""),
        conformance_upkeep.check_pruning,
    ),
    "pruned without the attempt": (
        ("PRUNE", "AND found.attempt = old.attempt", ""),
        conformance_upkeep.check_pruning_only_what_still_is_the_same,
    ),
    "pruned without the state": (
        ("PRUNE", "AND found.state = old.state", ""),
        conformance_upkeep.check_pruning_only_what_still_is_the_same,
    ),
}
"""What is changed in a statement, and the check that has to notice."""
