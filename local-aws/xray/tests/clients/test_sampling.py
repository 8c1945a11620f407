"""Tests that the X-Ray SDK for Python polls sampling rules and targets while a program runs."""

import subprocess
import sys
import time
import unittest
from pathlib import Path

from local_xray import TIMEOUT_SECONDS, POLL_INTERVAL_SECONDS, LocalXray


class Sampling(LocalXray):
    def setUp(self):
        super().setUp()
        self.program = None

    def tearDown(self):
        if self.program:
            self.program.communicate()
        super().tearDown()

    def start_program(self):
        self.program = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("sampled.py"))],
            env=self.environment(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )

    def make_requests(self, service, count):
        """Makes the program handle requests, and returns how many of them were sampled."""
        self.program.stdin.write(f"{service} {count}\n")
        self.program.stdin.flush()
        return int(self.program.stdout.readline())

    def wait_until_sampled(self, service):
        deadline = time.monotonic() + TIMEOUT_SECONDS
        while not self.make_requests(service, 1):
            self.assertLess(time.monotonic(), deadline, f"no request of {service} is sampled")
            time.sleep(POLL_INTERVAL_SECONDS)

    def wait_for_report(self, rule):
        """Waits until the program has reported on the rule. The response to the report contains the new rates."""
        deadline = time.monotonic() + TIMEOUT_SECONDS
        while True:
            response = self.client.get_sampling_statistic_summaries()
            if any(it["RuleName"] == rule for it in response["SamplingStatisticSummaries"]):
                return
            self.assertLess(time.monotonic(), deadline, f"no report on {rule} arrives")
            time.sleep(POLL_INTERVAL_SECONDS)

    def test_a_running_program_follows_the_rules_reports_on_them_and_receives_new_rates(self):
        for name, rate in [("loud", 1), ("quiet", 0)]:
            self.client.create_sampling_rule(
                SamplingRule={
                    "RuleName": name, "ResourceARN": "*", "Priority": 1, "FixedRate": rate,
                    "ReservoirSize": 0, "ServiceName": name, "ServiceType": "*", "Host": "*",
                    "HTTPMethod": "*", "URLPath": "*", "Version": 1,
                }
            )
        default = {"RuleName": "Default", "FixedRate": 1, "ReservoirSize": 0}
        self.client.update_sampling_rule(SamplingRuleUpdate=default)
        self.start_program()
        self.wait_until_sampled("loud")
        self.assertEqual(self.make_requests("loud", 20), 20)
        self.assertEqual(self.make_requests("quiet", 20), 0)
        self.assertEqual(self.make_requests("other", 20), 20)
        self.wait_for_summaries('service("loud")', 21)
        self.wait_for_summaries('service("other")', 20)
        self.wait_for_summaries('service("quiet")', 0)

        update = {"RuleName": "quiet", "FixedRate": 1}
        self.client.update_sampling_rule(SamplingRuleUpdate=update)
        self.wait_for_report("quiet")
        self.wait_until_sampled("quiet")
        self.assertEqual(self.make_requests("quiet", 20), 20)
        response = self.client.get_sampling_statistic_summaries()
        counts_by_rule = {
            it["RuleName"]: (it["RequestCount"], it["SampledCount"], it["BorrowCount"])
            for it in response["SamplingStatisticSummaries"]
        }
        self.assertEqual(counts_by_rule["loud"], (21, 21, 0))
        self.assertEqual(counts_by_rule["Default"], (20, 20, 0))
        request_count, sampled_count, _ = counts_by_rule["quiet"]
        self.assertGreaterEqual(request_count, 20)
        self.assertEqual(sampled_count, 0)


if __name__ == "__main__":
    unittest.main()
