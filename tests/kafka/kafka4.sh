#!/bin/sh
# Everything, on the newest Apache Kafka that the tests use.
exec "$(dirname "$0")/all" 4.1.1 init publish race transaction hostile parts minisign compaction gc anew outage
