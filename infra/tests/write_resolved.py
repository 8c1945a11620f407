"""Writes every variant of every template, resolved, into a directory: for cfn-guard, which does not resolve conditions."""

import json
import sys
from pathlib import Path

import resolved

for stack, number, chosen in resolved.every_variant():
    made = resolved.resolve(stack, **chosen)
    (Path(sys.argv[1]) / f"{stack}-{number}.json").write_text(json.dumps({"Resources": made["Resources"]}, indent=1))
