"""cloudformation-validate on the templates given: any warning or error fails; hints are only counted."""

import sys
from collections import Counter

from cloudformation_validate import CompositeEngine

engine = CompositeEngine()
counts, bad = Counter(), []
for path in sys.argv[1:]:
    for found in engine.validate_template(path).diagnostics:
        counts[found.severity.name] += 1
        if found.severity.name != "INFO":
            bad.append(f"{path}: {found.severity.name} {found.rule_id}: {found.message}")
print(*bad, sep="\n", end="\n" if bad else "")
print(f"{len(sys.argv) - 1} templates, " + ", ".join(f"{count} {name}" for name, count in sorted(counts.items())))
sys.exit(bool(bad))
