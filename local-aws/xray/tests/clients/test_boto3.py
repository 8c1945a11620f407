"""Tests with boto3 as a client: pages, types and exceptions."""

import datetime
import json
import time
import unittest

from botocore.exceptions import ClientError

from local_xray import MAX_PAST_SECONDS, LocalXray, segment, trace_id


class Boto3(LocalXray):
    def put_documents(self, *documents):
        for first in range(0, len(documents), 50):
            batch = [json.dumps(document) for document in documents[first : first + 50]]
            response = self.client.put_trace_segments(TraceSegmentDocuments=batch)
            self.assertEqual(response["UnprocessedTraceSegments"], [])

    def test_pages_list_each_trace_once_and_the_newest_first(self):
        ids = [trace_id(number, seconds_ago=number // 10) for number in range(1234)]
        self.put_documents(*(segment(trace, "shop", 0.01) for trace in ids))
        pages = self.client.get_paginator("get_trace_summaries").paginate(
            StartTime=time.time() - MAX_PAST_SECONDS, EndTime=time.time() + 59
        )
        pages = list(pages)
        returned_ids = [it["Id"] for page in pages for it in page["TraceSummaries"]]
        self.assertGreater(len(pages), 1)
        self.assertEqual(sum(page["TracesProcessedCount"] for page in pages), 1234)
        self.assertEqual(sorted(returned_ids), sorted(ids))
        times = [int(it[2:10], 16) for it in returned_ids]
        self.assertEqual(times, sorted(times, reverse=True))

    def test_the_values_of_a_summary_have_python_types(self):
        annotations = {"flag": True, "count": 3, "rate": 0.5, "text": "x"}
        self.put_documents(segment(trace_id(1), "shop", 0.25, annotations=annotations, user="alice"))
        summary = self.wait_for_summaries('annotation.count = 3 AND user = "alice"', 1)[0]
        values = {
            key: values[0]["AnnotationValue"] for key, values in summary["Annotations"].items()
        }
        self.assertEqual(
            values,
            {
                "flag": {"BooleanValue": True},
                "count": {"NumberValue": 3.0},
                "rate": {"NumberValue": 0.5},
                "text": {"StringValue": "x"},
            },
        )
        self.assertIsInstance(summary["StartTime"], datetime.datetime)
        self.assertAlmostEqual(summary["ResponseTime"], 0.25, places=5)

    def test_a_request_with_fifty_one_documents_is_refused(self):
        with self.assertRaises(self.client.exceptions.InvalidRequestException):
            self.client.put_trace_segments(TraceSegmentDocuments=["{}"] * 51)

    def test_a_recent_segment_of_an_old_trace_is_found_by_the_range_type_event(self):
        trace = trace_id(1, seconds_ago=3600)
        self.put_documents(segment(trace, "shop", 1))
        now = time.time()
        for range_type, count in [("TraceId", 0), ("Event", 1)]:
            response = self.client.get_trace_summaries(
                StartTime=now - 60, EndTime=now, TimeRangeType=range_type
            )
            self.assertEqual(len(response["TraceSummaries"]), count, range_type)

    def test_an_exceeded_quota_raises_the_rule_limit_exception(self):
        def create_rule(number):
            self.client.create_sampling_rule(
                SamplingRule={
                    "RuleName": f"r{number}", "ResourceARN": "*", "Priority": 1, "FixedRate": 0,
                    "ReservoirSize": 0, "ServiceName": "*", "ServiceType": "*", "Host": "*",
                    "HTTPMethod": "*", "URLPath": "*", "Version": 1,
                }
            )

        for number in range(25):
            create_rule(number)
        with self.assertRaises(self.client.exceptions.RuleLimitExceededException):
            create_rule(25)
        with self.assertRaises(ClientError) as refused:
            create_rule(1)
        self.assertEqual(refused.exception.response["Error"]["Code"], "InvalidRequestException")


if __name__ == "__main__":
    unittest.main()
