"""Tests with the X-Ray SDKs as clients. The SDKs send documents by UDP and get sampling rules by TCP."""

import sys
import unittest
from pathlib import Path

from local_xray import LocalXray

HERE = Path(__file__).parent


class PythonSdk(LocalXray):
    def run_traced_program(self, service, request_count):
        self.run_client(sys.executable, str(HERE / "program.py"), service, str(request_count))

    def create_sampling_rule(self, name, service, rate):
        self.client.create_sampling_rule(
            SamplingRule={
                "RuleName": name, "ResourceARN": "*", "Priority": 1, "FixedRate": rate,
                "ReservoirSize": 0, "ServiceName": service, "ServiceType": "*", "Host": "*",
                "HTTPMethod": "*", "URLPath": "*", "Version": 1,
            }
        )

    def test_the_python_sdk_traces_the_requests_that_a_sampling_rule_selects(self):
        self.create_sampling_rule("all", "loud", 1)
        self.create_sampling_rule("none", "quiet", 0)
        self.run_traced_program("quiet", 5)
        self.run_traced_program("loud", 5)
        summaries = self.wait_for_summaries('service("loud") AND !partial AND service("sessions")', 5)
        self.assertEqual(self.wait_for_summaries('service("quiet")', 0), [])

        documents = self.trace_documents(summaries[0]["Id"])
        segment, inferred = documents
        names = {subsegment["name"] for subsegment in segment["subsegments"]}
        steps = {f"step {number}" for number in range(4)}
        self.assertLessEqual(steps | {"failing"}, names)
        self.assertEqual(inferred["origin"], "AWS::DynamoDB::Table")

        table = self.graph_nodes()[("sessions", "AWS::DynamoDB::Table")]
        self.assertEqual(table["SummaryStatistics"]["TotalCount"], 5)
        failed = 'rootcause.fault.exception { message = "it broke" and name = "ValueError" }'
        self.wait_for_summaries(failed, 5)
        self.wait_for_summaries("annotation.number >= 3", 2)
        self.wait_for_summaries('edge("loud", "sessions")', 5)


class NodeSdk(LocalXray):
    def test_the_node_sdk_sends_a_trace_with_a_failed_call(self):
        trace = self.run_client("node", str(HERE / "program.cjs"))
        summary = self.wait_for_summaries('service("node shop") AND !partial', 1)[0]
        self.assertEqual(summary["Id"], trace)
        self.assertEqual(summary["Users"][0]["UserName"], "alice")
        self.wait_for_summaries('annotation.language = "node"', 1)
        self.wait_for_summaries('edge("node shop", "bank.example.com") { fault }', 1)
        self.wait_for_summaries('rootcause.fault.exception { message = "the bank is closed" }', 1)
        bank = self.graph_nodes()[("bank.example.com", "remote")]
        self.assertEqual(bank["SummaryStatistics"]["FaultStatistics"]["TotalCount"], 1)


if __name__ == "__main__":
    unittest.main()
