"""A shop that is traced by the X-Ray SDK for Python: one request, which survives what goes wrong in it."""

import sys

import boto3
from aws_xray_sdk.core import patch, xray_recorder
from botocore.config import Config
from botocore.exceptions import ClientError

patch(["botocore"])
# Every subsegment is sent alone as soon as it has ended, so the deepest come first.
xray_recorder.configure(service="shop", sampling=False, streaming_threshold=0)
tables = boto3.client(
    "dynamodb", endpoint_url=sys.argv[1], config=Config(retries={"max_attempts": 0})
)
with xray_recorder.in_segment() as segment:
    segment.put_http_meta("method", "POST")
    segment.put_http_meta("status", 200)
    with xray_recorder.in_subsegment("checkout"):
        with xray_recorder.in_subsegment("basket") as basket:
            basket.put_annotation("express", True)
            basket.put_annotation("items", 3)
            basket.put_annotation("title", "book")
        tables.get_item(TableName="orders", Key={"id": {"S": "1"}})
        try:
            tables.get_item(TableName="broken", Key={"id": {"S": "1"}})
        except ClientError:
            pass
    try:
        with xray_recorder.in_subsegment("receipt"):
            raise ValueError("no paper")
    except ValueError:
        pass
print(segment.trace_id)
