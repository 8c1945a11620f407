"""Tests with OpenTelemetry's SDK for Python as a client, which sends compressed protobuf over HTTP."""

import sys
import unittest
from pathlib import Path

from local_xray import LocalXray

PROGRAM = Path(__file__).with_name("otel_program.py")


class OpenTelemetry(LocalXray):
    def test_spans_become_a_trace_with_a_service_graph(self):
        output = self.run_client(
            sys.executable, str(PROGRAM), OTEL_EXPORTER_OTLP_ENDPOINT=f"http://{self.otlp_address}"
        )
        trace = f"1-{output[:8]}-{output[8:]}"
        complete_trace = 'edge("otel shop", "orders") AND edge("otel shop", "bank") { fault }'
        summary = self.wait_for_summaries(complete_trace, 1)[0]
        self.assertEqual(summary["Id"], trace)
        self.assertTrue(summary["HasFault"])
        self.assertEqual(summary["Http"]["HttpStatus"], 500)
        self.wait_for_summaries('annotation[order.size] = 3 AND http.method = "POST"', 1)
        self.wait_for_summaries('rootcause.fault.exception { message = "the bank is closed" }', 1)
        self.assertEqual(
            set(self.graph_nodes()),
            {
                ("otel shop", "client"),
                ("otel shop", None),
                ("orders", "AWS::DynamoDB::Table"),
                ("bank", "remote"),
            },
        )


if __name__ == "__main__":
    unittest.main()
