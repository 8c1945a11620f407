"""The AWS CLI, command by command."""

import json
import time
import unittest

from local_xray import LocalXray, segment, trace_id

WORKSHOP = 'service("like service") { responsetime > 1 OR error } AND http.method = "POST"'


def last_minutes():
    now = time.time()
    return ["--start-time", str(now - 300), "--end-time", str(now + 60)]


class AwsCli(LocalXray):
    def test_the_workshops_filter_finds_slow_and_lost_likes(self):
        fast, slow, lost, other = (trace_id(number) for number in range(4))
        answer = self.aws(
            "put-trace-segments",
            "--trace-segment-documents",
            json.dumps(segment(fast, "like service", 0.1)),
            json.dumps(segment(slow, "like service", 1.5)),
            json.dumps(segment(lost, "like service", 0.1, status=404)),
            json.dumps(segment(other, "monolith", 9)),
            json.dumps({"name": "nameless"}),
        )
        codes = [refused["ErrorCode"] for refused in answer["UnprocessedTraceSegments"]]
        self.assertEqual(codes, ["MissingId"])
        answer = self.aws(
            "get-trace-summaries", *last_minutes(), "--filter-expression", WORKSHOP
        )
        self.assertEqual({it["Id"] for it in answer["TraceSummaries"]}, {slow, lost})
        self.assertEqual(answer["TracesProcessedCount"], 4)

        unknown = trace_id(99)
        got = self.aws("batch-get-traces", "--trace-ids", slow, unknown)
        self.assertEqual([it["Id"] for it in got["Traces"]], [slow])
        self.assertEqual(got["UnprocessedTraceIds"], [unknown])
        six = [trace_id(number) for number in range(6)]
        error = self.aws_error("batch-get-traces", "--trace-ids", *six, "--no-paginate")
        self.assertIn("InvalidRequestException", error)

    def test_graphs_and_series(self):
        trace = trace_id(1)
        self.send(segment(trace, "like service", 0.1))
        self.found('service("like service")', 1)
        graph = self.aws("get-service-graph", *last_minutes())
        kinds = [(node["Name"], node.get("Type")) for node in graph["Services"]]
        self.assertEqual(kinds, [("like service", "client"), ("like service", None)])
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

    def test_groups(self):
        named = ["--group-name", "slow"]
        made = self.aws("create-group", *named, "--filter-expression", "responsetime > 1")
        self.assertEqual(self.aws("get-group", *named), made)
        self.aws("update-group", *named, "--filter-expression", "fault")
        listed = self.aws("get-groups")["Groups"]
        self.assertEqual([it["FilterExpression"] for it in listed], ["fault"])
        self.aws("delete-group", *named)
        self.assertEqual(self.aws("get-groups")["Groups"], [])

    def test_sampling(self):
        rule = {
            "RuleName": "base-scorekeep", "ResourceARN": "*", "Priority": 9000, "FixedRate": 0.1,
            "ReservoirSize": 5, "ServiceName": "Scorekeep", "ServiceType": "*", "Host": "*",
            "HTTPMethod": "*", "URLPath": "*", "Version": 1,
        }
        made = self.aws("create-sampling-rule", "--sampling-rule", json.dumps(rule))
        self.assertEqual(made["SamplingRuleRecord"]["SamplingRule"]["Priority"], 9000)
        change = {"RuleName": "base-scorekeep", "FixedRate": 0.5}
        self.aws("update-sampling-rule", "--sampling-rule-update", json.dumps(change))
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

    def test_the_rest_is_answered_or_refused_in_the_apis_own_form(self):
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
