#!/usr/bin/env bash
# Deploys the fleet to a running LocalStack. Needs Docker, LocalStack and npm's aws-cdk-local, which wraps this CDK.
#   scripts/localstack-deploy.sh REGION [REGION...]
set -euo pipefail
cd "$(dirname "$0")/.."
(($# > 0)) || { echo "name one region or more" >&2; exit 2; }
regions=$(IFS=,; echo "$*")

npx cdklocal bootstrap "${@/#/aws://000000000000/}"
npx cdklocal deploy --all --require-approval never -c "regions=$regions" --outputs-file outputs.json
