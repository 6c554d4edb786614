#!/bin/sh
# Fetches a model as KServe's storage initializer does, then decides about it. Arguments are KServe's: pairs of a source and a folder.
# Whatever is not an allow or a warn ends with an exit code other than 0, leaves nothing in the folders, and the pod does not start.
set -eu

# Where store, keys and signatures are mounted.
evidence=${BARTIZAN_EVIDENCE:-/evidence}

exec bartizan gate \
  --store "$evidence/store" \
  --trust "$evidence/trusted.pub" \
  --trust-log "$evidence/log.vkey" \
  --signature "$evidence/model.sig" \
  --policy "${BARTIZAN_POLICY:-baseline}" \
  --env "${BARTIZAN_ENV:-production}" \
  --fetch "${BARTIZAN_FETCH:-/storage-initializer/scripts/initializer-entrypoint}" \
  --termination-log "${BARTIZAN_TERMINATION_LOG:-/dev/termination-log}" \
  --storage-initializer "$@"
