"""What the X-Ray SDKs send in pieces becomes one tree, and the graph that belongs to it."""

import json
import sys
import unittest
from pathlib import Path

from fake_service import serving
from local_xray import LocalXray

HERE = Path(__file__).parent


def tree(part):
    """Names of a part and of those within it."""
    within = sorted(part.get("subsegments", []), key=lambda sub: sub["start_time"])
    return (part["name"], [tree(sub) for sub in within])


class Trees(LocalXray):
    def failures(self, name, kind):
        counts = self.nodes()[(name, kind)]["SummaryStatistics"]
        return counts["FaultStatistics"]["TotalCount"], counts["ErrorStatistics"]["TotalCount"]

    def edges(self, name, kind):
        """Whom a node calls."""
        nodes = self.nodes()
        names = {node["ReferenceId"]: node["Name"] for node in nodes.values()}
        return {names[edge["ReferenceId"]] for edge in nodes[(name, kind)]["Edges"]}

    def test_subsegments_that_are_sent_alone_nest_as_they_were_begun(self):
        def answer(_, body):
            broken = json.loads(body)["TableName"] == "broken"
            return (500, b'{"__type": "InternalServerError"}') if broken else (200, b"{}")

        with serving(answer) as tables:
            trace = self.run_client(
                sys.executable, str(HERE / "shop.py"), f"http://{tables}"
            ).strip()
        summary = self.found('service("shop") AND !partial', 1)[0]
        self.assertEqual(summary["Id"], trace)
        self.assertGreater(summary["Revision"], 1, "nothing was sent alone")

        documents = self.documents(trace)
        whole = next(it for it in documents if it["name"] == "shop")
        calls = [("basket", []), ("dynamodb", []), ("dynamodb", [])]
        self.assertEqual(tree(whole), ("shop", [("checkout", calls), ("receipt", [])]))
        inferred = [it for it in documents if it.get("inferred")]
        self.assertEqual(
            {(it["aws"]["table_name"], it["origin"], it.get("fault", False)) for it in inferred},
            {(name, "AWS::DynamoDB::Table", name == "broken") for name in ("orders", "broken")},
        )

        # What is handled within is no fault of the root's, so of the trace's.
        self.assertFalse(summary["HasFault"])
        self.found("fault", 0)
        self.found('service("broken") { fault AND http.status = 500 }', 1)
        self.found('service("orders") { fault }', 0)
        self.found('edge("shop", "broken") { fault } AND http.method = "POST"', 1)
        self.found('annotation.express AND annotation[items] < 4 AND annotation.title = "book"', 1)
        self.found('rootcause.fault.exception { name = "ValueError" AND message = "no paper" }', 1)
        table = "AWS::DynamoDB::Table"
        self.assertEqual(self.failures("broken", table), (1, 0))
        self.assertEqual(self.failures("orders", table), (0, 0))
        self.assertEqual(self.failures("shop", None), (0, 0))
        self.assertEqual(self.edges("shop", None), {"broken", "orders"})
        self.assertEqual(self.edges("shop", "client"), {"shop"})

    def test_a_called_services_own_segment_takes_the_place_of_the_inferred_one(self):
        seen = []

        def answer(headers, _):
            seen.append(headers["X-Amzn-Trace-Id"])
            return 404, b""

        with serving(answer) as bank:
            trace = self.run_client("node", str(HERE / "caller.cjs"), f"http://{bank}/account")
        self.found('service("gate") AND !partial', 1)
        remote = next(key for key in self.nodes() if key[1] == "remote")
        self.assertEqual(self.failures(*remote), (0, 1))
        self.found(f'edge("gate", "{remote[0]}") {{ error AND http.status = 404 }}', 1)

        header = dict(part.split("=") for part in seen[0].split(";"))
        self.assertEqual((header["Root"], header["Sampled"]), (trace, "1"))
        call = next(it for it in self.documents(trace) if it.get("inferred"))
        self.assertEqual(call["parent_id"], header["Parent"])
        own = {key: call[key] for key in ("trace_id", "parent_id", "start_time", "end_time")}
        self.send({**own, "id": "00000000000000bb", "name": "bank", "error": True})
        self.found('edge("gate", "bank") { error }', 1)
        self.assertNotIn(remote, self.nodes())


if __name__ == "__main__":
    unittest.main()
