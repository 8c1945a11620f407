"""A shop that the X-Ray SDK for Python traces. The shop serves one request successfully, although some subsegments fail."""

import sys

import boto3
from aws_xray_sdk.core import patch, xray_recorder
from botocore.config import Config
from botocore.exceptions import ClientError

patch(["botocore"])
# The SDK sends each subsegment alone when the subsegment ends, so inner subsegments arrive before outer
# subsegments.
xray_recorder.configure(service="shop", sampling=False, streaming_threshold=0)
dynamodb = boto3.client(
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
        dynamodb.get_item(TableName="orders", Key={"id": {"S": "1"}})
        try:
            dynamodb.get_item(TableName="broken", Key={"id": {"S": "1"}})
        except ClientError:
            pass
    try:
        with xray_recorder.in_subsegment("receipt"):
            raise ValueError("no paper")
    except ValueError:
        pass
print(segment.trace_id)
