#!/usr/bin/env bash
# Decides once for the verdict, and writes the same decision for the summary and for code scanning. Values come from the environment, never
# from text that a shell would read as commands.
set -uo pipefail

# Whoever opens a pull request decides what its checkout holds. A key in it is believed only when it is the base's, byte for byte.
from_base() {
  case ${EVENT:-} in pull_request*) ;; *) return 0 ;; esac
  [ -f "$1" ] || return 0
  local folder top inside
  folder=$(cd -P -- "$(dirname -- "$1")" && pwd) || return 1
  top=$(git -C "$folder" rev-parse --show-toplevel 2>/dev/null) || return 0
  inside=${folder#"$top"}/$(basename -- "$1")
  git -C "$top" show "${BASE:-none}:${inside#/}" 2>/dev/null | cmp -s - "$1"
}

refuse() {
  echo "::error::$1"
  printf 'verdict=error\npolicy-digest=\n' >>"${GITHUB_OUTPUT:-/dev/stdout}"
  exit 2
}

arguments=(--env "$ENVIRONMENT")
while IFS= read -r line; do
  [ -n "$line" ] && arguments+=(--policy "$line")
done <<<"$POLICY"
while IFS= read -r line; do
  [ -n "$line" ] || continue
  from_base "$line" || refuse "a key under trust is not the one at the base of this pull request: name a file of the base (see the guide)"
  arguments+=(--trust "$line")
done <<<"$TRUST"
if [ -n "$TRUST_LOG" ]; then
  from_base "$TRUST_LOG" || refuse "the key under trust-log is not the one at the base of this pull request: name a file of the base, or the key itself"
  arguments+=(--trust-log "$TRUST_LOG")
fi

decision=$(bartizan gate "${arguments[@]}" --format json -- "$ARTIFACT")
code=$?
verdict=error
digest=
if [ "$code" -eq 0 ] || [ "$code" -eq 1 ]; then
  # Both stand on lines of their own, and hold nothing but a word and hexadecimal digits.
  verdict=$(printf '%s\n' "$decision" | sed -n 's/^  "verdict": "\([a-z]*\)",$/\1/p' | head -n 1)
  digest=$(printf '%s\n' "$decision" | sed -n 's/^  "policy_digest": "\(sha256:[0-9a-f]*\)",$/\1/p' | head -n 1)
  # An exit code without a decision decides nothing.
  case $verdict in allow | warn | deny) ;; *) refuse "bartizan gave no decision" ;; esac
  bartizan gate "${arguments[@]}" --format markdown -- "$ARTIFACT" >>"${GITHUB_STEP_SUMMARY:-/dev/null}"
  bartizan gate "${arguments[@]}" --format sarif --output "$SARIF" -- "$ARTIFACT"
fi
{
  echo "verdict=$verdict"
  echo "policy-digest=$digest"
} >>"${GITHUB_OUTPUT:-/dev/stdout}"
bartizan gate "${arguments[@]}" -- "$ARTIFACT"
exit $?
