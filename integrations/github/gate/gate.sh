#!/usr/bin/env bash
# Decides once for the verdict, and writes the same decision for the summary and for code scanning. Values come from the environment, never
# from text that a shell would read as commands.
set -uo pipefail

arguments=("$ARTIFACT" --env "$ENVIRONMENT")
while IFS= read -r line; do
  [ -n "$line" ] && arguments+=(--policy "$line")
done <<<"$POLICY"
while IFS= read -r line; do
  [ -n "$line" ] && arguments+=(--trust "$line")
done <<<"$TRUST"
[ -n "$TRUST_LOG" ] && arguments+=(--trust-log "$TRUST_LOG")

decision=$(bartizan gate "${arguments[@]}" --format json)
code=$?
verdict=error
digest=
if [ "$code" -eq 0 ] || [ "$code" -eq 1 ]; then
  # Both stand on lines of their own, and hold nothing but a word and hexadecimal digits.
  verdict=$(printf '%s\n' "$decision" | sed -n 's/^  "verdict": "\([a-z]*\)",$/\1/p' | head -n 1)
  digest=$(printf '%s\n' "$decision" | sed -n 's/^  "policy_digest": "\(sha256:[0-9a-f]*\)",$/\1/p' | head -n 1)
  bartizan gate "${arguments[@]}" --format markdown >>"${GITHUB_STEP_SUMMARY:-/dev/null}"
  bartizan gate "${arguments[@]}" --format sarif --output "$SARIF"
fi
{
  echo "verdict=$verdict"
  echo "policy-digest=$digest"
} >>"${GITHUB_OUTPUT:-/dev/stdout}"
bartizan gate "${arguments[@]}"
exit $?
