"""Tests of the lab's ECS with AWS clients, which describe and change services and tasks as on AWS. The tests leave the services as they were."""

import json
import tempfile
import time
import unittest

from clients import POLL_INTERVAL_SECONDS, TIMEOUT_SECONDS, Boto3, TestCase, command_lines, with_each, with_each_cli, with_each_client

ARN = "arn:aws:ecs:us-east-1:000000000000:"

CLUSTER = "Cluster-mysfits"

LIKE_SERVICE = "Mythical-Like-Service-mysfits"

MONOLITH_SERVICE = "Mythical-Monolith-Service-mysfits"

# The members that a description of a task definition has besides those of a registration.
READ_ONLY = ["taskDefinitionArn", "revision", "status", "requiresAttributes", "compatibilities", "registeredAt", "registeredBy"]

# Version 2 of the AWS CLI in Debian 12 is older than the operations of service deployments.
with_each_new_client = with_each(lambda: [Boto3(), command_lines()[0]])


def call(operation, client=None, /, **parameters):
    return (client or Boto3()).call("ecs", operation, **parameters)


def the_service(client=None, name=LIKE_SERVICE):
    [service] = call("DescribeServices", client, cluster=CLUSTER, services=[name])["services"]
    return service


def the_task_arns(client=None, **filters):
    return call("ListTasks", client, cluster=CLUSTER, serviceName=LIKE_SERVICE, **filters)["taskArns"]


def the_task(arn, client=None):
    [task] = call("DescribeTasks", client, cluster=CLUSTER, tasks=[arn])["tasks"]
    return task


def update(client=None, /, **parameters):
    return call("UpdateService", client, cluster=CLUSTER, service=LIKE_SERVICE, **parameters)["service"]


def definition(client=None, reference=LIKE_SERVICE):
    return call("DescribeTaskDefinition", client, taskDefinition=reference)["taskDefinition"]


def registration(**environment):
    """Returns the parameters that register the task definition of the Like service with other values of environment variables."""
    found = {name: value for name, value in definition().items() if name not in READ_ONLY}
    [container] = [it for it in found["containerDefinitions"] if it["name"] == "like-service"]
    kept = [it for it in container["environment"] if it["name"] not in environment]
    container["environment"] = kept + [{"name": name, "value": value} for name, value in environment.items()]
    return found


def wait_until(what, is_reached):
    deadline = time.monotonic() + TIMEOUT_SECONDS
    while not is_reached():
        assert time.monotonic() < deadline, f"never: {what}: {the_service()}"
        time.sleep(POLL_INTERVAL_SECONDS)


def is_stable():
    service = the_service()
    [*deployments] = service["deployments"]
    is_completed = len(deployments) == 1 and deployments[0]["rolloutState"] == "COMPLETED"
    return is_completed and service["runningCount"] == service["desiredCount"] and service["pendingCount"] == 0


def wait_until_stable():
    wait_until("the service is stable", is_stable)


class Describe(TestCase):
    @with_each_client
    def test_the_cluster_has_both_services(self, client):
        [cluster] = call("DescribeClusters", client, clusters=[CLUSTER])["clusters"]
        self.assertEqual((cluster["clusterArn"], cluster["status"], cluster["activeServicesCount"]), (f"{ARN}cluster/{CLUSTER}", "ACTIVE", 2))
        self.assertEqual(call("ListClusters", client)["clusterArns"], [cluster["clusterArn"]])
        services = call("ListServices", client, cluster=CLUSTER)["serviceArns"]
        self.assertEqual(services, [f"{ARN}service/{CLUSTER}/{name}" for name in [LIKE_SERVICE, MONOLITH_SERVICE]])
        failures = call("DescribeClusters", client)["failures"]
        self.assertEqual(failures, [{"arn": f"{ARN}cluster/default", "reason": "MISSING"}])

    @with_each_client
    def test_services_are_stable_and_have_the_settings_of_the_template(self, client):
        for name, container in [(LIKE_SERVICE, "like-service"), (MONOLITH_SERVICE, "monolith-service")]:
            service = the_service(client, name)
            [deployment] = service["deployments"]
            self.assertEqual((service["status"], deployment["status"], deployment["rolloutState"]), ("ACTIVE", "PRIMARY", "COMPLETED"))
            self.assertEqual(service["runningCount"], service["desiredCount"])
            self.assertTrue(service["taskDefinition"].startswith(f"{ARN}task-definition/{name}:"))
            [load_balancer] = service["loadBalancers"]
            self.assertEqual((load_balancer["containerName"], load_balancer["containerPort"]), (container, 8080))
            configuration = service["deploymentConfiguration"]
            self.assertEqual((configuration["minimumHealthyPercent"], configuration["maximumPercent"]), (100, 200))
            self.assertEqual(configuration["deploymentCircuitBreaker"], {"enable": True, "rollback": True})
            self.assertRegex(service["events"][0]["message"], rf"^\(service {name}\) ")
            self.assert_stable(client, name)

    def assert_stable(self, client, name):
        client.wait("ecs", "services_stable", cluster=CLUSTER, services=[name])

    @with_each_client
    def test_tasks_are_described_with_their_containers(self, client):
        arns = the_task_arns(client)
        self.assertEqual(len(arns), the_service()["desiredCount"])
        response = call("DescribeTasks", client, cluster=CLUSTER, tasks=arns)
        self.assertEqual(response["failures"], [])
        for arn, task in zip(arns, response["tasks"]):
            self.assertEqual((task["taskArn"], task["lastStatus"], task["desiredStatus"]), (arn, "RUNNING", "RUNNING"))
            self.assertEqual((task["group"], task["launchType"]), (f"service:{LIKE_SERVICE}", "FARGATE"))
            [container] = [it for it in task["containers"] if it["name"] == "like-service"]
            self.assertEqual((container["lastStatus"], container["healthStatus"]), ("RUNNING", "HEALTHY"))
            [interface] = container["networkInterfaces"]
            [attachment] = task["attachments"]
            self.assertIn({"name": "privateIPv4Address", "value": interface["privateIpv4Address"]}, attachment["details"])
        client.wait("ecs", "tasks_running", cluster=CLUSTER, tasks=arns)
        tasks = call("ListTasks", client, cluster=CLUSTER, family=LIKE_SERVICE)["taskArns"]
        self.assertEqual(tasks, arns)

    @with_each_client
    def test_unknown_names_are_failures_or_errors(self, client):
        response = call("DescribeServices", client, cluster=CLUSTER, services=["unknown", LIKE_SERVICE])
        self.assertEqual(response["failures"], [{"arn": f"{ARN}service/{CLUSTER}/unknown", "reason": "MISSING"}])
        self.assertEqual(len(response["services"]), 1)
        unknown = "0" * 32
        failures = call("DescribeTasks", client, cluster=CLUSTER, tasks=[unknown])["failures"]
        self.assertEqual(failures, [{"arn": f"{ARN}task/{CLUSTER}/{unknown}", "reason": "MISSING"}])
        for code, text, operation, parameters in [
            ("ClusterNotFoundException", "Cluster not found.", "ListServices", {}),
            ("ClusterNotFoundException", "Cluster not found.", "ListTasks", {"cluster": "unknown"}),
            ("ServiceNotFoundException", "Service not found.", "UpdateService", {"cluster": CLUSTER, "service": "unknown"}),
            ("ServiceNotFoundException", "Service not found.", "ListTasks", {"cluster": CLUSTER, "serviceName": "unknown"}),
            ("InvalidParameterException", "The referenced task was not found.", "StopTask", {"cluster": CLUSTER, "task": unknown}),
            ("InvalidParameterException", "taskId length should be one of [32,36]", "DescribeTasks", {"cluster": CLUSTER, "tasks": ["None"]}),
            ("ClientException", "Unable to describe task definition.", "DescribeTaskDefinition", {"taskDefinition": "unknown"}),
            ("ClientException", "Unable to describe task definition.", "DeregisterTaskDefinition", {"taskDefinition": "unknown:1"}),
        ]:
            with self.subTest(operation):
                self.assert_refused(code, text, call, operation, client, **parameters)

    def test_boto3_raises_the_errors_of_the_model(self):
        ecs = Boto3.client("ecs")
        with self.assertRaises(ecs.exceptions.ClusterNotFoundException):
            ecs.list_tasks()
        with self.assertRaises(ecs.exceptions.ServiceNotFoundException):
            ecs.update_service(cluster=CLUSTER, service="unknown")
        with self.assertRaises(ecs.exceptions.ClientException):
            ecs.describe_task_definition(taskDefinition="unknown")
        with self.assertRaises(ecs.exceptions.InvalidParameterException):
            ecs.describe_tasks(cluster=CLUSTER, tasks=["None"])
        with self.assertRaises(ecs.exceptions.ServiceDeploymentNotFoundException):
            ecs.stop_service_deployment(serviceDeploymentArn=f"{ARN}service-deployment/{CLUSTER}/{LIKE_SERVICE}/1")

    @with_each_client
    def test_what_is_not_implemented_is_refused_by_its_name(self, client):
        task = {"cluster": CLUSTER, "taskDefinition": LIKE_SERVICE}
        self.assert_refused("UnknownOperationException", "RunTask", call, "RunTask", client, **task)
        service = {"cluster": CLUSTER, "service": LIKE_SERVICE}
        self.assert_refused("UnknownOperationException", "DeleteService", call, "DeleteService", client, **service)
        alarms = {"alarms": {"alarmNames": ["a"], "enable": True, "rollback": True}}
        for name, parameters in [
            ("enableExecuteCommand", {"enableExecuteCommand": True}),
            ("platformVersion", {"platformVersion": "1.3.0"}),
            ("alarms", {"deploymentConfiguration": alarms}),
        ]:
            with self.subTest(name):
                self.assert_refused("InvalidParameterException", name, update, client, **parameters)

    @with_each_client
    def test_pages_of_one_result_contain_all_results(self, client):
        for operation, key, parameters in [
            ("ListClusters", "clusterArns", {}),
            ("ListServices", "serviceArns", {"cluster": CLUSTER}),
            ("ListTasks", "taskArns", {"cluster": CLUSTER}),
            ("ListTaskDefinitionFamilies", "families", {}),
            ("ListTaskDefinitions", "taskDefinitionArns", {"sort": "DESC"}),
        ]:
            with self.subTest(operation):
                pages = client.pages("ecs", operation, key, 1, **parameters)
                self.assertEqual(pages, call(operation, client, **parameters)[key])
                self.assertGreaterEqual(len(pages), 1)


class TaskDefinitions(TestCase):
    @with_each_client
    def test_a_revision_is_registered_described_listed_and_deregistered(self, client):
        registered = call("RegisterTaskDefinition", client, **registration(LOGLEVEL="DEBUG"))["taskDefinition"]
        reference = f"{LIKE_SERVICE}:{registered['revision']}"
        self.assertEqual((registered["taskDefinitionArn"], registered["status"]), (f"{ARN}task-definition/{reference}", "ACTIVE"))
        for name in [reference, LIKE_SERVICE, registered["taskDefinitionArn"]]:
            self.assertEqual(definition(client, name), registered)
        listed = call("ListTaskDefinitions", client, familyPrefix=LIKE_SERVICE)["taskDefinitionArns"]
        self.assertEqual(listed[-1], registered["taskDefinitionArn"])
        deregistered = call("DeregisterTaskDefinition", client, taskDefinition=reference)["taskDefinition"]
        self.assertEqual(deregistered["status"], "INACTIVE")
        listed = call("ListTaskDefinitions", client, familyPrefix=LIKE_SERVICE, status="INACTIVE")["taskDefinitionArns"]
        self.assertIn(registered["taskDefinitionArn"], listed)
        self.assertIn(LIKE_SERVICE, call("ListTaskDefinitionFamilies", client, familyPrefix="Mythical-Like")["families"])
        self.assert_refused("ClientException", "TaskDefinition is inactive", update, client, taskDefinition=reference)

    @with_each_client
    def test_what_ecs_refuses_is_refused(self, client):
        def register(change):
            parameters = registration()
            change(parameters)
            return call("RegisterTaskDefinition", client, **parameters)

        def container(**members):
            return lambda parameters: parameters["containerDefinitions"][0].update(members)

        for code, text, change in [
            ("ClientException", "No Fargate configuration exists for given values: 256 CPU, 4096 memory", lambda it: it.update(memory="4096")),
            ("ClientException", "Fargate only supports network mode", lambda it: it.update(networkMode="bridge")),
            ("ClientException", "is greater than for the task", container(memory=1024)),
            ("ClientException", "less than 120 seconds", container(stopTimeout=121)),
            ("ClientException", "", container(image="nginx")),
            ("InvalidParameterException", "command", container(command=["sh"])),
            ("InvalidParameterException", "secrets", container(secrets=[{"name": "S", "valueFrom": "arn:aws:ssm:us-east-1:1:parameter/s"}])),
            ("InvalidParameterException", "tags", lambda it: it.update(tags=[{"key": "k", "value": "v"}])),
        ]:
            with self.subTest(text):
                self.assert_refused(code, text, register, change)


class Change(TestCase):
    def setUp(self):
        wait_until_stable()
        service = the_service()
        before = {name: service[name] for name in ["desiredCount", "taskDefinition"]}
        self.addCleanup(wait_until_stable)
        self.addCleanup(update, **before)

    @with_each_client
    def test_a_desired_count_changes_the_number_of_tasks_without_a_deployment(self, client):
        before = the_service()
        after = update(client, desiredCount=3)
        self.assertEqual((after["desiredCount"], after["deployments"][0]["id"]), (3, before["deployments"][0]["id"]))
        wait_until("three tasks", lambda: the_service()["runningCount"] == 3)
        self.assertEqual(len(the_task_arns(client)), 3)
        update(client, desiredCount=1)
        wait_until("one task", lambda: the_service()["runningCount"] == 1)
        self.assertEqual([it["id"] for it in the_service()["deployments"]], [before["deployments"][0]["id"]])

    @with_each_cli
    def test_a_described_task_definition_is_edited_registered_and_deployed(self, cli):
        """The way of the workshop. The commands are the same as on AWS."""
        before = the_task_arns()
        found = cli.aws("ecs", "describe-task-definition", "--task-definition", LIKE_SERVICE)["taskDefinition"]
        for name in READ_ONLY:
            found.pop(name, None)
        [container] = [it for it in found["containerDefinitions"] if it["name"] == "like-service"]
        [level] = [it for it in container["environment"] if it["name"] == "LOGLEVEL"]
        level["value"] = "DEBUG"
        with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
            json.dump(found, file)
            file.flush()
            registered = cli.aws("ecs", "register-task-definition", "--cli-input-json", f"file://{file.name}")["taskDefinition"]
        self.assertIn({"name": "LOGLEVEL", "value": "DEBUG"}, registered["containerDefinitions"][0]["environment"])
        command = ["ecs", "update-service", "--cluster", CLUSTER, "--service", LIKE_SERVICE, "--task-definition", LIKE_SERVICE]
        primary, active = cli.aws(*command)["service"]["deployments"]
        self.assertEqual((primary["status"], primary["desiredCount"], active["status"]), ("PRIMARY", 0, "ACTIVE"))
        wait_until_stable()
        cli.wait("ecs", "services_stable", cluster=CLUSTER, services=LIKE_SERVICE)
        self.assertEqual(the_service()["taskDefinition"], registered["taskDefinitionArn"])
        after = the_task_arns()
        self.assertEqual(len(after), len(before))
        self.assertFalse(set(after) & set(before))

    def test_the_waiter_for_stable_services_waits_for_a_deployment(self):
        deployment = update(forceNewDeployment=True)["deployments"][0]["id"]
        Boto3().wait("ecs", "services_stable", cluster=CLUSTER, services=[LIKE_SERVICE])
        [found] = the_service()["deployments"]
        self.assertEqual((found["id"], found["rolloutState"]), (deployment, "COMPLETED"))

    @with_each_client
    def test_a_stopped_task_is_replaced_and_shows_its_reason(self, client):
        arn = the_task_arns()[0]
        stopping = call("StopTask", client, cluster=CLUSTER, task=arn, reason="a test")["task"]
        self.assertEqual((stopping["desiredStatus"], stopping["stopCode"]), ("STOPPED", "UserInitiated"))
        wait_until("the task has stopped", lambda: the_task(arn)["lastStatus"] == "STOPPED")
        client.wait("ecs", "tasks_stopped", cluster=CLUSTER, tasks=[arn])
        stopped = the_task(arn, client)
        self.assertEqual((stopped["stoppedReason"], stopped["containers"][0]["lastStatus"]), ("a test", "STOPPED"))
        self.assertIn(arn, the_task_arns(client, desiredStatus="STOPPED"))
        wait_until_stable()
        self.assertNotIn(arn, the_task_arns(client))
        started_by = {the_task(it)["startedBy"] for it in the_task_arns()}
        self.assertEqual(started_by, {the_service()["deployments"][0]["id"]})

    @with_each_new_client
    def test_service_deployments_are_listed_described_and_rolled_back(self, client):
        before = the_service()
        arn = update(client, taskDefinition=self.register_broken())["currentServiceDeployment"]
        [found] = call("DescribeServiceDeployments", client, serviceDeploymentArns=[arn])["serviceDeployments"]
        self.assertEqual(found["deploymentCircuitBreaker"]["threshold"], 3)
        wait_until("a rollback", lambda: the_service()["taskDefinition"] == before["taskDefinition"])
        wait_until_stable()
        [found] = call("DescribeServiceDeployments", client, serviceDeploymentArns=[arn])["serviceDeployments"]
        self.assertEqual((found["status"], found["deploymentCircuitBreaker"]["status"]), ("ROLLBACK_SUCCESSFUL", "TRIGGERED"))
        [revision] = call("DescribeServiceRevisions", client, serviceRevisionArns=[found["targetServiceRevision"]["arn"]])["serviceRevisions"]
        self.assertNotEqual(revision["taskDefinition"], before["taskDefinition"])
        parameters = {"cluster": CLUSTER, "service": LIKE_SERVICE}
        listed = call("ListServiceDeployments", client, **parameters)["serviceDeployments"]
        self.assertEqual(listed[0]["serviceDeploymentArn"], arn)
        successful = call("ListServiceDeployments", client, **parameters, status=["SUCCESSFUL"])["serviceDeployments"]
        self.assertEqual(successful, [it for it in listed if it["status"] == "SUCCESSFUL"])
        self.assertGreaterEqual(len(successful), 1)
        self.assert_refused("ConflictException", "", call, "StopServiceDeployment", client, serviceDeploymentArn=arn)

    @with_each_new_client
    def test_a_deployment_is_stopped_by_a_rollback(self, client):
        before = the_service()
        self.addCleanup(update, deploymentConfiguration=before["deploymentConfiguration"])
        # Without the circuit breaker, ECS starts tasks of the broken revision again and again.
        breaker = {"deploymentCircuitBreaker": {"enable": False, "rollback": False}}
        arn = update(taskDefinition=self.register_broken(), deploymentConfiguration=breaker)["currentServiceDeployment"]
        self.assertEqual(call("StopServiceDeployment", client, serviceDeploymentArn=arn), {"serviceDeploymentArn": arn})
        wait_until_stable()
        self.assertEqual(the_service()["taskDefinition"], before["taskDefinition"])
        [found] = call("DescribeServiceDeployments", client, serviceDeploymentArns=[arn])["serviceDeployments"]
        self.assertEqual(found["status"], "ROLLBACK_SUCCESSFUL")

    def register_broken(self):
        """Registers a revision whose program exits, because its port is no number."""
        arn = call("RegisterTaskDefinition", **registration(PORT="none"))["taskDefinition"]["taskDefinitionArn"]
        self.addCleanup(call, "DeregisterTaskDefinition", taskDefinition=arn)
        return arn


if __name__ == "__main__":
    unittest.main()
