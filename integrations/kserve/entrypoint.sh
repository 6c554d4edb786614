#!/bin/sh
# Fetches a model as KServe's storage initializer does, then decides about it. Arguments are KServe's: pairs of a source and a folder.
# Whatever is not an allow or a warn ends with an exit code other than 0, and the pod does not start.
set -eu

# What fetches; KServe's own entry point unless said otherwise.
fetch=${BARTIZAN_FETCH:-/storage-initializer/scripts/initializer-entrypoint}
# Where store, keys and signatures are mounted.
evidence=${BARTIZAN_EVIDENCE:-/evidence}

if [ "$#" -eq 0 ] || [ $(($# % 2)) -ne 0 ]; then
  echo "expected pairs of a source and a folder, as KServe gives them" >&2
  exit 2
fi
"$fetch" "$@"
while [ "$#" -gt 0 ]; do
  folder=$2
  shift 2
  bartizan gate "$folder" \
    --store "$evidence/store" \
    --trust "$evidence/trusted.pub" \
    --trust-log "$evidence/log.vkey" \
    --signature "$evidence/model.sig" \
    --policy "${BARTIZAN_POLICY:-baseline}" \
    --env "${BARTIZAN_ENV:-production}" || {
      code=$?
      # Nothing that was not let through is left for a server to load.
      find "$folder" -mindepth 1 -delete
      exit "$code"
    }
done
