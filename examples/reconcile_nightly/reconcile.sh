#!/usr/bin/env bash
# Compares the ledger with Rehook's history up to the last midnight (UTC), and keeps a report of each day.
#
# It reads from the environment:
#   STATE_DIRECTORY   folder for the reports and for what has been read
#   RECONCILE_LEDGER  the ledger: /srv/ledger.parquet, or postgresql://reader@db.example/shop with RECONCILE_QUERY
#   RECONCILE_ENV     file with the credentials, chmod 600: REHOOK_API_KEY, REHOOK_SECRET_KEY, perhaps PGPASSWORD
#   RECONCILE_RATE    requests a second at most; left out, 20
#
# Ended by whatever it was, the same call goes on where it was. It ends with
#   0  both sides agree; nothing is printed
#   1  they differ, or the provider refused: the summary or the error is printed, and a person has to look
#   4  the provider, or some wallets, could not be reached: call it again
# and otherwise as `wallet-async --help` says.
set -euo pipefail
umask 077
cd "${STATE_DIRECTORY:?}"
day=$(date --utc +%F)

# A run belongs to one day. What is left of another, finished or not, is told by its report or has no answer any more.
find . -maxdepth 1 -name 'state-*' ! -name "state-$day" -exec rm -r {} +

code=0
wallet-async reconcile rehook "${RECONCILE_LEDGER:?}" ${RECONCILE_QUERY:+--query "$RECONCILE_QUERY"} \
    --env-file "${RECONCILE_ENV:?}" --rate "${RECONCILE_RATE:-20}" --until "${day}T00:00:00Z" --state "state-$day" \
    --report "report-$day.html" --differences "differences-$day.csv" --fix "plan-$day.csv" \
    >"summary-$day.txt" 2>"log-$day.txt" || code=$?
if [ "$code" != 0 ]; then
    tail --lines=1 "log-$day.txt" # the error, or how far it came
    cat "summary-$day.txt"
fi
exit "$code"
