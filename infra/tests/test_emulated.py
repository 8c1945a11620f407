"""Runs the scripts against MiniStack, and creates some stacks in moto. An emulator may report a complete stack without creating its
resources. For this reason the tests read the resources through the services' APIs."""

import json
import re
import unittest

import emulators
from resolved import INFRA, OUTPUTS, ROOT, parse_template, template_text

EMULATED = ("--set", "Emulated=yes")
SEED = json.loads((ROOT / "lab/seed/mysfits.json").read_text())
SCRIPTS = ["setup", "update", "push-images", "load-ddb", "upload-site", "preflight", "cleanup", "load-generator", "transaction-search", "exercise"]


def setUpModule():
    global cloud
    cloud = emulators.start_ministack()


def tearDownModule():
    cloud.stop()


def run_script(case, name, *options, stack, code=0, real_cli=False):
    process = cloud.run_script(name, *options, stack=stack, real_cli=real_cli)
    case.assertEqual(code, process.returncode, f"{name} {options}:\n{process.stdout}")
    return process.stdout


def read_outputs(stack, client):
    outputs = {}
    for each in client.describe_stacks()["Stacks"]:
        if each["StackName"].startswith(stack + "-") and each["StackStatus"].endswith("COMPLETE"):
            outputs |= {output["OutputKey"]: output["OutputValue"] for output in each.get("Outputs", [])}
    return outputs


def list_stacks(stack):
    found = cloud.client("cloudformation").describe_stacks()["Stacks"]
    return sorted(each["StackName"] for each in found if each["StackName"].startswith(stack + "-"))


def read_running_service(stack, service="Like"):
    ecs = cloud.client("ecs")
    [found] = ecs.describe_services(cluster=f"Cluster-{stack}", services=[f"Mythical-{service}-Service-{stack}"])["services"]
    return found, ecs.describe_task_definition(taskDefinition=found["taskDefinition"])["taskDefinition"]


def environment_variables(task):
    return {each["name"]: each["value"] for each in task["containerDefinitions"][0]["environment"]}


class Installed(unittest.TestCase):
    """The resources that exist after one run of setup."""

    maxDiff = None

    @classmethod
    def setUpClass(cls):
        process = cloud.run_script("setup", *EMULATED, "--set", "Tracing=daemon", "--set", "MetadataProxy=on",
                            "--email", "host@example.com", stack="demo")
        assert process.returncode == 0, process.stdout
        cls.output = process.stdout
        cls.outputs = read_outputs("demo", cloud.client("cloudformation"))

    def test_setup_prints_the_load_balancer_address_and_success(self):
        lines = self.output.rstrip().splitlines()
        self.assertEqual("Success!", lines[-1])
        self.assertIn(self.outputs["LoadBalancerDNS"], self.output)

    def test_the_table_has_both_indexes_and_every_mysfit(self):
        table = cloud.client("dynamodb").describe_table(TableName="MysfitsTable-demo")["Table"]
        indexes = {each["IndexName"]: [key["AttributeName"] for key in each["KeySchema"]]
                   for each in table["GlobalSecondaryIndexes"]}
        self.assertEqual({"LawChaosIndex": ["LawChaos", "MysfitId"], "GoodEvilIndex": ["GoodEvil", "MysfitId"]}, indexes)
        items = cloud.client("dynamodb").scan(TableName="MysfitsTable-demo")["Items"]
        self.assertEqual({each["mysfitId"] for each in SEED}, {each["MysfitId"]["S"] for each in items})
        item = next(each for each in items if each["MysfitId"]["S"] == SEED[0]["mysfitId"])
        self.assertEqual(
            {"MysfitId": {"S": SEED[0]["mysfitId"]}, "Name": {"S": SEED[0]["name"]}, "Species": {"S": SEED[0]["species"]},
             "Age": {"N": str(SEED[0]["age"])}, "GoodEvil": {"S": SEED[0]["goodevil"]},
             "LawChaos": {"S": SEED[0]["lawchaos"]}, "Description": {"S": SEED[0]["description"]},
             "ThumbImageUri": {"S": SEED[0]["thumbImageUri"]}, "ProfileImageUri": {"S": SEED[0]["profileImageUri"]},
             "Likes": {"N": "0"}, "Adopted": {"BOOL": False}}, item)

    def test_a_query_of_the_alignment_index_returns_the_mysfits_with_this_alignment(self):
        found = cloud.client("dynamodb").query(
            TableName="MysfitsTable-demo", IndexName="LawChaosIndex", KeyConditionExpression="LawChaos = :v",
            ExpressionAttributeValues={":v": {"S": "Lawful"}})["Items"]
        self.assertEqual({each["mysfitId"] for each in SEED if each["lawchaos"] == "Lawful"},
                         {each["MysfitId"]["S"] for each in found})

    def test_the_load_balancer_sends_likes_to_the_like_service(self):
        elb = cloud.client("elbv2")
        [balancer] = [each for each in elb.describe_load_balancers()["LoadBalancers"]
                      if each["DNSName"] == self.outputs["LoadBalancerDNS"]]
        [listener] = elb.describe_listeners(LoadBalancerArn=balancer["LoadBalancerArn"])["Listeners"]
        self.assertEqual(80, int(listener["Port"]))
        self.assertEqual(self.outputs["MonolithTargetGroupArn"], listener["DefaultActions"][0]["TargetGroupArn"])
        [rule] = [each for each in elb.describe_rules(ListenerArn=listener["ListenerArn"])["Rules"]
                  if each["Priority"] == "1"]
        self.assertIn("/mysfits/*/like", json.dumps(rule["Conditions"]))

    def test_task_definitions_have_the_chosen_environment_and_sidecars(self):
        service, task = read_running_service("demo")
        self.assertEqual(2, service["desiredCount"])
        self.assertEqual(["like-service", "x-ray-daemon", "metadata-proxy"],
                         [each["name"] for each in task["containerDefinitions"]])
        found = environment_variables(task)
        self.assertEqual(("on", "ERROR", "xray", self.outputs["LoadBalancerDNS"]), tuple(
            found[key] for key in ("CHAOSMODE", "LOGLEVEL", "OTEL_TRACES_EXPORTER", "MONOLITH_URL")))
        self.assertTrue(task["containerDefinitions"][0]["image"].startswith(self.outputs["LikeEcrRepo"] + ":"))
        self.assertEqual(self.outputs["LikeTargetGroupArn"], service["loadBalancers"][0]["targetGroupArn"])
        for container in task["containerDefinitions"]:
            self.assertEqual(("65532:65532", True, ["ALL"]), (
                container["user"], container["readonlyRootFilesystem"], container["linuxParameters"]["capabilities"]["drop"]))
        _, monolith = read_running_service("demo", "Monolith")
        self.assertEqual("MysfitsTable-demo", environment_variables(monolith)["DDB_TABLE_NAME"])

    def test_the_monolith_task_role_may_query_the_table_indexes(self):
        _, task = read_running_service("demo", "Monolith")
        role = task["taskRoleArn"].rsplit("/", 1)[1]
        policy = cloud.client("iam").get_role_policy(RoleName=role, PolicyName="mysfits")["PolicyDocument"]
        self.assertIn("/index/LawChaosIndex", json.dumps(policy))
        self.assertEqual(self.outputs["MonolithTaskRoleArn"], task["taskRoleArn"])

    def test_every_file_of_the_site_is_uploaded_and_the_page_calls_its_own_origin(self):
        s3, bucket = cloud.client("s3"), self.outputs["SiteBucket"]
        keys = {each["Key"] for each in s3.list_objects_v2(Bucket=bucket)["Contents"]}
        expected = {str(path.relative_to(ROOT / "web")) for path in (ROOT / "web").rglob("*") if path.is_file()}
        self.assertEqual(expected, keys)
        config = s3.get_object(Bucket=bucket, Key="config.js")
        script = config["Body"].read().decode()
        self.assertIn('export const api = "";', script)
        # The uploaded config.js exports the same constants as the lab's config.js.
        expected = re.findall(r"export const (\w+)", (ROOT / "web/config.js").read_text())
        self.assertEqual(expected, re.findall(r"export const (\w+)", script))
        self.assertEqual("no-cache", config["CacheControl"])
        # The response headers forbid content sniffing, so browsers need the right content type.
        self.assertIn("javascript", config["ContentType"])
        picture = s3.get_object(Bucket=bucket, Key="images/dragon.svg")
        self.assertEqual(("image/svg+xml", "public, max-age=86400"), (picture["ContentType"], picture["CacheControl"]))
        self.assertEqual("text/html", s3.get_object(Bucket=bucket, Key="index.html")["ContentType"])

    def test_the_running_images_are_tagged_with_the_hash_of_this_source(self):
        codebuild = cloud.client("codebuild")
        [build] = codebuild.batch_get_builds(
            ids=codebuild.list_builds_for_project(projectName="demo-images")["ids"])["builds"]
        tag = cloud.run_script("push-images", "--print-tag", stack="demo").stdout.strip()
        self.assertRegex(tag, "^[0-9a-f]{12}-aarch64$")
        self.assertIn(tag, read_running_service("demo")[1]["containerDefinitions"][0]["image"])
        self.assertEqual("SUCCEEDED", build["buildStatus"])
        source = cloud.client("s3").get_object(Bucket=self.outputs["SourceBucket"], Key="source.zip")["Body"].read()
        self.assertIn(b"buildspec_prod.yml", source)
        self.assertIn(b"Cargo.lock", source)

    def test_repositories_scan_images_and_have_immutable_tags(self):
        found = {each["repositoryName"]: each for each in cloud.client("ecr").describe_repositories()["repositories"]
                 if each["repositoryName"].startswith("demo/")}
        self.assertEqual({"demo/like-service", "demo/monolith", "demo/metadata-proxy", "demo/build-cache"}, set(found))
        self.assertEqual("IMMUTABLE", found["demo/like-service"]["imageTagMutability"])
        self.assertTrue(found["demo/like-service"]["imageScanningConfiguration"]["scanOnPush"])

    def test_both_log_groups_are_subscribed_to_the_log_search(self):
        for group in ("demo-MythicalLikeLogGroup", "demo-MythicalMonolithLogGroup"):
            [each] = cloud.client("logs").describe_subscription_filters(logGroupName=group)["subscriptionFilters"]
            self.assertTrue(each["destinationArn"].endswith("demo-shipper"))
        [domain] = cloud.client("opensearch").describe_domains(DomainNames=["demo-logs"])["DomainStatusList"]
        self.assertEqual("OpenSearch_3.3", domain["EngineVersion"])

    def test_the_dashboard_has_seven_widgets(self):
        body = json.loads(cloud.client("cloudwatch").get_dashboard(DashboardName=self.outputs["DashboardName"])["DashboardBody"])
        self.assertEqual(7, len(body["widgets"]))


class Likes(unittest.TestCase):
    def test_load_ddb_keeps_likes_and_load_ddb_reset_clears_them(self):
        stack, table = "likes", "MysfitsTable-likes"
        for name in ("network", "platform", "site"):
            create_stack(stack, name)
        run_script(self, "load-ddb", stack=stack)
        dynamodb, key = cloud.client("dynamodb"), {"MysfitId": {"S": SEED[0]["mysfitId"]}}
        dynamodb.update_item(TableName=table, Key=key, UpdateExpression="SET Likes = :n, Adopted = :t, #n = :other",
                             ExpressionAttributeNames={"#n": "Name"},
                             ExpressionAttributeValues={":n": {"N": "7"}, ":t": {"BOOL": True}, ":other": {"S": "x"}})
        run_script(self, "load-ddb", stack=stack)
        item = dynamodb.get_item(TableName=table, Key=key)["Item"]
        self.assertEqual(({"N": "7"}, {"BOOL": True}, SEED[0]["name"]), (item["Likes"], item["Adopted"], item["Name"]["S"]))
        # This call proves that the scripts also work with the installed AWS CLI.
        run_script(self, "load-ddb", "--reset", stack=stack, real_cli=True)
        item = dynamodb.get_item(TableName=table, Key=key)["Item"]
        self.assertEqual(({"N": "0"}, {"BOOL": False}), (item["Likes"], item["Adopted"]))

        # upload-site deletes files in the bucket that are not in web/.
        bucket = read_outputs(stack, cloud.client("cloudformation"))["SiteBucket"]
        cloud.client("s3").put_object(Bucket=bucket, Key="images/unicorn.svg", Body=b"")
        cloud.client("s3").put_object(Bucket=bucket, Key="old.html", Body=b"")
        run_script(self, "upload-site", stack=stack)
        keys = {each["Key"] for each in cloud.client("s3").list_objects_v2(Bucket=bucket)["Contents"]}
        self.assertNotIn("images/unicorn.svg", keys)
        self.assertNotIn("old.html", keys)
        run_script(self, "cleanup", "--yes", stack=stack)


def template_parameters(name, values):
    declared = parse_template(template_text(name))["Parameters"]
    return [{"ParameterKey": key, "ParameterValue": values[key]} for key in declared if key in values]


def create_stack(stack, name):
    """Creates one stack without the scripts."""
    client = cloud.client("cloudformation")
    values = read_outputs(stack, client) | {"Workshop": stack, "Emulated": "yes"}
    client.create_stack(StackName=f"{stack}-{name}", TemplateBody=(INFRA / f"{name}.yml").read_text(),
                        Parameters=template_parameters(name, values), Capabilities=["CAPABILITY_IAM"])
    client.get_waiter("stack_create_complete").wait(StackName=f"{stack}-{name}", WaiterConfig={"Delay": 1})


class Life(unittest.TestCase):
    """Runs setup, update, cleanup and setup again for one installation."""

    STACK = "life"

    def deploy_pipeline_image(self):
        """Registers a revision with another image and raises the desired count, as the pipeline and scaling do without
        CloudFormation."""
        ecs = cloud.client("ecs")
        _, task = read_running_service(self.STACK)
        task["containerDefinitions"][0]["image"] = "example.com/like-service:by-the-pipeline"
        copied_fields = {key: task[key] for key in (
            "family", "containerDefinitions", "cpu", "memory", "networkMode", "requiresCompatibilities", "taskRoleArn",
            "executionRoleArn")}
        revision = ecs.register_task_definition(**copied_fields)["taskDefinition"]
        ecs.update_service(cluster=f"Cluster-{self.STACK}", service=f"Mythical-Like-Service-{self.STACK}",
                           taskDefinition=revision["taskDefinitionArn"], desiredCount=5)
        return revision

    def create_leftovers(self):
        """Creates what a workshop leaves behind: resources that belong to no stack, or that block a deletion."""
        outputs = read_outputs(self.STACK, cloud.client("cloudformation"))
        s3 = cloud.client("s3")
        for bucket in (outputs["SiteBucket"], outputs["SourceBucket"]):
            s3.put_object(Bucket=bucket, Key="of/a/reader", Body=b"1")
            s3.put_object(Bucket=bucket, Key="of/a/reader", Body=b"2")
            s3.delete_object(Bucket=bucket, Key="of/a/reader")
        ecr = cloud.client("ecr")
        ecr.put_image(repositoryName=f"{self.STACK}/like-service", imageTag="x", imageManifest=json.dumps({"schemaVersion": 2}))
        logs = cloud.client("logs")
        for group in (f"/aws/codebuild/{self.STACK}-images", f"/aws/ecs/containerinsights/Cluster-{self.STACK}/performance"):
            logs.create_log_group(logGroupName=group)
        cognito = cloud.client("cognito-idp")
        pool = cognito.create_user_pool(PoolName=f"{self.STACK}-search")["UserPool"]["Id"]
        cognito.create_user_pool_domain(UserPoolId=pool, Domain="left-behind")
        cloud.client("cloudwatch").put_dashboard(DashboardName="of-a-reader", DashboardBody='{"widgets": []}')
        return outputs

    def assert_no_resource_remains(self, outputs):
        self.assertEqual([], list_stacks(self.STACK))
        buckets = {each["Name"] for each in cloud.client("s3").list_buckets()["Buckets"]}
        self.assertEqual(set(), buckets & {outputs["SiteBucket"], outputs["SourceBucket"]})
        repositories = [each["repositoryName"] for each in cloud.client("ecr").describe_repositories()["repositories"]]
        self.assertEqual([], [each for each in repositories if each.startswith(self.STACK + "/")])
        groups = [each["logGroupName"] for each in cloud.client("logs").describe_log_groups()["logGroups"]]
        self.assertEqual([], [each for each in groups if self.STACK in each])
        pools = cloud.client("cognito-idp").list_user_pools(MaxResults=60)["UserPools"]
        self.assertNotIn(f"{self.STACK}-search", [each["Name"] for each in pools])
        active = cloud.client("ecs").list_task_definitions(familyPrefix=f"Mythical-Like-Service-{self.STACK}", status="ACTIVE")
        self.assertEqual([], active["taskDefinitionArns"])

    def test_setup_update_cleanup_and_a_second_setup_succeed(self):
        stack = self.STACK

        output = run_script(self, "setup", *EMULATED, "--dry-run", stack=stack)
        self.assertEqual([], list_stacks(stack))
        self.assertIn("would run: aws cloudformation deploy", output)

        run_script(self, "setup", *EMULATED, stack=stack)
        first_task = read_running_service(stack)[1]
        pipeline_task = self.deploy_pipeline_image()

        run_script(self, "update", "LogLevel=DEBUG", stack=stack)
        service, task = read_running_service(stack)
        self.assertGreater(task["revision"], pipeline_task["revision"])
        self.assertEqual("DEBUG", environment_variables(task)["LOGLEVEL"])
        self.assertEqual("example.com/like-service:by-the-pipeline", task["containerDefinitions"][0]["image"])
        self.assertEqual(5, service["desiredCount"])
        self.assertEqual(environment_variables(first_task) | {"LOGLEVEL": "DEBUG"}, environment_variables(task))

        # A repeated setup keeps the image, the desired count and the log level.
        run_script(self, "setup", *EMULATED, stack=stack)
        service, same_task = read_running_service(stack)
        self.assertEqual((task["taskDefinitionArn"], 5), (same_task["taskDefinitionArn"], service["desiredCount"]))
        run_script(self, "update", "LikeDesiredCount=1", stack=stack)
        self.assertEqual(1, read_running_service(stack)[0]["desiredCount"])

        # setup moves likes to the monolith and back to the Like service.
        for like_in, switch in (("monolith", "on"), ("service", "off")):
            run_script(self, "setup", *EMULATED, "--set", f"LikeIn={like_in}", stack=stack)
            self.assertEqual(switch, environment_variables(read_running_service(stack, "Monolith")[1])["LIKE_IN_MONOLITH"])

        run_script(self, "load-generator", "start", stack=stack)
        self.assertIn(f"{stack}-load-generator", list_stacks(stack))

        outputs = self.create_leftovers()
        run_script(self, "cleanup", "--dry-run", "--yes", stack=stack)
        self.assertIn(f"{stack}-services", list_stacks(stack))
        self.assertIn("no answer could be read", run_script(self, "cleanup", stack=stack, code=1))

        # cleanup reports a network interface like that of a CloudShell environment, and a resource with the installation's tag
        # that belongs to no stack.
        interface = cloud.client("ec2").create_network_interface(SubnetId=outputs["PrivateSubnets"].split(",")[0])
        interface = interface["NetworkInterface"]["NetworkInterfaceId"]
        output = run_script(self, "cleanup", "--yes", stack=stack, code=1)
        self.assertIn(interface, output)
        self.assertIn("CloudShell", output)
        cloud.client("ec2").delete_network_interface(NetworkInterfaceId=interface)

        cloud.client("sqs").create_queue(QueueName="forgotten", tags={"mythical-mysfits": stack})
        output = run_script(self, "cleanup", "--yes", stack=stack, code=1)
        self.assertIn("forgotten", output)
        cloud.client("sqs").delete_queue(QueueUrl=cloud.client("sqs").get_queue_url(QueueName="forgotten")["QueueUrl"])

        output = run_script(self, "cleanup", "--yes", stack=stack)
        self.assertIn("of-a-reader", output)
        self.assertIn(f"No resource of '{stack}' remains", output)
        self.assert_no_resource_remains(outputs)
        run_script(self, "cleanup", "--yes", stack=stack)

        output = run_script(self, "setup", *EMULATED, stack=stack)
        self.assertTrue(output.rstrip().endswith("Success!"))
        self.assertEqual("ERROR", environment_variables(read_running_service(stack)[1])["LOGLEVEL"])


class Orders(unittest.TestCase):
    """Options of the scripts, and errors about wrong options."""

    def test_every_script_has_help_and_refuses_unknown_options(self):
        for name in SCRIPTS:
            with self.subTest(script=name):
                self.assertIn(f"Usage: infra/script/{name}", run_script(self, name, "--help", stack="x2"))
                run_script(self, name, "--nonsense", stack="x2", code=64)
                run_script(self, name, "--stack", stack="x2", code=64)

    def test_setup_refuses_an_invalid_installation_name(self):
        run_script(self, "setup", stack="Mysfits", code=64)

    def test_the_error_about_an_unknown_parameter_contains_its_name(self):
        self.assertIn("LogLevle", run_script(self, "setup", "--set", "LogLevle=DEBUG", stack="x2", code=1))
        self.assertIn("LogLevle", run_script(self, "update", "LogLevle=DEBUG", stack="x2", code=1))

    def test_scripts_without_the_stacks_they_need_ask_for_setup(self):
        for name, options in (("update", ["LogLevel=DEBUG"]), ("load-ddb", []), ("upload-site", []), ("push-images", [])):
            output = run_script(self, name, *options, stack="nothing", code=1)
            self.assertIn("Run infra/script/setup --stack nothing", output)

    def test_cleanup_fails_if_aws_does_not_respond(self):
        process = cloud.run_script("cleanup", "--yes", stack="x2", real_cli=True, AWS_ENDPOINT_URL=f"http://127.0.0.1:{emulators.free_port()}")
        self.assertNotEqual(0, process.returncode)
        self.assertIn("cannot be read", process.stdout)
        self.assertNotIn("remains in", process.stdout)


class InMoto(unittest.TestCase):
    """Creates NAT gateways, which MiniStack does not support, and the table and path rule in moto."""

    @classmethod
    def setUpClass(cls):
        cls.cloud = emulators.start_moto()
        cls.addClassCleanup(cls.cloud.stop)

    def create_stack(self, stack, name, **chosen):
        client = self.cloud.client("cloudformation")
        values = OUTPUTS | read_outputs(stack, client) | {"Workshop": stack} | chosen
        client.create_stack(StackName=f"{stack}-{name}", TemplateBody=(INFRA / f"{name}.yml").read_text(),
                            Parameters=template_parameters(name, values))

    def test_nat_mode_decides_whether_zones_share_a_nat_gateway(self):
        ec2 = self.cloud.client("ec2")
        for mode, count in (("one", 1), ("two", 2)):
            self.create_stack(f"nat{count}", "network", NatMode=mode)
            vpc = read_outputs(f"nat{count}", self.cloud.client("cloudformation"))["VpcId"]
            gateways = ec2.describe_nat_gateways(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["NatGateways"]
            self.assertEqual(count, len(gateways))
            tables = ec2.describe_route_tables(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["RouteTables"]
            gateway_ids = {route["NatGatewayId"] for table in tables for route in table["Routes"] if "NatGatewayId" in route}
            self.assertEqual({each["NatGatewayId"] for each in gateways}, gateway_ids)
            endpoints = ec2.describe_vpc_endpoints(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["VpcEndpoints"]
            self.assertEqual(2, len(endpoints))

    def test_moto_creates_both_indexes_and_the_weights_of_the_path_rule(self):
        self.create_stack("demo", "network", Emulated="yes")
        self.create_stack("demo", "platform", Emulated="yes")
        table = self.cloud.client("dynamodb").describe_table(TableName="MysfitsTable-demo")["Table"]
        self.assertEqual({"LawChaosIndex", "GoodEvilIndex"}, {each["IndexName"] for each in table["GlobalSecondaryIndexes"]})
        # moto returns no outputs of a stack with an output LoadBalancerFullName, so the test reads the stack's resources.
        resource_ids = {each["LogicalResourceId"]: each["PhysicalResourceId"] for each in self.cloud.client(
            "cloudformation").list_stack_resources(StackName="demo-platform")["StackResourceSummaries"]}
        elb = self.cloud.client("elbv2")
        [rule] = [each for each in elb.describe_rules(ListenerArn=resource_ids["Listener"])["Rules"] if each["Priority"] == "1"]
        weights = {each["TargetGroupArn"]: int(each["Weight"])
                   for each in rule["Actions"][0]["ForwardConfig"]["TargetGroups"]}
        self.assertEqual({resource_ids["LikeTargetGroup"]: 1, resource_ids["MonolithTargetGroup"]: 0}, weights)


if __name__ == "__main__":
    unittest.main()
