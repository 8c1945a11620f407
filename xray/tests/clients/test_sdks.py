"""The X-Ray SDKs as they are used: documents by UDP, sampling rules by TCP."""

import sys
import unittest
from pathlib import Path

from local_xray import LocalXray

HERE = Path(__file__).parent


class PythonSdk(LocalXray):
    def trace(self, service, requests):
        self.run_client(sys.executable, str(HERE / "program.py"), service, str(requests))

    def sample(self, name, service, rate):
        self.client.create_sampling_rule(
            SamplingRule={
                "RuleName": name, "ResourceARN": "*", "Priority": 1, "FixedRate": rate,
                "ReservoirSize": 0, "ServiceName": service, "ServiceType": "*", "Host": "*",
                "HTTPMethod": "*", "URLPath": "*", "Version": 1,
            }
        )

    def test_a_program_is_traced_as_the_sampling_rules_say(self):
        self.sample("all", "loud", 1)
        self.sample("none", "quiet", 0)
        self.trace("quiet", 5)
        self.trace("loud", 5)
        summaries = self.found('service("loud") AND !partial AND service("sessions")', 5)
        self.assertEqual(self.found('service("quiet")', 0), [])

        documents = self.documents(summaries[0]["Id"])
        whole, inferred = documents
        names = {part["name"] for part in whole["subsegments"]}
        steps = {f"step {number}" for number in range(4)}
        self.assertLessEqual(steps | {"failing"}, names)
        self.assertEqual(inferred["origin"], "AWS::DynamoDB::Table")

        table = self.nodes()[("sessions", "AWS::DynamoDB::Table")]
        self.assertEqual(table["SummaryStatistics"]["TotalCount"], 5)
        broken = 'rootcause.fault.exception { message = "it broke" and name = "ValueError" }'
        self.found(broken, 5)
        self.found("annotation.number >= 3", 2)
        self.found('edge("loud", "sessions")', 5)


class NodeSdk(LocalXray):
    def test_a_program_is_traced(self):
        trace = self.run_client("node", str(HERE / "program.cjs"))
        summary = self.found('service("node shop") AND !partial', 1)[0]
        self.assertEqual(summary["Id"], trace)
        self.assertEqual(summary["Users"][0]["UserName"], "alice")
        self.found('annotation.language = "node"', 1)
        self.found('edge("node shop", "bank.example.com") { fault }', 1)
        self.found('rootcause.fault.exception { message = "the bank is closed" }', 1)
        bank = self.nodes()[("bank.example.com", "remote")]
        self.assertEqual(bank["SummaryStatistics"]["FaultStatistics"]["TotalCount"], 1)


if __name__ == "__main__":
    unittest.main()
