"""Prints checkov's failures, its suppressions with their reasons, and the counts. A suppression must give a reason and say what a
production user should do."""

import json
import sys
from collections import Counter

report = json.load(sys.stdin)
passed, failed, skipped = (report["results"][name] for name in ("passed_checks", "failed_checks", "skipped_checks"))
for each in failed:
    print(f"FAILED     {each['check_id']} {each['file_path']} {each['resource']}: {each['check_name']}")
counts_by_check = Counter(each["check_id"] for each in skipped)
for each in skipped:
    if counts_by_check[each["check_id"]]:
        reason = each["check_result"]["suppress_comment"]
        print(f"suppressed {each['check_id']} {counts_by_check.pop(each['check_id'])} x, as {each['resource']}: {reason}")
without_advice = [each for each in skipped if "n production " not in each["check_result"]["suppress_comment"]]
for each in without_advice:
    print(f"NO ADVICE  {each['check_id']} {each['resource']} does not say what to do in production")
print(f"checkov: {len(passed)} passed, {len(failed)} failed, {len(skipped)} suppressed")
sys.exit(bool(failed or without_advice or not passed))
