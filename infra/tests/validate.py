"""Runs cloudformation-validate on the given templates. Warnings and errors fail the check. Hints are counted."""

import sys
from collections import Counter

from cloudformation_validate import CompositeEngine

engine = CompositeEngine()
counts, failures = Counter(), []
for path in sys.argv[1:]:
    for diagnostic in engine.validate_template(path).diagnostics:
        counts[diagnostic.severity.name] += 1
        if diagnostic.severity.name != "INFO":
            failures.append(f"{path}: {diagnostic.severity.name} {diagnostic.rule_id}: {diagnostic.message}")
print(*failures, sep="\n", end="\n" if failures else "")
print(f"{len(sys.argv) - 1} templates, " + ", ".join(f"{count} {name}" for name, count in sorted(counts.items())))
sys.exit(bool(failures))
