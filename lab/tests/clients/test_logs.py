"""Tests of the lab's CloudWatch Logs with AWS clients: lab 2 of the workshop, as on AWS. The tests leave the services as they were."""

import json
import os
import re
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.error
import urllib.request
from pathlib import Path

from clients import CREDENTIALS, POLL_INTERVAL_SECONDS, TIMEOUT_SECONDS, Boto3, TestCase, lab, with_each_client
from test_ecs import call as call_ecs, registration, the_service, the_task_arns, update, wait_until_stable

LIKE_GROUP = "mysfits-MythicalLikeLogGroup"

MONOLITH_GROUP = "mysfits-MythicalMonolithLogGroup"

MYSFIT = "4e53920c-505a-4a90-a694-b9300791f0ae"

ARN = "arn:aws:logs:us-east-1:000000000000:log-group:"

OWN_GROUP = "test-logs"


def call(operation, client=None, /, **parameters):
    return (client or Boto3()).call("logs", operation, **parameters)


def found(pattern, group=LIKE_GROUP, client=None, **parameters):
    """Returns the events that match a pattern."""
    return call("FilterLogEvents", client, logGroupName=group, filterPattern=pattern, **parameters)["events"]


def like(mysfit=MYSFIT):
    """Sends a like. Returns its status and its trace id."""
    request = urllib.request.Request(f"{lab()['alb']}/mysfits/{mysfit}/like", method="POST")
    try:
        with urllib.request.urlopen(request, timeout=60) as response:
            return response.status, trace_id(response)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, trace_id(error)


def trace_id(response):
    return re.search("Root=([^;]+)", response.headers["X-Amzn-Trace-Id"])[1]


def wait_for(what, result):
    """Waits until the function returns something true, and returns it."""
    deadline = time.monotonic() + TIMEOUT_SECONDS
    while not (value := result()):
        assert time.monotonic() < deadline, f"never: {what}"
        time.sleep(POLL_INTERVAL_SECONDS)
    return value


def like_streams():
    return {f"like-service/like-service/{arn.rpartition('/')[2]}" for arn in the_task_arns()}


class Describe(TestCase):
    @with_each_client
    def test_each_service_has_a_group(self, client):
        groups = {it["logGroupName"]: it for it in call("DescribeLogGroups", client)["logGroups"]}
        for name in [LIKE_GROUP, MONOLITH_GROUP]:
            self.assertEqual(groups[name]["arn"], f"{ARN}{name}:*")
            [by_prefix] = call("DescribeLogGroups", client, logGroupNamePrefix=name)["logGroups"]
            self.assertEqual(by_prefix["logGroupName"], name)

    @with_each_client
    def test_each_task_has_a_stream(self, client):
        expected = like_streams()
        self.assertEqual(len(expected), the_service()["desiredCount"])

        def have_events():
            # One page has at most 50 streams, and stopped tasks keep theirs.
            streams = client.pages("logs", "DescribeLogStreams", "logStreams", 50, logGroupName=LIKE_GROUP)
            return expected <= {it["logStreamName"] for it in streams if "lastEventTimestamp" in it}

        wait_for("events in the streams of all tasks", have_events)
        by_time = call("DescribeLogStreams", client, logGroupName=LIKE_GROUP, orderBy="LastEventTime", descending=True)["logStreams"]
        times = [it.get("lastEventTimestamp", 0) for it in by_time]
        self.assertEqual(times, sorted(times, reverse=True))

    @with_each_client
    def test_pages_of_one_result_contain_all_results(self, client):
        for operation, key, parameters in [
            ("DescribeLogGroups", "logGroups", {}),
            ("DescribeLogStreams", "logStreams", {"logGroupName": LIKE_GROUP}),
        ]:
            names = [name for name in ["logGroupName", "logStreamName"] if name.lower().startswith(key[:-1].lower())]
            pages = client.pages("logs", operation, key, 1, **parameters)
            # One page of a list has at most 50 results.
            expected = client.pages("logs", operation, key, 50, **parameters)
            self.assertEqual([it[name] for it in pages for name in names], [it[name] for it in expected for name in names])

    @with_each_client
    def test_what_is_not_implemented_is_refused_by_its_name(self, client):
        query = {"logGroupName": LIKE_GROUP, "startTime": 0, "endTime": 1, "queryString": "fields @message"}
        self.assert_refused("UnknownOperationException", "StartQuery", call, "StartQuery", client, **query)
        self.assert_refused("InvalidParameterException", "kmsKeyId", call, "CreateLogGroup", client, logGroupName="x", kmsKeyId="x")


class Search(TestCase):
    @with_each_client
    def test_likes_are_found_by_their_method(self, client):
        start = int(time.time() * 1000)
        self.assertEqual(like()[0], 200)

        def access_lines():
            # Lines with metrics also contain the method.
            return [it for it in found("POST", client=client, startTime=start) if json.loads(it["message"]).get("target") == "access"]

        events = wait_for("an access line of the like", access_lines)
        self.assertIn(events[0]["logStreamName"], like_streams())
        self.assertEqual(json.loads(events[0]["message"])["method"], "POST")

    @with_each_client
    def test_health_checks_can_be_excluded(self, client):
        like()
        wait_for("a health check", lambda: found('"ELB-HealthChecker"', client=client, limit=1))
        others = wait_for("another request", lambda: found('-"ELB-HealthChecker"', client=client))
        self.assertFalse([it for it in others if "ELB-HealthChecker" in it["message"]])

    def test_both_groups_have_the_lines_of_one_trace(self):
        _, trace = like()
        for group in [LIKE_GROUP, MONOLITH_GROUP]:
            [event, *_] = wait_for(f"the trace in {group}", lambda: found(f'"{trace}"', group))
            self.assertEqual(found(f'{{ $.trace_id = "{trace}" }}', group)[0]["eventId"], event["eventId"])

    @with_each_client
    def test_a_pattern_that_cannot_be_parsed_is_an_error_with_a_position(self, client):
        for pattern, term, position in [("{ $.status = }", "}", 14), ("WARN: text", ":", 5)]:
            text = f"Invalid filter pattern: Invalid character(s) in term '{term}' (position {position})"
            self.assert_refused("InvalidParameterException", text, found, pattern, client=client)

    @with_each_client
    def test_metric_filters_of_the_deployment(self, client):
        pattern = '{ $.target = "access" && $.path = "*/like" && $.status >= 400 }'
        transformation = {"metricName": "Test", "metricNamespace": "test", "metricValue": "1", "defaultValue": 0, "unit": "Count"}
        parameters = {"logGroupName": LIKE_GROUP, "filterName": "test"}
        call("PutMetricFilter", client, **parameters, filterPattern=pattern, metricTransformations=[transformation])
        [described] = call("DescribeMetricFilters", client, logGroupName=LIKE_GROUP, filterNamePrefix="test")["metricFilters"]
        self.assertEqual((described["filterPattern"], described["metricTransformations"]), (pattern, [transformation]))
        status, trace = like("unknown")
        [line, *_] = wait_for("an access line", lambda: found(f'{{ $.trace_id = "{trace}" && $.target = "access" }}', client=client))
        self.assertIn(line["eventId"], [it["eventId"] for it in found(pattern, client=client)])
        messages = [line["message"], '{"target": "access", "path": "/mysfits/1/like", "status": 200}']
        [match] = call("TestMetricFilter", client, filterPattern=pattern, logEventMessages=messages)["matches"]
        self.assertEqual((match["eventNumber"], match["extractedValues"]["$.status"]), (1, str(status)))
        # The value is added within a second.
        metric = {"Namespace": "test", "MetricName": "Test"}
        wait_for("the metric", lambda: Boto3().call("cloudwatch", "ListMetrics", **metric)["Metrics"])
        times = {"StartTime": line["timestamp"] // 1000 - 60, "EndTime": line["timestamp"] // 1000 + 120, "Period": 60, "Statistics": ["Sum"]}
        wait_for("a lost like", lambda: sum(it["Sum"] for it in Boto3().call("cloudwatch", "GetMetricStatistics", **metric, **times)["Datapoints"]) >= 1)
        call("DeleteMetricFilter", client, **parameters)


class OwnGroup(TestCase):
    @with_each_client
    def test_events_are_put_and_read(self, client):
        parameters = {"logGroupName": OWN_GROUP, "logStreamName": "a"}
        call("CreateLogGroup", client, logGroupName=OWN_GROUP)
        self.addCleanup(lambda: call("DescribeLogGroups", logGroupNamePrefix=OWN_GROUP)["logGroups"] and call("DeleteLogGroup", logGroupName=OWN_GROUP))
        self.assert_refused("ResourceAlreadyExistsException", "", call, "CreateLogGroup", client, logGroupName=OWN_GROUP)
        call("CreateLogStream", client, **parameters)
        now = int(time.time() * 1000)
        events = [{"timestamp": now + number, "message": f"line {number}"} for number in range(25)]
        call("PutLogEvents", client, **parameters, logEvents=events)
        page = call("GetLogEvents", client, **parameters, limit=10, startFromHead=True)
        read = page["events"]
        while True:
            token = page["nextForwardToken"]
            page = call("GetLogEvents", client, **parameters, limit=10, startFromHead=True, nextToken=token)
            if page["nextForwardToken"] == token:
                break
            read += page["events"]
        self.assertEqual([(it["timestamp"], it["message"]) for it in read], [(it["timestamp"], it["message"]) for it in events])
        call("PutRetentionPolicy", client, logGroupName=OWN_GROUP, retentionInDays=7)
        [group] = call("DescribeLogGroups", client, logGroupNamePrefix=OWN_GROUP)["logGroups"]
        self.assertEqual((group["retentionInDays"], group["storedBytes"]), (7, sum(len(it["message"]) + 26 for it in events)))
        call("DeleteLogStream", client, **parameters)
        self.assert_refused("ResourceNotFoundException", "The specified log stream does not exist.", call, "GetLogEvents", client, **parameters)
        call("DeleteLogGroup", client, logGroupName=OWN_GROUP)
        self.assert_refused("ResourceNotFoundException", "The specified log group does not exist.", call, "GetLogEvents", client, **parameters)


class Revision(TestCase):
    """The heart of lab 2: the warnings are in the logs only after the log level has changed."""

    def setUp(self):
        wait_until_stable()
        before = the_service()["taskDefinition"]
        self.addCleanup(wait_until_stable)
        self.addCleanup(update, taskDefinition=before)

    def deploy(self, **environment):
        """Deploys a revision of the Like service. Returns the time in milliseconds at which it was deployed."""
        revision = call_ecs("RegisterTaskDefinition", **registration(**environment))["taskDefinition"]["taskDefinitionArn"]
        update(taskDefinition=revision)
        wait_until_stable()
        return int(time.time() * 1000)

    def test_warnings_are_found_after_the_change_of_the_log_level(self):
        chaos = {"CHAOSMODE": "on", "CHAOS_STRESS_PERCENT": "0", "CHAOS_NOT_FOUND_PERCENT": "100"}
        start = self.deploy(LOGLEVEL="ERROR", **chaos)
        _, trace = like()
        wait_for("the access line", lambda: found(f'"{trace}"'))
        self.assertEqual(found('"WARN:"', startTime=start), [])
        start = self.deploy(LOGLEVEL="DEBUG", **chaos)
        like()
        wait_for("warnings", lambda: found('"WARN:"', startTime=start))
        # The name of this property contains a period.
        pattern = "{ $.level = \"WARN\" && $.['chaos.fault'] = \"not_found\" }"
        events = wait_for("a fault", lambda: found(pattern, startTime=start))
        self.assertEqual(json.loads(events[0]["message"])["message"], "WARN: simulated 404 activated")
        self.assertEqual(found('{ $.level = "WARN" && $.chaos.fault = "not_found" }', startTime=start), [])


class Follow(TestCase):
    """Programs that follow a log group while ECS replaces all tasks print each line once."""

    def follow(self, command, environment):
        output = tempfile.NamedTemporaryFile("w+")
        environment = {"PATH": os.environ["PATH"], "HOME": "/nonexistent", "PYTHONUNBUFFERED": "1", **CREDENTIALS, **environment}
        process = subprocess.Popen(command, env=environment, stdout=output, stderr=subprocess.STDOUT)

        def stop():
            # A program in the background of a shell ignores SIGINT.
            process.terminate()
            process.wait(TIMEOUT_SECONDS)
            output.close()

        self.addCleanup(stop)
        return lambda: Path(output.name).read_text().splitlines()

    def assert_follows(self, lines):
        def send(traces):
            for _ in range(20):
                status, trace = like()
                self.assertEqual(status, 200)
                traces.append(trace)

        _, first = like()
        wait_for("the first line", lambda: any(first in line for line in lines()) or like() and False)
        traces = []
        send(traces)
        before = the_task_arns()
        update(forceNewDeployment=True)
        wait_until_stable()
        self.assertFalse(set(before) & set(the_task_arns()))
        send(traces)
        expected = [found(f'"{trace}"') for trace in traces]
        self.assertTrue(all(expected))

        def has_all():
            text = "\n".join(lines())
            return all(trace in text for trace in traces)

        wait_for("the lines of all likes", has_all)
        text = lines()
        for trace, events in zip(traces, expected):
            self.assertEqual(sum(trace in line for line in text), len(events), trace)

    @unittest.skipUnless(os.environ.get("AWS_CLI_2_PYTHON"), "needs version 2 of the AWS CLI")
    def test_aws_logs_tail(self):
        command = [os.environ["AWS_CLI_2_PYTHON"], "-m", "awscli", "--endpoint-url", lab()["aws"], "logs", "tail", LIKE_GROUP]
        self.assert_follows(self.follow([*command, "--since", "5s", "--follow"], {"AWS_PAGER": ""}))

    def test_awslogs(self):
        command = [str(Path(sys.executable).with_name("awslogs")), "get", LIKE_GROUP, "--start", "1m", "--watch", "--no-color"]
        self.assert_follows(self.follow(command, {"AWS_ENDPOINT_URL": lab()["aws"], "AWS_REGION": "us-east-1"}))


if __name__ == "__main__":
    unittest.main()
