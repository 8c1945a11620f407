"""Tests with the AWS CLI as a client."""

import json
import time
import unittest

from local_xray import LocalXray, segment, trace_id

WORKSHOP_FILTER = 'service("like service") { responsetime > 1 OR error } AND http.method = "POST"'


def last_minutes():
    """The options for a time range of the last 5 minutes."""
    now = time.time()
    return ["--start-time", str(now - 300), "--end-time", str(now + 60)]


class AwsCli(LocalXray):
    def test_the_workshops_filter_finds_slow_and_failed_likes(self):
        fast, slow, failed, other = (trace_id(number) for number in range(4))
        response = self.aws(
            "put-trace-segments",
            "--trace-segment-documents",
            json.dumps(segment(fast, "like service", 0.1)),
            json.dumps(segment(slow, "like service", 1.5)),
            json.dumps(segment(failed, "like service", 0.1, status=404)),
            json.dumps(segment(other, "monolith", 9)),
            json.dumps({"name": "document without an id"}),
        )
        codes = [refusal["ErrorCode"] for refusal in response["UnprocessedTraceSegments"]]
        self.assertEqual(codes, ["MissingId"])
        response = self.aws(
            "get-trace-summaries", *last_minutes(), "--filter-expression", WORKSHOP_FILTER
        )
        self.assertEqual({it["Id"] for it in response["TraceSummaries"]}, {slow, failed})
        self.assertEqual(response["TracesProcessedCount"], 4)

        unknown_id = trace_id(99)
        response = self.aws("batch-get-traces", "--trace-ids", slow, unknown_id)
        self.assertEqual([it["Id"] for it in response["Traces"]], [slow])
        self.assertEqual(response["UnprocessedTraceIds"], [unknown_id])
        six_ids = [trace_id(number) for number in range(6)]
        error = self.aws_error("batch-get-traces", "--trace-ids", *six_ids, "--no-paginate")
        self.assertIn("InvalidRequestException", error)

    def test_a_segment_is_in_the_service_graph_the_trace_graph_and_the_time_series(self):
        trace = trace_id(1)
        self.send_document(segment(trace, "like service", 0.1))
        self.wait_for_summaries('service("like service")', 1)
        graph = self.aws("get-service-graph", *last_minutes())
        names_and_types = [(node["Name"], node.get("Type")) for node in graph["Services"]]
        self.assertEqual(names_and_types, [("like service", "client"), ("like service", None)])
        self.assertEqual(
            self.aws("get-trace-graph", "--trace-ids", trace)["Services"], graph["Services"]
        )
        series = self.aws(
            "get-time-series-service-statistics",
            *last_minutes(),
            "--entity-selector-expression",
            'service("like service")',
        )
        windows = series["TimeSeriesServiceStatistics"]
        total = sum(it["ServiceSummaryStatistics"]["TotalCount"] for it in windows)
        self.assertEqual(total, 1)

    def test_a_group_is_created_updated_listed_and_deleted(self):
        selector = ["--group-name", "slow"]
        create_response = self.aws("create-group", *selector, "--filter-expression", "responsetime > 1")
        self.assertEqual(self.aws("get-group", *selector), create_response)
        self.aws("update-group", *selector, "--filter-expression", "fault")
        groups = self.aws("get-groups")["Groups"]
        self.assertEqual([it["FilterExpression"] for it in groups], ["fault"])
        self.aws("delete-group", *selector)
        self.assertEqual(self.aws("get-groups")["Groups"], [])

    def test_a_sampling_rule_is_created_updated_reported_on_and_deleted(self):
        rule = {
            "RuleName": "base-scorekeep", "ResourceARN": "*", "Priority": 9000, "FixedRate": 0.1,
            "ReservoirSize": 5, "ServiceName": "Scorekeep", "ServiceType": "*", "Host": "*",
            "HTTPMethod": "*", "URLPath": "*", "Version": 1,
        }
        create_response = self.aws("create-sampling-rule", "--sampling-rule", json.dumps(rule))
        self.assertEqual(create_response["SamplingRuleRecord"]["SamplingRule"]["Priority"], 9000)
        update = {"RuleName": "base-scorekeep", "FixedRate": 0.5}
        self.aws("update-sampling-rule", "--sampling-rule-update", json.dumps(update))
        records = self.aws("get-sampling-rules")["SamplingRuleRecords"]
        rates = {it["SamplingRule"]["RuleName"]: it["SamplingRule"]["FixedRate"] for it in records}
        self.assertEqual(rates, {"Default": 0.05, "base-scorekeep": 0.5})
        report = {
            "RuleName": "base-scorekeep", "ClientID": "ABCDEF1234567890ABCDEF10",
            "Timestamp": "2018-07-07T00:20:06", "RequestCount": 110, "SampledCount": 20, "BorrowCount": 10,
        }
        targets = self.aws(
            "get-sampling-targets", "--sampling-statistics-documents", json.dumps([report])
        )
        target = targets["SamplingTargetDocuments"][0]
        self.assertEqual((target["ReservoirQuota"], target["FixedRate"]), (5, 0.5))
        summaries = self.aws("get-sampling-statistic-summaries")["SamplingStatisticSummaries"]
        self.assertEqual([it["RequestCount"] for it in summaries], [110])
        self.aws("delete-sampling-rule", "--rule-name", "base-scorekeep")

    def test_unsupported_operations_and_invalid_filters_are_refused_with_an_exception(self):
        self.assertEqual(self.aws("get-encryption-config")["EncryptionConfig"]["Type"], "NONE")
        error = self.aws_error("get-insight-summaries", *last_minutes())
        self.assertIn("InvalidRequestException", error)
        error = self.aws_error(
            "get-trace-summaries", *last_minutes(), "--filter-expression", "service("
        )
        self.assertIn("InvalidRequestException", error)
        self.assertIn("position 9", error)
        self.assertEqual(self.aws("get-groups", "--no-sign-request"), {"Groups": []})


if __name__ == "__main__":
    unittest.main()
