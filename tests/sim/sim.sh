#!/bin/sh
# The simulator among the tests: QUOIN_SIM_SEEDS (2500) in at most QUOIN_SIM_SECONDS (40), then each seeded defect until the judge sees it.
cd "$(dirname "$0")/../.." || exit 1
build=${QUOIN_BUILD:-build/release}
"$build/tests/sim/sim" -t "${QUOIN_SIM_SECONDS:-40}" -k "${QUOIN_SIM_SEEDS:-2500}"
status=$?
"$build/tests/sim/sim-defects" || status=1
exit $status
