"""Tests that subsegments that the X-Ray SDKs send alone become one tree and one service graph."""

import json
import sys
import unittest
from pathlib import Path

from fake_service import run_service
from local_xray import LocalXray

HERE = Path(__file__).parent


def name_tree(entity):
    """The name of a segment or subsegment, and the name trees of its subsegments."""
    subsegments = sorted(entity.get("subsegments", []), key=lambda it: it["start_time"])
    return (entity["name"], [name_tree(it) for it in subsegments])


class Trees(LocalXray):
    def failure_counts(self, name, node_type):
        """Numbers of faults and errors of a node."""
        counts = self.graph_nodes()[(name, node_type)]["SummaryStatistics"]
        return counts["FaultStatistics"]["TotalCount"], counts["ErrorStatistics"]["TotalCount"]

    def called_nodes(self, name, node_type):
        """Names of the nodes that a node calls."""
        nodes = self.graph_nodes()
        names = {node["ReferenceId"]: node["Name"] for node in nodes.values()}
        return {names[edge["ReferenceId"]] for edge in nodes[(name, node_type)]["Edges"]}

    def test_subsegments_that_are_sent_alone_are_nested_below_their_parents(self):
        def respond(_, body):
            is_broken = json.loads(body)["TableName"] == "broken"
            return (500, b'{"__type": "InternalServerError"}') if is_broken else (200, b"{}")

        with run_service(respond) as dynamodb_address:
            trace = self.run_client(
                sys.executable, str(HERE / "shop.py"), f"http://{dynamodb_address}"
            ).strip()
        summary = self.wait_for_summaries('service("shop") AND !partial', 1)[0]
        self.assertEqual(summary["Id"], trace)
        self.assertGreater(summary["Revision"], 1, "no subsegment was sent alone")

        documents = self.trace_documents(trace)
        segment = next(it for it in documents if it["name"] == "shop")
        calls = [("basket", []), ("dynamodb", []), ("dynamodb", [])]
        self.assertEqual(name_tree(segment), ("shop", [("checkout", calls), ("receipt", [])]))
        inferred = [it for it in documents if it.get("inferred")]
        self.assertEqual(
            {(it["aws"]["table_name"], it["origin"], it.get("fault", False)) for it in inferred},
            {(name, "AWS::DynamoDB::Table", name == "broken") for name in ("orders", "broken")},
        )

        # The program handles the fault of the call, so the root segment and the trace have no
        # fault.
        self.assertFalse(summary["HasFault"])
        self.wait_for_summaries("fault", 0)
        self.wait_for_summaries('service("broken") { fault AND http.status = 500 }', 1)
        self.wait_for_summaries('service("orders") { fault }', 0)
        self.wait_for_summaries('edge("shop", "broken") { fault } AND http.method = "POST"', 1)
        self.wait_for_summaries('annotation.express AND annotation[items] < 4 AND annotation.title = "book"', 1)
        self.wait_for_summaries('rootcause.fault.exception { name = "ValueError" AND message = "no paper" }', 1)
        table = "AWS::DynamoDB::Table"
        self.assertEqual(self.failure_counts("broken", table), (1, 0))
        self.assertEqual(self.failure_counts("orders", table), (0, 0))
        self.assertEqual(self.failure_counts("shop", None), (0, 0))
        self.assertEqual(self.called_nodes("shop", None), {"broken", "orders"})
        self.assertEqual(self.called_nodes("shop", "client"), {"shop"})

    def test_a_segment_of_the_called_service_replaces_the_inferred_segment(self):
        trace_headers = []

        def respond(headers, _):
            trace_headers.append(headers["X-Amzn-Trace-Id"])
            return 404, b""

        with run_service(respond) as bank_address:
            trace = self.run_client("node", str(HERE / "caller.cjs"), f"http://{bank_address}/account")
        self.wait_for_summaries('service("gate") AND !partial', 1)
        remote = next(key for key in self.graph_nodes() if key[1] == "remote")
        self.assertEqual(self.failure_counts(*remote), (0, 1))
        self.wait_for_summaries(f'edge("gate", "{remote[0]}") {{ error AND http.status = 404 }}', 1)

        header = dict(part.split("=") for part in trace_headers[0].split(";"))
        self.assertEqual((header["Root"], header["Sampled"]), (trace, "1"))
        inferred = next(it for it in self.trace_documents(trace) if it.get("inferred"))
        self.assertEqual(inferred["parent_id"], header["Parent"])
        own_segment = {key: inferred[key] for key in ("trace_id", "parent_id", "start_time", "end_time")}
        self.send_document({**own_segment, "id": "00000000000000bb", "name": "bank", "error": True})
        self.wait_for_summaries('edge("gate", "bank") { error }', 1)
        self.assertNotIn(remote, self.graph_nodes())


if __name__ == "__main__":
    unittest.main()
