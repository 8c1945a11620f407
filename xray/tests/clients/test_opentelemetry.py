"""OpenTelemetry's SDK for Python as a client: protobuf over HTTP, packed."""

import sys
import unittest
from pathlib import Path

from local_xray import LocalXray

PROGRAM = Path(__file__).with_name("otel_program.py")


class OpenTelemetry(LocalXray):
    def test_spans_become_a_trace_with_its_graph(self):
        printed = self.run_client(
            sys.executable, str(PROGRAM), OTEL_EXPORTER_OTLP_ENDPOINT=f"http://{self.otlp}"
        )
        trace = f"1-{printed[:8]}-{printed[8:]}"
        whole = 'edge("otel shop", "orders") AND edge("otel shop", "bank") { fault }'
        summary = self.found(whole, 1)[0]
        self.assertEqual(summary["Id"], trace)
        self.assertTrue(summary["HasFault"])
        self.assertEqual(summary["Http"]["HttpStatus"], 500)
        self.found('annotation[order.size] = 3 AND http.method = "POST"', 1)
        self.found('rootcause.fault.exception { message = "the bank is closed" }', 1)
        kinds = set(self.nodes())
        self.assertEqual(
            kinds,
            {
                ("otel shop", "client"),
                ("otel shop", None),
                ("orders", "AWS::DynamoDB::Table"),
                ("bank", "remote"),
            },
        )


if __name__ == "__main__":
    unittest.main()
