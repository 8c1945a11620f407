"""Tests of the lab's CloudWatch with AWS clients: boto3 and version 1 of the CLI speak AWS JSON, version 2.9 of the CLI speaks the query protocol."""

import json
import time
import unittest
from datetime import datetime, timedelta, timezone
from functools import cache

from clients import POLL_INTERVAL_SECONDS, TIMEOUT_SECONDS, Boto3, TestCase, with_each_client

NAMESPACE = "ClientTests"

LIKE_SCALE_UP = "mysfits-LikeScaleUpAlarm"

LIKE_SCALE_DOWN = "mysfits-LikeScaleDownAlarm"

ALARM = {
    "AlarmName": "client-test",
    "Namespace": NAMESPACE,
    "MetricName": "Alarmed",
    "Statistic": "Sum",
    "Period": 60,
    "EvaluationPeriods": 2,
    "Threshold": 1000.5,
    "ComparisonOperator": "GreaterThanOrEqualToThreshold",
    "TreatMissingData": "notBreaching",
    "Dimensions": [{"Name": "Service", "Value": "like & <service>"}],
}


def call(client, operation, **parameters):
    return client.call("cloudwatch", operation, **parameters)


def text(moment):
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def the_last_hour():
    now = datetime.now(timezone.utc)
    return {"StartTime": text(now - timedelta(hours=1)), "EndTime": text(now + timedelta(minutes=1))}


@cache
def wait_for_metrics(**selection):
    """Waits until the lab has published the selected metrics. It publishes them at the end of each minute."""
    deadline = time.monotonic() + 60 + TIMEOUT_SECONDS
    while not call(Boto3(), "ListMetrics", **selection)["Metrics"]:
        assert time.monotonic() < deadline, "the lab has published nothing"
        time.sleep(POLL_INTERVAL_SECONDS)


class Metrics(TestCase):
    @with_each_client
    def test_published_values_are_listed_and_read(self, client):
        name = "Published" + client.name.replace(" ", "")
        dimensions = [{"Name": "Service", "Value": "like & <service>"}]
        moment = datetime.now(timezone.utc) - timedelta(minutes=2)
        datum = {"MetricName": name, "Dimensions": dimensions, "Timestamp": text(moment), "Unit": "Seconds", "Values": [0.25, 0.5, 4], "Counts": [2, 1, 1]}
        self.assertEqual(call(client, "PutMetricData", Namespace=NAMESPACE, MetricData=[datum]), {})
        listed = call(client, "ListMetrics", Namespace=NAMESPACE, MetricName=name)["Metrics"]
        self.assertEqual(listed, [{"Namespace": NAMESPACE, "MetricName": name, "Dimensions": dimensions}])

        metric = {"Namespace": NAMESPACE, "MetricName": name, "Dimensions": dimensions}
        statistics = ["SampleCount", "Sum", "Minimum", "Maximum", "Average"]
        found = call(client, "GetMetricStatistics", **metric, **the_last_hour(), Period=60, Statistics=statistics)
        self.assertEqual(found["Label"], name)
        [point] = found["Datapoints"]
        self.assertEqual([point[statistic] for statistic in statistics], [4, 5, 0.25, 4, 1.25])
        self.assertEqual(point["Unit"], "Seconds")
        found = call(client, "GetMetricStatistics", **metric, **the_last_hour(), Period=60, ExtendedStatistics=["p50", "p100"])
        self.assertEqual(found["Datapoints"][0]["ExtendedStatistics"], {"p50": 0.25, "p100": 4})

        queries = [
            {"Id": "sum", "MetricStat": {"Metric": metric, "Period": 60, "Stat": "Sum"}, "Label": "total"},
            {"Id": "twice", "Expression": "sum * 2"},
        ]
        results = call(client, "GetMetricData", MetricDataQueries=queries, **the_last_hour())["MetricDataResults"]
        self.assertEqual([(it["Id"], it["Label"], it["Values"], it["StatusCode"]) for it in results], [("sum", "total", [5], "Complete"), ("twice", "twice", [10], "Complete")])
        self.assertEqual(len(results[0]["Timestamps"]), 1)

    @with_each_client
    def test_wrong_values_are_refused_as_aws_refuses_them(self, client):
        def put(**datum):
            call(client, "PutMetricData", Namespace=NAMESPACE, MetricData=[{"MetricName": "m", **datum}])

        self.assert_refused("InvalidParameterCombination", "MetricData.member.1.Values are mutually exclusive", put, Value=1, Values=[1])
        self.assert_refused("InvalidParameterValue", "must be of the same size", put, Values=[1], Counts=[1, 2])
        self.assert_refused("InvalidParameterValue", "within the past two weeks", put, Value=1, Timestamp="2020-01-01T00:00:00Z")
        self.assert_refused("InvalidParameterValue", "AWS/ECS", call, client, "PutMetricData", Namespace="AWS/ECS", MetricData=[{"MetricName": "m", "Value": 1}])
        metric = {"Namespace": NAMESPACE, "MetricName": "m", "Period": 60}
        self.assert_refused("InvalidParameterCombination", "At least one of", call, client, "GetMetricStatistics", **metric, **the_last_hour())
        times = {"StartTime": "2026-01-01T00:00:00Z", "EndTime": "2026-01-03T00:00:00Z"}
        self.assert_refused("InvalidParameterCombination", "exceeds the limit of 1440", call, client, "GetMetricStatistics", **metric, **times, Statistics=["Sum"])
        query = {"Id": "a", "Expression": "RATE(b)"}
        self.assert_refused("ValidationError", "RATE", call, client, "GetMetricData", MetricDataQueries=[query], **the_last_hour())

    @with_each_client
    def test_the_lab_publishes_the_metrics_of_its_services(self, client):
        """Each running task gives a sample per minute."""
        dimensions = [{"Name": "ClusterName", "Value": "Cluster-mysfits"}, {"Name": "ServiceName", "Value": "Mythical-Like-Service-mysfits"}]
        wait_for_metrics(Namespace="AWS/ECS")
        listed = call(client, "ListMetrics", Namespace="AWS/ECS", Dimensions=dimensions)["Metrics"]
        self.assertEqual({metric["MetricName"] for metric in listed}, {"CPUUtilization", "MemoryUtilization"})
        metric = {"Namespace": "AWS/ECS", "MetricName": "CPUUtilization", "Dimensions": dimensions}
        found = call(client, "GetMetricStatistics", **metric, **the_last_hour(), Period=60, Statistics=["SampleCount", "Average"])
        self.assertTrue(found["Datapoints"])
        for point in found["Datapoints"]:
            # Other tests change the number of tasks. It can be any of these when a minute ends.
            self.assertIn(point["SampleCount"], range(1, 5))
            self.assertEqual(point["Unit"], "Percent")
            self.assertLessEqual(point["Average"], 100)


class Alarms(TestCase):
    @with_each_client
    def test_an_alarm_is_made_changed_and_deleted(self, client):
        self.addCleanup(call, client, "DeleteAlarms", AlarmNames=[ALARM["AlarmName"]])
        self.assertEqual(call(client, "PutMetricAlarm", **ALARM), {})

        def described():
            [alarm] = call(client, "DescribeAlarms", AlarmNames=[ALARM["AlarmName"]])["MetricAlarms"]
            return alarm

        alarm = described()
        self.assertEqual({name: alarm[name] for name in ALARM}, ALARM)
        self.assertEqual((alarm["ActionsEnabled"], alarm["AlarmActions"]), (True, []))
        self.assertEqual(alarm["AlarmArn"], "arn:aws:cloudwatch:us-east-1:000000000000:alarm:client-test")

        call(client, "SetAlarmState", AlarmName=ALARM["AlarmName"], StateValue="ALARM", StateReason="testing alarm")
        history = call(client, "DescribeAlarmHistory", AlarmName=ALARM["AlarmName"], HistoryItemType="StateUpdate")["AlarmHistoryItems"]
        # The lab could evaluate the alarm at any time.
        self.assertTrue(any(json.loads(item["HistoryData"])["newState"]["stateReason"] == "testing alarm" for item in history))
        call(client, "DisableAlarmActions", AlarmNames=[ALARM["AlarmName"]])
        self.assertFalse(described()["ActionsEnabled"])
        call(client, "EnableAlarmActions", AlarmNames=[ALARM["AlarmName"]])
        self.assertTrue(described()["ActionsEnabled"])
        metric = {name: ALARM[name] for name in ["Namespace", "MetricName", "Dimensions"]}
        self.assertEqual(len(call(client, "DescribeAlarmsForMetric", **metric)["MetricAlarms"]), 1)
        call(client, "DeleteAlarms", AlarmNames=[ALARM["AlarmName"]])
        self.assertEqual(call(client, "DescribeAlarms", AlarmNames=[ALARM["AlarmName"]])["MetricAlarms"], [])

    @with_each_client
    def test_the_alarms_of_the_template_are_there_and_have_no_actions(self, client):
        """The alarms get actions in lab 4."""
        for name, comparison, missing_data in [(LIKE_SCALE_UP, "GreaterThanOrEqualToThreshold", "notBreaching"), (LIKE_SCALE_DOWN, "LessThanThreshold", "breaching")]:
            [alarm] = call(client, "DescribeAlarms", AlarmNames=[name])["MetricAlarms"]
            self.assertEqual((alarm["Namespace"], alarm["MetricName"], alarm["Statistic"]), ("AWS/ApplicationELB", "RequestCount", "Sum"))
            self.assertEqual((alarm["Period"], alarm["EvaluationPeriods"], alarm["Threshold"]), (60, 2, 1000))
            self.assertEqual((alarm["ComparisonOperator"], alarm["TreatMissingData"], alarm["AlarmActions"]), (comparison, missing_data, []))

    @with_each_client
    def test_wrong_alarms_are_refused_as_aws_refuses_them(self, client):
        def put(**changes):
            call(client, "PutMetricAlarm", **{**ALARM, "AlarmName": "refused", **changes})

        self.assert_refused("ValidationError", "multiple of 60", put, Period=15)
        self.assert_refused("ValidationError", "across more than a day", put, EvaluationPeriods=2000)
        self.assert_refused("ValidationError", "Invalid arn syntax", put, AlarmActions=["policy"])
        self.assert_refused("ValidationError", "anomaly detection", put, ComparisonOperator="LessThanLowerThreshold")
        self.assert_refused("ResourceNotFound", "", call, client, "SetAlarmState", AlarmName="unknown", StateValue="OK", StateReason="test")
        self.assert_refused("ValidationError", "[INSUFFICIENT_DATA, ALARM, OK]", call, client, "SetAlarmState", AlarmName="a", StateValue="FINE", StateReason="test")


class Dashboards(TestCase):
    @with_each_client
    def test_a_dashboard_is_put_shown_and_deleted(self, client):
        widget = {"type": "text", "x": 0, "y": 0, "width": 6, "height": 2, "properties": {"markdown": "a & b < c"}}
        body = json.dumps({"widgets": [widget]})
        put = call(client, "PutDashboard", DashboardName="client-test", DashboardBody=body)
        self.assertEqual(put, {"DashboardValidationMessages": []})
        shown = call(client, "GetDashboard", DashboardName="client-test")
        self.assertEqual((shown["DashboardBody"], shown["DashboardArn"]), (body, "arn:aws:cloudwatch::000000000000:dashboard/client-test"))
        [entry] = call(client, "ListDashboards", DashboardNamePrefix="client-")["DashboardEntries"]
        self.assertEqual((entry["DashboardName"], entry["Size"]), ("client-test", len(body)))
        call(client, "DeleteDashboards", DashboardNames=["client-test"])
        self.assert_refused("ResourceNotFound", "client-test", call, client, "GetDashboard", DashboardName="client-test")
        self.assert_refused("ResourceNotFound", "client-test", call, client, "DeleteDashboards", DashboardNames=["client-test"])
        self.assert_refused("InvalidParameterValue", "alphanumerics", call, client, "PutDashboard", DashboardName="a b", DashboardBody="{}")
        self.assert_refused("InvalidParameterInput", "JSON", call, client, "PutDashboard", DashboardName="a", DashboardBody="[]")

    @with_each_client
    def test_the_dashboard_of_the_template_is_there(self, client):
        shown = call(client, "GetDashboard", DashboardName="mysfits-us-east-1")
        titles = [widget["properties"]["title"] for widget in json.loads(shown["DashboardBody"])["widgets"]]
        self.assertIn("Requests a minute", titles)

    @with_each_client
    def test_what_is_not_implemented_is_refused_and_named(self, client):
        rule = {"AlarmName": "composite", "AlarmRule": "TRUE"}
        code = "InvalidAction" if client.name == "CLI v2" else "UnknownOperationException"
        self.assert_refused(code, "PutCompositeAlarm", call, client, "PutCompositeAlarm", **rule)


if __name__ == "__main__":
    unittest.main()
