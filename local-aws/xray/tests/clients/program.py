"""A program that the X-Ray SDK for Python traces. The program calls DynamoDB at an address where no service listens."""

import sys
import time

import boto3
from aws_xray_sdk.core import patch, xray_recorder
from botocore.config import Config
from botocore.exceptions import EndpointConnectionError

patch(["botocore"])
service, request_count = sys.argv[1], int(sys.argv[2])
# If a segment has more subsegments than `streaming_threshold`, the SDK sends the completed subsegments alone,
# before the segment.
xray_recorder.configure(service=service, streaming_threshold=2)
# Until the SDK has received the sampling rules of the server, the SDK uses its local sampling rules. After
# the SDK has received the rules of the server, `should_trace` returns the name of the matching rule.
deadline = time.monotonic() + 20
while xray_recorder.sampler.should_trace({"service": "loud"}) != "all":
    assert time.monotonic() < deadline, "the SDK has not received the sampling rules"
    time.sleep(0.015)
table = boto3.client(
    "dynamodb", endpoint_url="http://127.0.0.1:1", config=Config(retries={"max_attempts": 0})
)
for number in range(request_count):
    # The program calls `should_trace` and `in_segment` in the same way as the SDK's middlewares for web
    # frameworks.
    decision = xray_recorder.sampler.should_trace({"service": service, "method": "POST"})
    with xray_recorder.in_segment(service, sampling=bool(decision)) as segment:
        segment.put_http_meta("method", "POST")
        segment.put_http_meta("status", 200)
        segment.put_annotation("number", number)
        for step in range(4):
            with xray_recorder.in_subsegment(f"step {step}"):
                pass
        try:
            with xray_recorder.in_subsegment("failing"):
                raise ValueError("it broke")
        except ValueError:
            pass
        try:
            table.get_item(TableName="sessions", Key={"id": {"S": "1"}})
        except EndpointConnectionError:
            pass
