#!/bin/sh
# The last Apache Kafka of the line before: what its brokers might do otherwise.
exec "$(dirname "$0")/all" 3.9.1 init publish race transaction compaction
