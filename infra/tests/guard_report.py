"""Compares cfn-guard's JSON report with the exceptions in guard-exceptions.json.

cfn-guard reports a rule as failed even if no check of the rule applied. This program ignores such rules."""

import json
import sys
from collections import defaultdict
from pathlib import Path


def failed_checks(node):
    """Returns the failed checks of a rule, without the rules and blocks that contain the checks."""
    if isinstance(node, dict):
        checks = [node] if "Clause" in node or "Block" in node else []
        return checks + [found for inner in node.values() for found in failed_checks(inner)]
    if isinstance(node, list):
        return [found for inner in node for found in failed_checks(inner)]
    return []


exceptions = json.loads((Path(__file__).parent / "guard-exceptions.json").read_text())
passed, failed = 0, defaultdict(set)
for report in json.load(sys.stdin):
    passed += len(report["compliant"])
    for rule in report["not_compliant"]:
        if failed_checks(rule):
            failed[rule["Rule"]["name"]].add(Path(report["name"]).stem)
excepted = {rule for rule in failed if rule in exceptions}
for rule in sorted(set(failed) - excepted):
    print(f"FAILED     {rule}: {', '.join(sorted(failed[rule]))}")
for rule in sorted(excepted):
    print(f"excepted   {rule}: {exceptions[rule]}")
stale = sorted(set(exceptions) - set(failed))
for rule in stale:
    print(f"NOT NEEDED {rule}: all templates comply with the rule, delete its exception")
print(f"cfn-guard: {passed} passed, {len(failed) - len(excepted)} rules failed, {len(excepted)} rules excepted")
sys.exit(bool(set(failed) - excepted or stale or not passed))
