"""The pollers of the X-Ray SDK for Python: rules come at the start, new rates with the targets."""

import subprocess
import sys
import time
import unittest
from pathlib import Path

from local_xray import PATIENCE, POLL_INTERVAL, LocalXray


class Sampling(LocalXray):
    def setUp(self):
        super().setUp()
        self.program = None

    def tearDown(self):
        if self.program:
            self.program.communicate()
        super().tearDown()

    def start(self):
        self.program = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("sampled.py"))],
            env=self.environment(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )

    def sampled(self, service, count):
        self.program.stdin.write(f"{service} {count}\n")
        self.program.stdin.flush()
        return int(self.program.stdout.readline())

    def until_sampled(self, service):
        deadline = time.monotonic() + PATIENCE
        while not self.sampled(service, 1):
            self.assertLess(time.monotonic(), deadline, f"{service} is never sampled")
            time.sleep(POLL_INTERVAL)

    def until_reported(self, rule):
        """The program's next report is answered with the rates as they are now."""
        deadline = time.monotonic() + PATIENCE
        while True:
            answer = self.client.get_sampling_statistic_summaries()
            if any(it["RuleName"] == rule for it in answer["SamplingStatisticSummaries"]):
                return
            self.assertLess(time.monotonic(), deadline, f"{rule} is never reported")
            time.sleep(POLL_INTERVAL)

    def test_rules_are_obeyed_reported_on_and_changed_while_a_program_runs(self):
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
        self.start()
        self.until_sampled("loud")
        self.assertEqual(self.sampled("loud", 20), 20)
        self.assertEqual(self.sampled("quiet", 20), 0)
        self.assertEqual(self.sampled("other", 20), 20)
        self.found('service("loud")', 21)
        self.found('service("other")', 20)
        self.found('service("quiet")', 0)

        louder = {"RuleName": "quiet", "FixedRate": 1}
        self.client.update_sampling_rule(SamplingRuleUpdate=louder)
        self.until_reported("quiet")
        self.until_sampled("quiet")
        self.assertEqual(self.sampled("quiet", 20), 20)
        answer = self.client.get_sampling_statistic_summaries()
        reported = {
            it["RuleName"]: (it["RequestCount"], it["SampledCount"], it["BorrowCount"])
            for it in answer["SamplingStatisticSummaries"]
        }
        self.assertEqual(reported["loud"], (21, 21, 0))
        self.assertEqual(reported["Default"], (20, 20, 0))
        requests, sampled, _ = reported["quiet"]
        self.assertGreaterEqual(requests, 20)
        self.assertEqual(sampled, 0)


if __name__ == "__main__":
    unittest.main()
