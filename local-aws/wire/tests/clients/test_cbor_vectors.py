"""Compares the test vectors of Smithy RPC v2 CBOR with botocore, the library of the AWS CLI and of boto3. A Rust test checks that the crate reads
and writes the same bodies."""

import json
import unittest
from pathlib import Path

from botocore.model import ServiceModel
from botocore.parsers import create_parser
from botocore.serialize import create_serializer

VECTORS = Path(__file__).parents[2] / "src" / "cbor" / "vectors"


def read(name):
    return json.loads((VECTORS / name).read_text())


def operation():
    """Returns botocore's model of an operation with the shape `Structure` as its input and its output."""
    structure = {"shape": "Structure"}
    op = {"name": "Op", "http": {"method": "POST", "requestUri": "/"}, "input": structure, "output": structure}
    metadata = {"protocol": "smithy-rpc-v2-cbor", "protocols": ["smithy-rpc-v2-cbor"], "apiVersion": "2020-01-01", "endpointPrefix": "v", "targetPrefix": "V"}
    return ServiceModel({"metadata": metadata, "operations": {"Op": op}, "shapes": read("shapes.json")}).operation_model("Op")


class CborVectors(unittest.TestCase):
    def test_botocore_sends_the_bodies_of_the_input_vectors(self):
        serializer = create_serializer("smithy-rpc-v2-cbor", include_validation=False)
        for case in read("input.json"):
            with self.subTest(case["params"]):
                request = serializer.serialize_to_request(case["params"], operation())
                self.assertEqual(request["body"].hex(), case["body"])

    def test_botocore_reads_the_results_out_of_the_output_vectors(self):
        parser = create_parser("smithy-rpc-v2-cbor")
        for case in read("output.json"):
            with self.subTest(case["result"]):
                headers = {"smithy-protocol": "rpc-v2-cbor"}
                response = {"status_code": 200, "headers": headers, "body": bytes.fromhex(case["body"])}
                parsed = parser.parse(response, operation().output_shape)
                del parsed["ResponseMetadata"]
                # Times are the only values without a form in JSON.
                parsed = json.loads(json.dumps(parsed, default=lambda time: time.timestamp()))
                self.assertEqual(parsed, case["result"])


if __name__ == "__main__":
    unittest.main()
