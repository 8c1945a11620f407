"""Tests that refused documents and requests do not affect other documents and requests."""

import json
import time
import unittest

from local_xray import LocalXray, segment, trace_id


class Refusals(LocalXray):
    def test_each_invalid_document_is_listed_and_the_valid_one_is_stored(self):
        valid = segment(trace_id(1), "shop", 0.1)

        def without(field):
            return {key: value for key, value in valid.items() if key != field}

        invalid = {
            "MissingId": without("id"),
            "MissingTraceId": without("trace_id"),
            "MissingName": without("name"),
            "MissingStartTime": without("start_time"),
            "MissingEndTime": without("end_time"),
            "InvalidTraceId": {**valid, "trace_id": "1-2-3"},
            "InvalidName": {**valid, "name": "shop?"},
            "MissingParentId": {**valid, "type": "subsegment"},
        }
        response = self.client.put_trace_segments(
            TraceSegmentDocuments=[json.dumps(it) for it in (*invalid.values(), valid)]
        )
        refused = response["UnprocessedTraceSegments"]
        self.assertEqual([it["ErrorCode"] for it in refused], list(invalid))
        self.assertEqual([it.get("Id") for it in refused], [it.get("id") for it in invalid.values()])
        for it in refused:
            self.assertIn(it["ErrorCode"], it["Message"])
        self.assertEqual(len(self.wait_for_summaries('service("shop")', 1)), 1)

    def test_the_default_rule_cannot_be_deleted_and_reports_for_unknown_rules_are_unprocessed(self):
        self.aws_error("delete-sampling-rule", "--rule-name", "Default")
        error = self.aws_error("delete-sampling-rule", "--rule-name", "unknown")
        self.assertIn("InvalidRequestException", error)
        records = self.aws("get-sampling-rules")["SamplingRuleRecords"]
        self.assertEqual([it["SamplingRule"]["RuleName"] for it in records], ["Default"])
        report = {
            "RuleName": "unknown", "ClientID": "ABCDEF1234567890ABCDEF10", "Timestamp": time.time(),
            "RequestCount": 1, "SampledCount": 1, "BorrowCount": 0,
        }
        response = self.client.get_sampling_targets(SamplingStatisticsDocuments=[report])
        self.assertEqual([it["RuleName"] for it in response["UnprocessedStatistics"]], ["unknown"])
        self.assertIn("LastRuleModification", response)


if __name__ == "__main__":
    unittest.main()
