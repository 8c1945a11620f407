"""Tests of the workshop's filter. For each condition of the filter, one trace violates only this condition."""

import unittest

from local_xray import LocalXray, segment, trace_id
from test_aws_cli import WORKSHOP_FILTER, last_minutes


class WorkshopFilter(LocalXray):
    def test_each_condition_limits_the_summaries_and_the_graph_of_a_group(self):
        get = {"http": {"request": {"method": "GET"}, "response": {"status": 404}}}
        documents = [
            segment(trace_id(1), "like service", 2),
            {**segment(trace_id(2), "like service", 2, status=404), **get},
            segment(trace_id(3), "like service", 0.5),
            segment(trace_id(4), "liked service", 2),
        ]
        for document in documents:
            self.send_document(document)
        self.wait_for_summaries("duration > 0", 4)
        response = self.aws("get-trace-summaries", *last_minutes(), "--filter-expression", WORKSHOP_FILTER)
        self.assertEqual([it["Id"] for it in response["TraceSummaries"]], [documents[0]["trace_id"]])

        group = self.aws(
            "create-group", "--group-name", "likes", "--filter-expression", WORKSHOP_FILTER
        )["Group"]
        graph = self.aws(
            "get-service-graph", *last_minutes(), "--group-arn", group["GroupARN"]
        )
        counts = {
            node["Name"]: node["SummaryStatistics"]["TotalCount"]
            for node in graph["Services"]
            if "SummaryStatistics" in node
        }
        self.assertEqual(counts, {"like service": 1})


if __name__ == "__main__":
    unittest.main()
