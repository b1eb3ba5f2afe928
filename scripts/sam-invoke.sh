#!/usr/bin/env bash
# Invokes a region's function in AWS SAM's container, from what the CDK synthesised. Needs Docker and the SAM CLI.
#   scripts/sam-invoke.sh STACK EVENT.json [more options of sam local invoke]
set -euo pipefail
stack=${1:?name a stack, such as lander-demo-eu-west-1}
event=$(realpath "${2:?name a file with the event}")
cd "$(dirname "$0")/.."

npx cdk synth --quiet --no-notices
template=cdk.out/$stack.template.json
id=$(node -p "Object.entries(require('./$template').Resources).find(([, r]) => r.Type === 'AWS::Lambda::Function')[0]")
sam local invoke "$id" --template "$template" --event "$event" "${@:3}"
