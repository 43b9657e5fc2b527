#!/bin/sh
# The simulator among the tests: QUOIN_SIM_SEEDS (9,999) in at most QUOIN_SIM_SECONDS (120) by every processor, then each
# seeded defect until the judge sees it, from the first seed on.
cd "$(dirname "$0")/../.." || exit 1
build=${QUOIN_BUILD:-build/release}
"$build/tests/sim/sim" -t "${QUOIN_SIM_SECONDS:-120}" -k "${QUOIN_SIM_SEEDS:-9999}"
status=$?
"$build/tests/sim/sim-defects" || status=1
exit $status
