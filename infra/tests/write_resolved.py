"""Writes the resolved variants of all templates into a directory for cfn-guard, which does not resolve conditions."""

import json
import sys
from pathlib import Path

import resolved

for stack, number, overrides in resolved.all_variants():
    template = resolved.resolve(stack, **overrides)
    (Path(sys.argv[1]) / f"{stack}-{number}.json").write_text(json.dumps({"Resources": template["Resources"]}, indent=1))
