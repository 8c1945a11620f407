"""Runs the scripts against MiniStack, and creates some templates in moto. An emulator completes a stack also without its resources:
resources are read back through their own APIs."""

import json
import re
import unittest

import emulators
from resolved import INFRA, OUTPUTS, ROOT, parsed, template_text

EMULATED = ("--set", "Emulated=yes")
SEED = json.loads((ROOT / "lab/seed/mysfits.json").read_text())
SCRIPTS = ["setup", "update", "push-images", "load-ddb", "upload-site", "preflight", "cleanup", "load-generator", "transaction-search", "exercise"]


def setUpModule():
    global cloud
    cloud = emulators.ministack()


def tearDownModule():
    cloud.stop()


def run(case, name, *options, stack, code=0):
    done = cloud.script(name, *options, stack=stack)
    case.assertEqual(code, done.returncode, f"{name} {options}:\n{done.stdout}")
    return done.stdout


def outputs(stack, client):
    told = {}
    for each in client.describe_stacks()["Stacks"]:
        if each["StackName"].startswith(stack + "-") and each["StackStatus"].endswith("COMPLETE"):
            told |= {output["OutputKey"]: output["OutputValue"] for output in each.get("Outputs", [])}
    return told


def stacks(stack):
    found = cloud.client("cloudformation").describe_stacks()["Stacks"]
    return sorted(each["StackName"] for each in found if each["StackName"].startswith(stack + "-"))


def running(stack, service="Like"):
    ecs = cloud.client("ecs")
    [found] = ecs.describe_services(cluster=f"Cluster-{stack}", services=[f"Mythical-{service}-Service-{stack}"])["services"]
    return found, ecs.describe_task_definition(taskDefinition=found["taskDefinition"])["taskDefinition"]


def variables(task):
    return {each["name"]: each["value"] for each in task["containerDefinitions"][0]["environment"]}


class Installed(unittest.TestCase):
    """The resources that exist after one run of setup."""

    maxDiff = None

    @classmethod
    def setUpClass(cls):
        done = cloud.script("setup", *EMULATED, "--set", "Tracing=daemon", "--set", "MetadataProxy=on",
                            "--email", "host@example.com", stack="demo")
        assert done.returncode == 0, done.stdout
        cls.said = done.stdout
        cls.told = outputs("demo", cloud.client("cloudformation"))

    def test_setup_prints_the_address_and_ends_with_success(self):
        last = self.said.rstrip().splitlines()
        self.assertEqual("Success!", last[-1])
        self.assertIn(self.told["LoadBalancerDNS"], self.said)

    def test_the_table_has_both_indexes_and_every_mysfit(self):
        table = cloud.client("dynamodb").describe_table(TableName="MysfitsTable-demo")["Table"]
        indexes = {each["IndexName"]: [key["AttributeName"] for key in each["KeySchema"]]
                   for each in table["GlobalSecondaryIndexes"]}
        self.assertEqual({"LawChaosIndex": ["LawChaos", "MysfitId"], "GoodEvilIndex": ["GoodEvil", "MysfitId"]}, indexes)
        items = cloud.client("dynamodb").scan(TableName="MysfitsTable-demo")["Items"]
        self.assertEqual({each["mysfitId"] for each in SEED}, {each["MysfitId"]["S"] for each in items})
        one = next(each for each in items if each["MysfitId"]["S"] == SEED[0]["mysfitId"])
        self.assertEqual(
            {"MysfitId": {"S": SEED[0]["mysfitId"]}, "Name": {"S": SEED[0]["name"]}, "Species": {"S": SEED[0]["species"]},
             "Age": {"N": str(SEED[0]["age"])}, "GoodEvil": {"S": SEED[0]["goodevil"]},
             "LawChaos": {"S": SEED[0]["lawchaos"]}, "Description": {"S": SEED[0]["description"]},
             "ThumbImageUri": {"S": SEED[0]["thumbImageUri"]}, "ProfileImageUri": {"S": SEED[0]["profileImageUri"]},
             "Likes": {"N": "0"}, "Adopted": {"BOOL": False}}, one)

    def test_a_query_of_the_index_finds_the_mysfits_with_that_alignment(self):
        found = cloud.client("dynamodb").query(
            TableName="MysfitsTable-demo", IndexName="LawChaosIndex", KeyConditionExpression="LawChaos = :v",
            ExpressionAttributeValues={":v": {"S": "Lawful"}})["Items"]
        self.assertEqual({each["mysfitId"] for each in SEED if each["lawchaos"] == "Lawful"},
                         {each["MysfitId"]["S"] for each in found})

    def test_the_load_balancer_sends_likes_to_the_like_service(self):
        elb = cloud.client("elbv2")
        [balancer] = [each for each in elb.describe_load_balancers()["LoadBalancers"]
                      if each["DNSName"] == self.told["LoadBalancerDNS"]]
        [listener] = elb.describe_listeners(LoadBalancerArn=balancer["LoadBalancerArn"])["Listeners"]
        self.assertEqual(80, int(listener["Port"]))
        self.assertEqual(self.told["MonolithTargetGroupArn"], listener["DefaultActions"][0]["TargetGroupArn"])
        [rule] = [each for each in elb.describe_rules(ListenerArn=listener["ListenerArn"])["Rules"]
                  if each["Priority"] == "1"]
        self.assertIn("/mysfits/*/like", json.dumps(rule["Conditions"]))

    def test_task_definitions_have_the_chosen_environment_and_sidecars(self):
        service, task = running("demo")
        self.assertEqual(2, service["desiredCount"])
        self.assertEqual(["like-service", "x-ray-daemon", "metadata-proxy"],
                         [each["name"] for each in task["containerDefinitions"]])
        found = variables(task)
        self.assertEqual(("on", "ERROR", "xray", self.told["LoadBalancerDNS"]), tuple(
            found[key] for key in ("CHAOSMODE", "LOGLEVEL", "OTEL_TRACES_EXPORTER", "MONOLITH_URL")))
        self.assertTrue(task["containerDefinitions"][0]["image"].startswith(self.told["LikeEcrRepo"] + ":"))
        self.assertEqual(self.told["LikeTargetGroupArn"], service["loadBalancers"][0]["targetGroupArn"])
        for container in task["containerDefinitions"]:
            self.assertEqual(("65532:65532", True, ["ALL"]), (
                container["user"], container["readonlyRootFilesystem"], container["linuxParameters"]["capabilities"]["drop"]))
        _, monolith = running("demo", "Monolith")
        self.assertEqual("MysfitsTable-demo", variables(monolith)["DDB_TABLE_NAME"])

    def test_the_monoliths_task_role_may_query_the_indexes(self):
        _, task = running("demo", "Monolith")
        role = task["taskRoleArn"].rsplit("/", 1)[1]
        policy = cloud.client("iam").get_role_policy(RoleName=role, PolicyName="mysfits")["PolicyDocument"]
        self.assertIn("/index/LawChaosIndex", json.dumps(policy))
        self.assertEqual(self.told["MonolithTaskRoleArn"], task["taskRoleArn"])

    def test_every_file_of_the_site_is_uploaded_and_the_page_calls_its_own_origin(self):
        s3, bucket = cloud.client("s3"), self.told["SiteBucket"]
        there = {each["Key"] for each in s3.list_objects_v2(Bucket=bucket)["Contents"]}
        wanted = {str(path.relative_to(ROOT / "web")) for path in (ROOT / "web").rglob("*") if path.is_file()}
        self.assertEqual(wanted, there)
        config = s3.get_object(Bucket=bucket, Key="config.js")
        script = config["Body"].read().decode()
        self.assertIn('export const api = "";', script)
        # All that the page wants to know, as in the lab's own.
        wanted = re.findall(r"export const (\w+)", (ROOT / "web/config.js").read_text())
        self.assertEqual(wanted, re.findall(r"export const (\w+)", script))
        self.assertEqual("no-cache", config["CacheControl"])
        # The page forbids guessing of types.
        self.assertIn("javascript", config["ContentType"])
        picture = s3.get_object(Bucket=bucket, Key="images/dragon.svg")
        self.assertEqual(("image/svg+xml", "public, max-age=86400"), (picture["ContentType"], picture["CacheControl"]))
        self.assertEqual("text/html", s3.get_object(Bucket=bucket, Key="index.html")["ContentType"])

    def test_the_running_images_are_tagged_with_the_hash_of_this_source(self):
        codebuild = cloud.client("codebuild")
        [build] = codebuild.batch_get_builds(
            ids=codebuild.list_builds_for_project(projectName="demo-images")["ids"])["builds"]
        tag = cloud.script("push-images", "--print-tag", stack="demo").stdout.strip()
        self.assertRegex(tag, "^[0-9a-f]{12}$")
        self.assertIn(tag, running("demo")[1]["containerDefinitions"][0]["image"])
        self.assertEqual("SUCCEEDED", build["buildStatus"])
        source = cloud.client("s3").get_object(Bucket=self.told["SourceBucket"], Key="source.zip")["Body"].read()
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
        body = json.loads(cloud.client("cloudwatch").get_dashboard(DashboardName="demo")["DashboardBody"])
        self.assertEqual(7, len(body["widgets"]))


class Likes(unittest.TestCase):
    def test_loading_mysfits_again_keeps_likes_and_reset_clears_them(self):
        stack, table = "likes", "MysfitsTable-likes"
        for name in ("network", "platform", "site"):
            cloud_stack(stack, name)
        run(self, "load-ddb", stack=stack)
        dynamodb, key = cloud.client("dynamodb"), {"MysfitId": {"S": SEED[0]["mysfitId"]}}
        dynamodb.update_item(TableName=table, Key=key, UpdateExpression="SET Likes = :n, Adopted = :t, #n = :other",
                             ExpressionAttributeNames={"#n": "Name"},
                             ExpressionAttributeValues={":n": {"N": "7"}, ":t": {"BOOL": True}, ":other": {"S": "x"}})
        run(self, "load-ddb", stack=stack)
        item = dynamodb.get_item(TableName=table, Key=key)["Item"]
        self.assertEqual(({"N": "7"}, {"BOOL": True}, SEED[0]["name"]), (item["Likes"], item["Adopted"], item["Name"]["S"]))
        run(self, "load-ddb", "--reset", stack=stack)
        item = dynamodb.get_item(TableName=table, Key=key)["Item"]
        self.assertEqual(({"N": "0"}, {"BOOL": False}), (item["Likes"], item["Adopted"]))

        # The site, while the bucket is there: what is no longer in web/ goes.
        bucket = outputs(stack, cloud.client("cloudformation"))["SiteBucket"]
        cloud.client("s3").put_object(Bucket=bucket, Key="images/unicorn.svg", Body=b"")
        cloud.client("s3").put_object(Bucket=bucket, Key="old.html", Body=b"")
        run(self, "upload-site", stack=stack)
        there = {each["Key"] for each in cloud.client("s3").list_objects_v2(Bucket=bucket)["Contents"]}
        self.assertNotIn("images/unicorn.svg", there)
        self.assertNotIn("old.html", there)
        run(self, "cleanup", "--yes", stack=stack)


def given(name, known):
    declared = parsed(template_text(name))["Parameters"]
    return [{"ParameterKey": key, "ParameterValue": known[key]} for key in declared if key in known]


def cloud_stack(stack, name):
    """Creates one stack without the scripts."""
    client = cloud.client("cloudformation")
    known = outputs(stack, client) | {"Workshop": stack, "Emulated": "yes"}
    client.create_stack(StackName=f"{stack}-{name}", TemplateBody=(INFRA / f"{name}.yml").read_text(),
                        Parameters=given(name, known), Capabilities=["CAPABILITY_IAM"])
    client.get_waiter("stack_create_complete").wait(StackName=f"{stack}-{name}", WaiterConfig={"Delay": 1})


class Life(unittest.TestCase):
    """Set-up, updates, removal and a second set-up of one installation."""

    STACK = "life"

    def deploy_like_the_pipeline(self):
        """Registers a revision with another image and raises the desired count, as the pipeline and scaling do without
        CloudFormation."""
        ecs = cloud.client("ecs")
        _, task = running(self.STACK)
        task["containerDefinitions"][0]["image"] = "example.com/like-service:by-the-pipeline"
        kept = {key: task[key] for key in (
            "family", "containerDefinitions", "cpu", "memory", "networkMode", "requiresCompatibilities", "taskRoleArn",
            "executionRoleArn")}
        made = ecs.register_task_definition(**kept)["taskDefinition"]
        ecs.update_service(cluster=f"Cluster-{self.STACK}", service=f"Mythical-Like-Service-{self.STACK}",
                           taskDefinition=made["taskDefinitionArn"], desiredCount=5)
        return made

    def leave_things_behind(self):
        """Creates what a workshop leaves behind: resources that belong to no stack, or that block a deletion."""
        told = outputs(self.STACK, cloud.client("cloudformation"))
        s3 = cloud.client("s3")
        for bucket in (told["SiteBucket"], told["SourceBucket"]):
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
        return told

    def assert_nothing_is_left(self, told):
        self.assertEqual([], stacks(self.STACK))
        buckets = {each["Name"] for each in cloud.client("s3").list_buckets()["Buckets"]}
        self.assertEqual(set(), buckets & {told["SiteBucket"], told["SourceBucket"]})
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

        said = run(self, "setup", *EMULATED, "--dry-run", stack=stack)
        self.assertEqual([], stacks(stack))
        self.assertIn("would run: aws cloudformation deploy", said)

        run(self, "setup", *EMULATED, stack=stack)
        first = running(stack)[1]
        by_pipeline = self.deploy_like_the_pipeline()

        run(self, "update", "LogLevel=DEBUG", stack=stack)
        service, task = running(stack)
        self.assertGreater(task["revision"], by_pipeline["revision"])
        self.assertEqual("DEBUG", variables(task)["LOGLEVEL"])
        self.assertEqual("example.com/like-service:by-the-pipeline", task["containerDefinitions"][0]["image"])
        self.assertEqual(5, service["desiredCount"])
        self.assertEqual(variables(first) | {"LOGLEVEL": "DEBUG"}, variables(task))

        # Again as a whole: all that stays, the level too.
        run(self, "setup", *EMULATED, stack=stack)
        again, same = running(stack)
        self.assertEqual((task["taskDefinitionArn"], 5), (same["taskDefinitionArn"], again["desiredCount"]))
        run(self, "update", "LikeDesiredCount=1", stack=stack)
        self.assertEqual(1, running(stack)[0]["desiredCount"])

        # To the monolith and back: the rule moves after the monolith has learnt, and before it forgets.
        for like_in, switch in (("monolith", "on"), ("service", "off")):
            run(self, "setup", *EMULATED, "--set", f"LikeIn={like_in}", stack=stack)
            self.assertEqual(switch, variables(running(stack, "Monolith")[1])["LIKE_IN_MONOLITH"])

        run(self, "load-generator", "start", stack=stack)
        self.assertIn(f"{stack}-load-generator", stacks(stack))

        told = self.leave_things_behind()
        run(self, "cleanup", "--dry-run", "--yes", stack=stack)
        self.assertIn(f"{stack}-services", stacks(stack))
        self.assertIn("no answer could be read", run(self, "cleanup", stack=stack, code=1))

        # What CloudShell leaves in the VPC, and something with our tag that no stack made.
        interface = cloud.client("ec2").create_network_interface(SubnetId=told["PrivateSubnets"].split(",")[0])
        interface = interface["NetworkInterface"]["NetworkInterfaceId"]
        said = run(self, "cleanup", "--yes", stack=stack, code=1)
        self.assertIn(interface, said)
        self.assertIn("CloudShell", said)
        cloud.client("ec2").delete_network_interface(NetworkInterfaceId=interface)

        cloud.client("sqs").create_queue(QueueName="forgotten", tags={"mythical-mysfits": stack})
        said = run(self, "cleanup", "--yes", stack=stack, code=1)
        self.assertIn("forgotten", said)
        cloud.client("sqs").delete_queue(QueueUrl=cloud.client("sqs").get_queue_url(QueueName="forgotten")["QueueUrl"])

        said = run(self, "cleanup", "--yes", stack=stack)
        self.assertIn("of-a-reader", said)
        self.assertIn(f"No resource of '{stack}' remains", said)
        self.assert_nothing_is_left(told)
        run(self, "cleanup", "--yes", stack=stack)

        said = run(self, "setup", *EMULATED, stack=stack)
        self.assertTrue(said.rstrip().endswith("Success!"))
        self.assertEqual("ERROR", variables(running(stack)[1])["LOGLEVEL"])


class Orders(unittest.TestCase):
    """Options, and the errors about them."""

    def test_every_script_has_help_and_refuses_unknown_options(self):
        for name in SCRIPTS:
            with self.subTest(script=name):
                self.assertIn(f"Usage: infra/script/{name}", run(self, name, "--help", stack="x2"))
                run(self, name, "--nonsense", stack="x2", code=64)
                run(self, name, "--stack", stack="x2", code=64)

    def test_setup_refuses_an_invalid_installation_name(self):
        run(self, "setup", stack="Mysfits", code=64)

    def test_an_unknown_parameter_is_named_in_the_error(self):
        self.assertIn("LogLevle", run(self, "setup", "--set", "LogLevle=DEBUG", stack="x2", code=1))
        self.assertIn("LogLevle", run(self, "update", "LogLevle=DEBUG", stack="x2", code=1))

    def test_scripts_that_need_a_stack_say_that_setup_must_run_first(self):
        for name, options in (("update", ["LogLevel=DEBUG"]), ("load-ddb", []), ("upload-site", []), ("push-images", [])):
            said = run(self, name, *options, stack="nothing", code=1)
            self.assertIn("Run infra/script/setup --stack nothing", said)

    def test_clean_up_fails_if_aws_does_not_answer(self):
        done = cloud.script("cleanup", "--yes", stack="x2", real_cli=True, AWS_ENDPOINT_URL=f"http://127.0.0.1:{emulators.free_port()}")
        self.assertNotEqual(0, done.returncode)
        self.assertIn("cannot be read", done.stdout)
        self.assertNotIn("remains in", done.stdout)


class InMoto(unittest.TestCase):
    """The NAT gateways, which MiniStack lacks, and the table and path rule in a second emulator."""

    @classmethod
    def setUpClass(cls):
        cls.cloud = emulators.moto()
        cls.addClassCleanup(cls.cloud.stop)

    def make(self, stack, name, **chosen):
        client = self.cloud.client("cloudformation")
        known = OUTPUTS | outputs(stack, client) | {"Workshop": stack} | chosen
        client.create_stack(StackName=f"{stack}-{name}", TemplateBody=(INFRA / f"{name}.yml").read_text(),
                            Parameters=given(name, known))

    def test_nat_mode_decides_whether_zones_share_a_nat_gateway(self):
        ec2 = self.cloud.client("ec2")
        for mode, count in (("one", 1), ("two", 2)):
            self.make(f"nat{count}", "network", NatMode=mode)
            vpc = outputs(f"nat{count}", self.cloud.client("cloudformation"))["VpcId"]
            gateways = ec2.describe_nat_gateways(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["NatGateways"]
            self.assertEqual(count, len(gateways))
            tables = ec2.describe_route_tables(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["RouteTables"]
            through = {route["NatGatewayId"] for table in tables for route in table["Routes"] if "NatGatewayId" in route}
            self.assertEqual({each["NatGatewayId"] for each in gateways}, through)
            endpoints = ec2.describe_vpc_endpoints(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["VpcEndpoints"]
            self.assertEqual(2, len(endpoints))

    def test_moto_creates_both_indexes_and_the_weights_of_the_path_rule(self):
        self.make("demo", "network", Emulated="yes")
        self.make("demo", "platform", Emulated="yes")
        table = self.cloud.client("dynamodb").describe_table(TableName="MysfitsTable-demo")["Table"]
        self.assertEqual({"LawChaosIndex", "GoodEvilIndex"}, {each["IndexName"] for each in table["GlobalSecondaryIndexes"]})
        # moto tells no output of a stack where one asks for a load balancer's full name: its resources must do.
        made = {each["LogicalResourceId"]: each["PhysicalResourceId"] for each in self.cloud.client(
            "cloudformation").list_stack_resources(StackName="demo-platform")["StackResourceSummaries"]}
        elb = self.cloud.client("elbv2")
        [rule] = [each for each in elb.describe_rules(ListenerArn=made["Listener"])["Rules"] if each["Priority"] == "1"]
        weights = {each["TargetGroupArn"]: int(each["Weight"])
                   for each in rule["Actions"][0]["ForwardConfig"]["TargetGroups"]}
        self.assertEqual({made["LikeTargetGroup"]: 1, made["MonolithTargetGroup"]: 0}, weights)


if __name__ == "__main__":
    unittest.main()
