"""Tests of the lab's load balancer with AWS clients, which describe and change it as on AWS. The tests leave the load balancer as it was."""

import time
import unittest
import urllib.error
import urllib.request

from clients import POLL_INTERVAL_SECONDS, TIMEOUT_SECONDS, Boto3, TestCase, lab, tasks, with_each_cli, with_each_client

MYSFIT = "4e53920c-505a-4a90-a694-b9300791f0ae"

ARN = "arn:aws:elasticloadbalancing:us-east-1:000000000000:"

LIKE_PATH = f"/mysfits/{MYSFIT}/like"


def describe(client, operation, key, **parameters):
    return client.call("elbv2", f"Describe{operation}", **parameters)[key]


def the_load_balancer():
    [load_balancer] = describe(Boto3(), "LoadBalancers", "LoadBalancers")
    return load_balancer


def the_listener():
    [listener] = describe(Boto3(), "Listeners", "Listeners", LoadBalancerArn=the_load_balancer()["LoadBalancerArn"])
    return listener


def the_rules(client=None):
    """Returns the rule of the likes and the default rule."""
    like, default = describe(client or Boto3(), "Rules", "Rules", ListenerArn=the_listener()["ListenerArn"])
    return like, default


def group_arns():
    """Returns the ARNs of the target groups of the Like service and of the monolith."""
    like, default = the_rules()
    monolith = default["Actions"][0]["TargetGroupArn"]
    [like_service] = {group["TargetGroupArn"] for group in like["Actions"][0]["ForwardConfig"]["TargetGroups"]} - {monolith}
    return like_service, monolith


def forward(*weights):
    """Returns the actions of a rule that forwards to the target groups with the given weights."""
    groups = [{"TargetGroupArn": arn, "Weight": weight} for arn, weight in zip(group_arns(), weights)]
    return [{"Type": "forward", "ForwardConfig": {"TargetGroups": groups}}]


def respond(path, method="GET"):
    """Returns the status of the response of the load balancer."""
    request = urllib.request.Request(lab()["alb"] + path, method=method)
    try:
        with urllib.request.urlopen(request, timeout=60) as response:
            return response.status
    except urllib.error.HTTPError as error:
        with error:
            return error.code


def received_likes():
    """Returns how many likes the Like service and the monolith have received, according to the access log."""
    with urllib.request.urlopen(lab()["site"] + "/logs/load-balancer", timeout=60) as response:
        lines = response.read().decode().splitlines()
    likes = [line for line in lines if f"{LIKE_PATH} HTTP/1.1" in line]
    return tuple(sum(arn in line for line in likes) for arn in group_arns())


class Describe(TestCase):
    @with_each_client
    def test_the_load_balancer_is_found_by_arn_and_by_name(self, client):
        expected = the_load_balancer()
        arn, name = expected["LoadBalancerArn"], expected["LoadBalancerName"]
        self.assertRegex(arn, f"^{ARN}loadbalancer/app/{name}/[0-9a-f]{{16}}$")
        for parameters in [{}, {"LoadBalancerArns": [arn]}, {"Names": [name]}]:
            [found] = describe(client, "LoadBalancers", "LoadBalancers", **parameters)
            self.assertEqual((found["LoadBalancerArn"], found["Type"], found["State"]["Code"]), (arn, "application", "active"))
        self.assert_refused("LoadBalancerNotFound", "", describe, client, "LoadBalancers", "", Names=["unknown"])
        self.assert_refused("LoadBalancerNotFound", "", describe, client, "LoadBalancers", "", LoadBalancerArns=[arn[:-1] + "x"])
        self.assert_refused("ValidationError", "", describe, client, "LoadBalancers", "", LoadBalancerArns=[arn], Names=[name])

    @with_each_client
    def test_the_listener_is_found_by_arn_and_by_load_balancer(self, client):
        expected, load_balancer = the_listener(), the_load_balancer()["LoadBalancerArn"]
        self.assertTrue(expected["ListenerArn"].startswith(load_balancer.replace(":loadbalancer/", ":listener/") + "/"))
        for parameters in [{"LoadBalancerArn": load_balancer}, {"ListenerArns": [expected["ListenerArn"]]}]:
            self.assertEqual(describe(client, "Listeners", "Listeners", **parameters), [expected])
        self.assertEqual((expected["Protocol"], expected["LoadBalancerArn"]), ("HTTP", load_balancer))
        self.assert_refused("LoadBalancerNotFound", "", describe, client, "Listeners", "", LoadBalancerArn=load_balancer[:-1] + "x")
        unknown = expected["ListenerArn"][:-1] + "x"
        self.assert_refused("ListenerNotFound", "", describe, client, "Listeners", "", ListenerArns=[unknown])
        self.assert_refused("ValidationError", "", describe, client, "Listeners", "")

    @with_each_client
    def test_the_rules_are_found_by_arn_and_by_listener(self, client):
        like, default = the_rules(client)
        self.assertEqual((like["Priority"], like["IsDefault"], default["Priority"], default["IsDefault"]), ("1", False, "default", True))
        [condition] = like["Conditions"]
        self.assertEqual((condition["Field"], condition["PathPatternConfig"]["Values"]), ("path-pattern", ["/mysfits/*/like"]))
        self.assertEqual(default["Conditions"], [])
        self.assertEqual(describe(client, "Rules", "Rules", RuleArns=[default["RuleArn"]]), [default])
        self.assert_refused("RuleNotFound", "", describe, client, "Rules", "", RuleArns=[like["RuleArn"][:-1] + "x"])
        listener = the_listener()["ListenerArn"]
        self.assert_refused("ListenerNotFound", "", describe, client, "Rules", "", ListenerArn=listener[:-1] + "x")
        self.assert_refused("ValidationError", "", describe, client, "Rules", "", ListenerArn=listener, RuleArns=[like["RuleArn"]])

    @with_each_client
    def test_target_groups_are_found_by_arn_name_and_load_balancer(self, client):
        groups = describe(client, "TargetGroups", "TargetGroups", LoadBalancerArn=the_load_balancer()["LoadBalancerArn"])
        self.assertEqual({group["TargetGroupArn"] for group in groups}, set(group_arns()))
        for group in groups:
            self.assertEqual(describe(client, "TargetGroups", "TargetGroups", TargetGroupArns=[group["TargetGroupArn"]]), [group])
            self.assertEqual(describe(client, "TargetGroups", "TargetGroups", Names=[group["TargetGroupName"]]), [group])
            self.assertEqual((group["HealthCheckPath"], group["Matcher"], group["TargetType"]), ("/", {"HttpCode": "200"}, "ip"))
            attributes = describe(client, "TargetGroupAttributes", "Attributes", TargetGroupArn=group["TargetGroupArn"])
            self.assertIn("deregistration_delay.timeout_seconds", [attribute["Key"] for attribute in attributes])
        self.assert_refused("TargetGroupNotFound", "", describe, client, "TargetGroups", "", Names=["unknown"])
        unknown = groups[0]["TargetGroupArn"][:-1] + "x"
        self.assert_refused("TargetGroupNotFound", "", describe, client, "TargetGroups", "", TargetGroupArns=[unknown])
        self.assert_refused("TargetGroupNotFound", "", describe, client, "TargetHealth", "", TargetGroupArn=unknown)

    @with_each_client
    def test_each_task_is_a_healthy_target(self, client):
        for arn, service in zip(group_arns(), ["like-service", "monolith"]):
            found = describe(client, "TargetHealth", "TargetHealthDescriptions", TargetGroupArn=arn)
            urls = {f"http://{it['Target']['Id']}:{it['Target']['Port']}" for it in found}
            self.assertEqual(urls, {task["url"] for task in tasks() if task["service"] == service})
            self.assertEqual([it["TargetHealth"] for it in found], [{"State": "healthy"}] * len(found))
            target = found[0]["Target"]
            chosen = {"Id": target["Id"], "Port": target["Port"]}
            [only] = describe(client, "TargetHealth", "TargetHealthDescriptions", TargetGroupArn=arn, Targets=[chosen])
            self.assertEqual(only["Target"]["Id"], target["Id"])

    @with_each_client
    def test_attributes_of_the_load_balancer_have_keys_and_values(self, client):
        attributes = describe(client, "LoadBalancerAttributes", "Attributes", LoadBalancerArn=the_load_balancer()["LoadBalancerArn"])
        self.assertEqual({it["Key"]: it["Value"] for it in attributes}["idle_timeout.timeout_seconds"], "60")

    @with_each_client
    def test_the_waiters_end(self, client):
        load_balancer = the_load_balancer()["LoadBalancerArn"]
        client.wait("elbv2", "load_balancer_available", LoadBalancerArns=[load_balancer])
        client.wait("elbv2", "load_balancer_exists", LoadBalancerArns=[load_balancer])
        for arn in group_arns():
            client.wait("elbv2", "target_in_service", TargetGroupArn=arn)
        # A target that is not registered is unused.
        client.wait("elbv2", "target_deregistered", TargetGroupArn=arn, Targets=[{"Id": "192.0.2.1", "Port": 8080}])


class Pages(TestCase):
    @with_each_client
    def test_pages_of_one_result_contain_all_results(self, client):
        listener, load_balancer = the_listener()["ListenerArn"], the_load_balancer()["LoadBalancerArn"]
        for operation, key, parameters, count in [
            ("LoadBalancers", "LoadBalancers", {}, 1),
            ("Listeners", "Listeners", {"LoadBalancerArn": load_balancer}, 1),
            ("Rules", "Rules", {"ListenerArn": listener}, 2),
            ("TargetGroups", "TargetGroups", {}, 2),
        ]:
            with self.subTest(operation):
                pages = client.pages("elbv2", f"Describe{operation}", key, 1, **parameters)
                self.assertEqual(pages, describe(client, operation, key, **parameters))
                self.assertEqual(len(pages), count)

    @with_each_cli
    def test_a_list_continues_after_its_maximum_number_of_items(self, cli):
        command = ["elbv2", "describe-target-groups", "--max-items", "1"]
        first = cli.aws(*command)
        second = cli.aws(*command, "--starting-token", first["NextToken"])
        found = [group["TargetGroupArn"] for page in [first, second] for group in page["TargetGroups"]]
        self.assertEqual(sorted(found), sorted(group_arns()))
        self.assertNotIn("NextToken", second)

    @with_each_client
    def test_a_marker_of_another_query_and_a_wrong_page_size_are_refused(self, client):
        marker = Boto3().call("elbv2", "DescribeTargetGroups", PageSize=1)["NextMarker"]
        listener = the_listener()["ListenerArn"]
        self.assert_refused("ValidationError", "", client.call, "elbv2", "DescribeRules", ListenerArn=listener, Marker=marker)
        if client.name == "boto3":
            return  # boto3 itself refuses the page size.
        self.assert_refused("ValidationError", "", client.call, "elbv2", "DescribeTargetGroups", PageSize=401)


class Change(TestCase):
    def setUp(self):
        like, _ = the_rules()
        groups = like["Actions"][0]["ForwardConfig"]["TargetGroups"]
        weights = {group["TargetGroupArn"]: group["Weight"] for group in groups}
        self.like, self.weights = like["RuleArn"], [weights[arn] for arn in group_arns()]
        self.addCleanup(Boto3().call, "elbv2", "ModifyRule", RuleArn=self.like, Actions=forward(*self.weights))

    def assert_weights(self, rule, *weights):
        """Checks the weights of the target groups of the Like service and of the monolith."""
        groups = rule["Actions"][0]["ForwardConfig"]["TargetGroups"]
        self.assertEqual({group["TargetGroupArn"]: group["Weight"] for group in groups}, dict(zip(group_arns(), weights)))

    def assert_one_like_is_received(self, *expected):
        """Sends a like. Checks that it increases the numbers of likes by one of the expected pairs."""
        before = received_likes()
        self.assertEqual(respond(LIKE_PATH, "POST"), 200)
        deadline = time.monotonic() + TIMEOUT_SECONDS
        while (after := received_likes()) == before:
            self.assertLess(time.monotonic(), deadline, "the like is not in the access log")
            time.sleep(POLL_INTERVAL_SECONDS)
        self.assertIn((after[0] - before[0], after[1] - before[1]), expected)

    @with_each_client
    def test_weights_move_and_likes_are_answered(self, client):
        like_service, monolith = (1, 0), (0, 1)
        for weights, *receivers in [
            ((50, 50), like_service, monolith),
            ((0, 999), monolith),
            ((100, 0), like_service),
            ((1, 0), like_service),
        ]:
            [rule] = client.call("elbv2", "ModifyRule", RuleArn=self.like, Actions=forward(*weights))["Rules"]
            self.assert_weights(rule, *weights)
            self.assert_weights(the_rules()[0], *weights)
            self.assert_one_like_is_received(*receivers)

    @with_each_cli
    def test_weights_move_with_the_command_of_the_workshop(self, cli):
        like, monolith = group_arns()
        config = f"{{TargetGroups=[{{TargetGroupArn={like},Weight=0}},{{TargetGroupArn={monolith},Weight=1}}]}}"
        actions = f"Type=forward,ForwardConfig={config}"
        [rule] = cli.aws("elbv2", "modify-rule", "--rule-arn", self.like, "--actions", actions)["Rules"]
        self.assert_weights(rule, 0, 1)
        self.assert_one_like_is_received((0, 1))

    @with_each_client
    def test_wrong_weights_and_groups_are_refused(self, client):
        def modify(actions, rule=self.like):
            return client.call("elbv2", "ModifyRule", RuleArn=rule, Actions=actions)

        before = the_rules()
        unknown = group_arns()[0][:-1] + "x"
        self.assert_refused("ValidationError", "", modify, forward(1000, 0))
        self.assert_refused("ValidationError", "", modify, forward(-1, 0))
        self.assert_refused("TargetGroupNotFound", "", modify, [{"Type": "forward", "TargetGroupArn": unknown}])
        self.assert_refused("RuleNotFound", "", modify, forward(1, 0), self.like[:-1] + "x")
        self.assert_refused("OperationNotPermitted", "", modify, forward(1, 0), before[1]["RuleArn"])
        self.assertEqual(the_rules(), before)

    @with_each_client
    def test_a_rule_acts_as_soon_as_it_is_created_and_until_it_is_deleted(self, client):
        listener = the_listener()["ListenerArn"]
        rule = {
            "ListenerArn": listener,
            "Priority": 5,
            "Conditions": [{"Field": "path-pattern", "PathPatternConfig": {"Values": ["/mysf*"]}}],
            "Actions": [{"Type": "forward", "TargetGroupArn": group_arns()[0]}],
        }
        self.assertEqual(respond("/mysfits"), 200)
        [created] = client.call("elbv2", "CreateRule", **rule)["Rules"]
        delete = {"RuleArn": created["RuleArn"]}
        try:
            self.assertEqual((created["Priority"], created["IsDefault"]), ("5", False))
            # The Like service has no list of mysfits.
            self.assertEqual(respond("/mysfits"), 404)
            self.assert_refused("PriorityInUse", "", client.call, "elbv2", "CreateRule", **rule)
            self.assert_refused("PriorityInUse", "", client.call, "elbv2", "CreateRule", **{**rule, "Priority": 1})
            self.assert_refused("ValidationError", "", client.call, "elbv2", "CreateRule", **{**rule, "Priority": 50001})
            priorities = [{"RuleArn": self.like, "Priority": 7}, {"RuleArn": created["RuleArn"], "Priority": 6}]
            client.call("elbv2", "SetRulePriorities", RulePriorities=priorities)
            self.assertEqual([it["Priority"] for it in describe(client, "Rules", "Rules", ListenerArn=listener)], ["6", "7", "default"])
            swapped = [{"RuleArn": self.like, "Priority": 6}]
            self.assert_refused("PriorityInUse", "", client.call, "elbv2", "SetRulePriorities", RulePriorities=swapped)
            client.call("elbv2", "SetRulePriorities", RulePriorities=[{"RuleArn": self.like, "Priority": 1}])
        finally:
            client.call("elbv2", "DeleteRule", **delete)
        self.assertEqual(respond("/mysfits"), 200)
        self.assertEqual([it["Priority"] for it in the_rules(client)], ["1", "default"])
        self.assert_refused("RuleNotFound", "", client.call, "elbv2", "DeleteRule", **delete)
        self.assert_refused("OperationNotPermitted", "", client.call, "elbv2", "DeleteRule", RuleArn=the_rules()[1]["RuleArn"])

    @with_each_client
    def test_the_default_action_of_the_listener_moves(self, client):
        before = the_listener()
        like, _ = group_arns()
        arn = {"ListenerArn": before["ListenerArn"]}
        try:
            [changed] = client.call("elbv2", "ModifyListener", **arn, DefaultActions=[{"Type": "forward", "TargetGroupArn": like}])["Listeners"]
            self.assertEqual(changed["DefaultActions"][0]["TargetGroupArn"], like)
            self.assertEqual(respond("/mysfits"), 404)
        finally:
            client.call("elbv2", "ModifyListener", **arn, DefaultActions=before["DefaultActions"])
        self.assertEqual(the_listener(), before)
        self.assertEqual(respond("/mysfits"), 200)

    @with_each_client
    def test_settings_of_a_target_group_change(self, client):
        group = {"TargetGroupArn": group_arns()[1]}
        [before] = describe(client, "TargetGroups", "TargetGroups", TargetGroupArns=[group["TargetGroupArn"]])
        try:
            [changed] = client.call("elbv2", "ModifyTargetGroup", **group, HealthCheckPath="/mysfits", Matcher={"HttpCode": "200-299"})["TargetGroups"]
            self.assertEqual((changed["HealthCheckPath"], changed["Matcher"]), ("/mysfits", {"HttpCode": "200-299"}))
        finally:
            client.call("elbv2", "ModifyTargetGroup", **group, HealthCheckPath=before["HealthCheckPath"], Matcher=before["Matcher"])
        self.assertEqual(describe(client, "TargetGroups", "TargetGroups", TargetGroupArns=[group["TargetGroupArn"]]), [before])

    @with_each_client
    def test_the_deregistration_delay_changes_and_unknown_attributes_are_refused(self, client):
        group = {"TargetGroupArn": group_arns()[0]}
        key = "deregistration_delay.timeout_seconds"

        def modify(key, value):
            attributes = [{"Key": key, "Value": value}]
            changed = client.call("elbv2", "ModifyTargetGroupAttributes", **group, Attributes=attributes)["Attributes"]
            return {it["Key"]: it["Value"] for it in changed}[key]

        before = {it["Key"]: it["Value"] for it in describe(client, "TargetGroupAttributes", "Attributes", **group)}[key]
        try:
            self.assertEqual(modify(key, "30"), "30")
        finally:
            self.assertEqual(modify(key, before), before)
        for key, value in [(key, "3601"), (key, "x"), ("no.such.attribute", "1")]:
            with self.subTest(key=key, value=value):
                self.assert_refused("ValidationError", "", modify, key, value)

    def test_boto3_raises_the_errors_of_the_model(self):
        elbv2 = Boto3.client("elbv2")
        unknown = ARN + "targetgroup/unknown/0123456789abcdef"
        with self.assertRaises(elbv2.exceptions.TargetGroupNotFoundException):
            elbv2.describe_target_health(TargetGroupArn=unknown)
        with self.assertRaises(elbv2.exceptions.LoadBalancerNotFoundException):
            elbv2.describe_load_balancers(Names=["unknown"])
        with self.assertRaises(elbv2.exceptions.OperationNotPermittedException):
            elbv2.delete_rule(RuleArn=the_rules()[1]["RuleArn"])


if __name__ == "__main__":
    unittest.main()
