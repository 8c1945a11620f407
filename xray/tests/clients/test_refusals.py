"""What is refused, and what a refusal does not touch."""

import json
import time
import unittest

from local_xray import LocalXray, segment, trace_id


class Refusals(LocalXray):
    def test_each_bad_document_is_named_and_spoils_no_other(self):
        good = segment(trace_id(1), "shop", 0.1)

        def without(field):
            return {key: value for key, value in good.items() if key != field}

        bad = {
            "MissingId": without("id"),
            "MissingTraceId": without("trace_id"),
            "MissingName": without("name"),
            "MissingStartTime": without("start_time"),
            "MissingEndTime": without("end_time"),
            "InvalidTraceId": {**good, "trace_id": "1-2-3"},
            "InvalidName": {**good, "name": "shop?"},
            "MissingParentId": {**good, "type": "subsegment"},
        }
        answer = self.client.put_trace_segments(
            TraceSegmentDocuments=[json.dumps(it) for it in (*bad.values(), good)]
        )
        refused = answer["UnprocessedTraceSegments"]
        self.assertEqual([it["ErrorCode"] for it in refused], list(bad))
        self.assertEqual([it.get("Id") for it in refused], [it.get("id") for it in bad.values()])
        for it in refused:
            self.assertIn(it["ErrorCode"], it["Message"])
        self.assertEqual(len(self.found('service("shop")', 1)), 1)

    def test_a_deleted_rule_is_gone_and_the_default_one_stays(self):
        self.aws_error("delete-sampling-rule", "--rule-name", "Default")
        error = self.aws_error("delete-sampling-rule", "--rule-name", "never made")
        self.assertIn("InvalidRequestException", error)
        records = self.aws("get-sampling-rules")["SamplingRuleRecords"]
        self.assertEqual([it["SamplingRule"]["RuleName"] for it in records], ["Default"])
        report = {
            "RuleName": "gone", "ClientID": "ABCDEF1234567890ABCDEF10", "Timestamp": time.time(),
            "RequestCount": 1, "SampledCount": 1, "BorrowCount": 0,
        }
        answer = self.client.get_sampling_targets(SamplingStatisticsDocuments=[report])
        self.assertEqual([it["RuleName"] for it in answer["UnprocessedStatistics"]], ["gone"])
        self.assertIn("LastRuleModification", answer)


if __name__ == "__main__":
    unittest.main()
