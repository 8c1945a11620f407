"""Compares the test vectors of the query protocol with botocore, the library of the AWS CLI and of boto3. A Rust test checks that the crate reads
and writes the same bodies."""

import json
import unittest
from pathlib import Path

from botocore.awsrequest import AWSRequest
from botocore.model import ServiceModel
from botocore.parsers import create_parser
from botocore.serialize import create_serializer

VECTORS = Path(__file__).parents[2] / "src" / "query" / "vectors"


def read(name):
    return json.loads((VECTORS / name).read_text())


def operation():
    """Returns botocore's model of an operation with the shape `Structure` as its input and its output."""
    structure = {"shape": "Structure"}
    op = {"name": "Op", "http": {"method": "POST", "requestUri": "/"}, "input": structure, "output": {**structure, "resultWrapper": "OpResult"}}
    metadata = {"protocol": "query", "apiVersion": "2015-12-01", "endpointPrefix": "vectors"}
    return ServiceModel({"metadata": metadata, "operations": {"Op": op}, "shapes": read("shapes.json")}).operation_model("Op")


class QueryVectors(unittest.TestCase):
    def test_botocore_sends_the_bodies_of_the_input_vectors(self):
        serializer = create_serializer("query", include_validation=False)
        for suite in read("input.json"):
            for case in suite["cases"] if suite["sent_by_botocore"] else []:
                with self.subTest(suite["description"], params=case["params"]):
                    request = serializer.serialize_to_request(case["params"], operation())
                    body = AWSRequest("POST", "http://localhost/", data=request["body"]).prepare().body
                    self.assertEqual(body.decode() if isinstance(body, bytes) else body, case["serialized"]["body"])

    def test_botocore_reads_the_results_out_of_the_output_vectors(self):
        parser = create_parser("query")
        for case in read("output.json"):
            with self.subTest(case["description"]):
                response = {"status_code": 200, "headers": {}, "body": case["response"]["body"].encode()}
                parsed = parser.parse(response, operation().output_shape)
                self.assertEqual(parsed.pop("ResponseMetadata")["RequestId"], "id")
                # Times are the only values without a form in JSON.
                parsed = json.loads(json.dumps(parsed, default=lambda time: time.isoformat()))
                self.assertEqual(parsed, case.get("parsed", case["result"]))


if __name__ == "__main__":
    unittest.main()
