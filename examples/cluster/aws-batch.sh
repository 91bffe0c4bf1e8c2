#!/usr/bin/env bash
# Compares /data/base with /data/tuned in 64 parts on AWS Batch. The job definition `model-diff` runs an image with Node and model-diff, and mounts
# the file system that holds the checkpoints (EFS or FSx for Lustre) at /data.
set -euo pipefail

queue=${QUEUE:?the name of a job queue}
submit() { aws batch submit-job --job-queue "$queue" --job-definition model-diff --query jobId --output text "$@"; }

plan=$(submit --job-name model-diff-plan \
  --container-overrides '{"command": ["model-diff", "plan", "/data/base", "/data/tuned", "-n", "64", "-o", "/data/run"]}')

# The index comes from AWS_BATCH_JOB_ARRAY_INDEX, which AWS Batch sets. A part that is done already is not done again.
parts=$(submit --job-name model-diff-parts --depends-on "jobId=$plan" \
  --array-properties size=64 --retry-strategy attempts=3 \
  --container-overrides '{"command": ["model-diff", "--shard", "auto", "--run-dir", "/data/run"]}')

submit --job-name model-diff-combine --depends-on "jobId=$parts" \
  --container-overrides '{"command": ["model-diff", "combine", "/data/run", "-o", "/data/run/report.html", "-o", "/data/run/report.json"]}'
