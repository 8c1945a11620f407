"""The workshop's filter, with a trace that each of its parts alone keeps out."""

import unittest

from local_xray import LocalXray, segment, trace_id
from test_aws_cli import WORKSHOP, last_minutes


class WorkshopFilter(LocalXray):
    def test_each_part_counts_in_summaries_and_in_a_groups_graph(self):
        get = {"http": {"request": {"method": "GET"}, "response": {"status": 404}}}
        documents = [
            segment(trace_id(1), "like service", 2),
            {**segment(trace_id(2), "like service", 2, status=404), **get},
            segment(trace_id(3), "like service", 0.5),
            segment(trace_id(4), "liked service", 2),
        ]
        for document in documents:
            self.send(document)
        self.found("duration > 0", 4)
        answer = self.aws("get-trace-summaries", *last_minutes(), "--filter-expression", WORKSHOP)
        self.assertEqual([it["Id"] for it in answer["TraceSummaries"]], [documents[0]["trace_id"]])

        group = self.aws(
            "create-group", "--group-name", "likes", "--filter-expression", WORKSHOP
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
