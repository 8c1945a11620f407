"""Lab 4 of the workshop with the AWS CLI and real load, at the speed of AWS: the period of all metrics is a minute. script/test-slow runs it.

The page 4-target-tracking of the guide, which script/test-slow runs, too, does the same with target tracking.
"""

import contextlib
import datetime
import http.client
import json
import threading
import time
import unittest
from urllib.parse import urlsplit

from clients import command_lines_for, start_lab
from scaling_exercise import CLUSTER, LIKE_SERVICE, SCALING, STEP, TARGET, put_step_policy, register_target, set_actions

MYSFITS = ["4e53920c-505a-4a90-a694-b9300791f0ae", "2b473002-36f8-4b87-954e-9a377e0ccbec"]

MAX_TASKS = 6

# Interval in seconds at which a test polls with the AWS CLI, each call of which takes about half a second.
POLL_SECONDS = 0.5

# Most likes that are in progress at the same time.
LOAD_CONNECTIONS = 32


class Load:
    """Sends likes at a constant rate, until the context ends. `statuses` has a 0 for a like without a response."""

    def __init__(self, alb, likes_per_minute):
        self.alb = urlsplit(alb).netloc
        self.interval = 60 / likes_per_minute
        self.stopped = threading.Event()
        self.next = time.monotonic()
        self.lock = threading.Lock()
        self.statuses = []

    def __enter__(self):
        self.threads = [threading.Thread(target=self.send) for _ in range(LOAD_CONNECTIONS)]
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.stopped.set()
        for thread in self.threads:
            thread.join()

    def send(self):
        connection = http.client.HTTPConnection(self.alb, timeout=60)
        while True:
            with self.lock:
                self.next += self.interval
                wait = self.next - time.monotonic()
            if self.stopped.wait(max(wait, 0)):
                connection.close()
                return
            number = len(self.statuses)
            try:
                connection.request("POST", f"/mysfits/{MYSFITS[number % len(MYSFITS)]}/like")
                response = connection.getresponse()
                response.read()
                self.statuses.append(response.status)
            except (OSError, http.client.HTTPException):
                # The next request opens another connection.
                connection.close()
                self.statuses.append(0)


class Lab:
    """A lab, and the AWS CLI that calls it."""

    def __init__(self, *options):
        self.endpoints = start_lab(options, {})
        self.cli = command_lines_for(self.endpoints["aws"])[0]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.endpoints["stop"]()

    def service(self):
        [service] = self.cli.aws("ecs", "describe-services", "--cluster", CLUSTER, "--services", LIKE_SERVICE)["services"]
        return service

    def alarm(self, name):
        [alarm] = self.cli.aws("cloudwatch", "describe-alarms", "--alarm-names", name)["MetricAlarms"]
        return alarm

    def activities(self):
        """Returns the activities, newest first."""
        found = self.cli.aws("application-autoscaling", "describe-scaling-activities", *TARGET, "--include-not-scaled-activities")
        return found["ScalingActivities"]

    def summaries(self, alarm):
        """Returns what the history says about the actions of an alarm, oldest first."""
        options = ["--alarm-name", alarm, "--history-item-type", "Action", "--scan-by", "TimestampAscending"]
        return [item["HistorySummary"] for item in self.cli.aws("cloudwatch", "describe-alarm-history", *options)["AlarmHistoryItems"]]

    def values_of_widget(self, title, label):
        """Returns the values that a widget of the dashboard shows, oldest first."""
        body = self.cli.aws("cloudwatch", "get-dashboard", "--dashboard-name", "mysfits-us-east-1")["DashboardBody"]
        [widget] = [it["properties"] for it in json.loads(body)["widgets"] if it["properties"]["title"] == title]
        [[namespace, name, *dimensions, _]] = [metric for metric in widget["metrics"] if metric[-1]["label"] == label]
        dimensions = [{"Name": name, "Value": value} for name, value in zip(dimensions[::2], dimensions[1::2])]
        metric = {"Namespace": namespace, "MetricName": name, "Dimensions": dimensions}
        query = {"Id": "widget", "MetricStat": {"Metric": metric, "Period": widget["period"], "Stat": widget["stat"]}}
        now = datetime.datetime.now(datetime.timezone.utc)
        times = {"StartTime": (now - datetime.timedelta(hours=1)).isoformat(), "EndTime": now.isoformat()}
        found = self.cli.call("cloudwatch", "GetMetricData", MetricDataQueries=[query], ScanBy="TimestampAscending", **times)
        return found["MetricDataResults"][0]["Values"]

    def wait_until(self, what, seconds, find):
        """Waits until the function returns something true, and returns it. Prints the time."""
        start = time.monotonic()
        while not (value := find()):
            if time.monotonic() > start + seconds:
                raise AssertionError(f"never: {what}: CPU {self.values_of_widget('CPU, %', 'like')}, {self.activities()}")
            time.sleep(POLL_SECONDS)
        print(f"{what}: after {time.monotonic() - start:.0f} s", flush=True)
        return value


def wait_for_the_next_minute():
    time.sleep(60 - time.time() % 60)


class Scaling(unittest.TestCase):
    def setUp(self):
        self.context = contextlib.ExitStack()
        self.addCleanup(self.context.close)

    def test_lab_4_scales_out_by_a_step_up_to_the_limit_of_processes_and_in_again(self):
        lab = self.context.enter_context(Lab("--chaos=off", f"--max-tasks={MAX_TASKS}"))
        register_target(lab.cli, STEP["bounds"])
        up, down = STEP["policies"]
        for policy in [up, down]:
            set_actions(lab.cli, policy["alarm"]["name"], put_step_policy(lab.cli, policy))
        wait_for_the_next_minute()
        with Load(lab.endpoints["alb"], SCALING["loadGenerator"]["likesPerMinute"]) as load:
            # Two minutes, the evaluation five seconds later, and the time of this machine.
            lab.wait_until("ALARM", 180, lambda: lab.alarm("mysfits-LikeScaleUpAlarm")["StateValue"] == "ALARM")
            alarm = lab.alarm("mysfits-LikeScaleUpAlarm")
            [first] = lab.wait_until("the activity", 60, lambda: [it for it in lab.activities() if up["policy"] in it["Cause"]])
            # The average of both minutes selects the step.
            requests = json.loads(alarm["StateReasonData"])["recentDatapoints"]
            [change] = [step["adjustment"] for step in up["steps"] if step["lower"] <= sum(requests) / 2 - 1000 < step.get("upper", 1e9)]
            self.assertEqual((change, first["Description"]), (10, "Setting desired count to 12."))
            self.assertEqual(first["Cause"], "monitor alarm mysfits-LikeScaleUpAlarm in state ALARM triggered policy LikeScaleUpPolicy")
            self.assertIn(f"Successfully executed action {alarm['AlarmActions'][0]}", lab.summaries("mysfits-LikeScaleUpAlarm"))
            lab.wait_until("the limit of processes", 60, lambda: lab.service()["runningCount"] == MAX_TASKS)
            service = lab.service()
            self.assertEqual((service["desiredCount"], service["runningCount"]), (12, MAX_TASKS))
            limit = f"limit on the number of tasks you can run concurrently ({MAX_TASKS})"
            self.assertTrue(any(limit in event["message"] for event in service["events"]), service["events"])
        print(f"requests in the minutes of the alarm: {requests}")
        self.assertEqual(set(load.statuses), {200})
        # As few likes as people send. Without any, the policy would have no data.
        with Load(lab.endpoints["alb"], 120) as load:
            lab.wait_until("scaling in", 240, lambda: lab.service()["desiredCount"] == 2)
            lab.wait_until("two tasks", 60, lambda: lab.service()["runningCount"] == 2)
        self.assertEqual(set(load.statuses), {200})
        self.assertIn("triggered policy LikeScaleDownPolicy", next(it["Cause"] for it in lab.activities() if "Setting" in it["Description"]))
        tasks = lab.values_of_widget("Tasks", "like")
        print(f"tasks by minute: {tasks}")
        self.assertEqual((tasks[0], max(tasks)), (2, MAX_TASKS))


if __name__ == "__main__":
    unittest.main(verbosity=2)
