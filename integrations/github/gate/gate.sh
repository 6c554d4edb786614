#!/usr/bin/env bash
# Decides once for the verdict, and writes the same decision for the summary and for code scanning. Values come from the environment, never
# from text that a shell would read as commands, and stand behind `=` and `--`, where none of them is an option.
set -uo pipefail

# Ends without a decision, which lets nothing through.
refuse() {
  echo "::error::$1" >&2
  printf 'verdict=error\npolicy-digest=\n' >>"${GITHUB_OUTPUT:-/dev/stdout}"
  exit 2
}

# Whoever opens a pull request chooses every file of the checkout. A key that lies there is believed only as it is on the base branch.
from_base() {
  [ -n "${BASE_SHA:-}" ] || return 0
  local path=${1#./} top=${GITHUB_WORKSPACE:-$PWD}
  # A link is held against what the base branch has under its own name.
  [ "${path#/}" != "$path" ] || path="$PWD/$path"
  case "$path/" in */./* | */../*) refuse "write $1 without . and .. in it" ;; esac
  [ "${path#"$top"/}" != "$path" ] || return 0
  git -C "$top" show "$BASE_SHA:${path#"$top"/}" 2>/dev/null | cmp -s - "$path" ||
    refuse "$1 is not as it is on the base branch, or that is not here (fetch-depth: 0): give the key itself, from a variable of the repository"
}

keys=$(mktemp -d)
trap 'rm -rf "$keys"' EXIT
arguments=(--env="$ENVIRONMENT")
while IFS= read -r line; do
  [ -n "$line" ] && arguments+=(--policy="$line")
done <<<"$POLICY"
# Names of files, and keys as they are (PEM).
count=0
pem=
while IFS= read -r line; do
  case "$line" in
  -----BEGIN*)
    count=$((count + 1))
    pem="$keys/$count.pub"
    arguments+=(--trust="$pem")
    ;;
  esac
  if [ -n "$pem" ]; then
    printf '%s\n' "$line" >>"$pem"
    case "$line" in -----END*) pem= ;; esac
  elif [ -n "$line" ]; then
    from_base "$line"
    arguments+=(--trust="$line")
  fi
done <<<"$TRUST"
if [ -n "$TRUST_LOG" ]; then
  [ -e "$TRUST_LOG" ] && from_base "$TRUST_LOG"
  arguments+=(--trust-log="$TRUST_LOG")
fi

decision=$(bartizan gate "${arguments[@]}" --format json -- "$ARTIFACT")
code=$?
# Both stand on lines of their own, and hold nothing but a word and hexadecimal digits.
verdict=$(printf '%s\n' "$decision" | sed -n 's/^  "verdict": "\([a-z]*\)",$/\1/p' | head -n 1)
digest=$(printf '%s\n' "$decision" | sed -n 's/^  "policy_digest": "\(sha256:[0-9a-f]*\)",$/\1/p' | head -n 1)
case "$code $verdict" in
"0 allow" | "0 warn" | "1 deny") ;;
*) refuse "nothing could be decided about $ARTIFACT" ;;
esac
bartizan gate "${arguments[@]}" --format markdown -- "$ARTIFACT" >>"${GITHUB_STEP_SUMMARY:-/dev/null}"
bartizan gate "${arguments[@]}" --format sarif --output="$SARIF" -- "$ARTIFACT"
{
  echo "verdict=$verdict"
  echo "policy-digest=$digest"
} >>"${GITHUB_OUTPUT:-/dev/stdout}"
bartizan gate "${arguments[@]}" -- "$ARTIFACT"
last=$?
[ "$code" -eq 0 ] || exit "$code"
exit "$last"
