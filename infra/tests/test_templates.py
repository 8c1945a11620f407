"""Checks properties of resolved templates that the exercises and the workshop's security require."""

import json
import re
import unittest

import jmespath
import yaml
from resolved import (
    INFRA, OUTPUTS, ROOT, STACKS, all_variants, resources_of_type, parse_template, resolve, resources, template_text)

PROXY = {"MetadataProxy": "on", "MetadataProxyImage": "proxy:1"}


def containers(task="LikeTaskDefinition", **overrides):
    properties = resources("services", **overrides)[task]["ContainerDefinitions"]
    return {container["Name"]: container for container in properties}


def environment(service="Like", **overrides):
    name = {"Like": "like-service", "Monolith": "monolith-service"}[service]
    found = containers(f"{service}TaskDefinition", **overrides)[name]["Environment"]
    return {each["Name"]: each["Value"] for each in found}


class Network(unittest.TestCase):
    def test_nat_mode_chooses_one_shared_or_two_nat_gateways(self):
        one, two = resources("network"), resources("network", NatMode="two")
        self.assertEqual(("NatA", "NatA"), (one["PrivateRouteA"]["NatGatewayId"], one["PrivateRouteB"]["NatGatewayId"]))
        self.assertNotIn("NatB", one)
        self.assertEqual(("NatA", "NatB"), (two["PrivateRouteA"]["NatGatewayId"], two["PrivateRouteB"]["NatGatewayId"]))
        self.assertEqual(("PublicSubnetA", "PublicSubnetB"), (two["NatA"]["SubnetId"], two["NatB"]["SubnetId"]))

    def test_private_subnets_have_gateway_endpoints_for_s3_and_dynamodb(self):
        endpoints = resources_of_type("network", "AWS::EC2::VPCEndpoint")
        services = {each["ServiceName"].rsplit(".", 1)[1]: each for each in endpoints.values()}
        self.assertEqual({"s3", "dynamodb"}, set(services))
        for each in services.values():
            self.assertEqual("Gateway", each["VpcEndpointType"])
            self.assertEqual(["PrivateRouteTableA", "PrivateRouteTableB"], each["RouteTableIds"])

    def test_subnets_are_in_the_zones_of_the_parameters(self):
        """Not every zone of a region has Fargate for ARM64, so infra/script/setup chooses two zones by their ids."""
        properties = resources("network", ZoneA="eu-west-1c", ZoneB="eu-west-1b")
        zones = {name: each["AvailabilityZone"] for name, each in properties.items() if "AvailabilityZone" in each}
        self.assertEqual({"PublicSubnetA": "eu-west-1c", "PrivateSubnetA": "eu-west-1c",
                          "PublicSubnetB": "eu-west-1b", "PrivateSubnetB": "eu-west-1b"}, zones)

    def test_the_network_has_two_different_zones(self):
        """A load balancer needs subnets in two zones, and a subnet cannot change its zone:
        https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_CreateLoadBalancer.html (Subnets)"""
        for overrides in ({"ZoneA": "eu-west-1a"}, {"ZoneB": "eu-west-1a"}, {"ZoneA": "eu-west-1a", "ZoneB": "eu-west-1a"}):
            with self.subTest(overrides=overrides), self.assertRaisesRegex(ValueError, "two different zones"):
                resources("network", **overrides)

    def test_the_security_group_of_the_shells_has_no_inbound_rule(self):
        self.assertNotIn("SecurityGroupIngress", resources("network")["WorkshopShell"])


class Platform(unittest.TestCase):
    def test_the_path_rule_forwards_likes_and_the_default_is_the_monolith(self):
        properties = resources("platform")
        self.assertEqual("/mysfits/*/like", properties["LikeRule"]["Conditions"][0]["PathPatternConfig"]["Values"][0])
        self.assertEqual(1, properties["LikeRule"]["Priority"])
        self.assertEqual("MonolithTargetGroup", properties["Listener"]["DefaultActions"][0]["TargetGroupArn"])

    def test_like_in_changes_the_weights_and_keeps_both_target_groups_attached(self):
        for like_in, weights in (("service", [1, 0]), ("monolith", [0, 1])):
            [action] = resources("platform", LikeIn=like_in)["LikeRule"]["Actions"]
            groups = action["ForwardConfig"]["TargetGroups"]
            self.assertEqual(["LikeTargetGroup", "MonolithTargetGroup"], [each["TargetGroupArn"] for each in groups])
            self.assertEqual(weights, [each["Weight"] for each in groups])

    def test_health_checks_have_the_values_of_the_exercises(self):
        for group in resources_of_type("platform", "AWS::ElasticLoadBalancingV2::TargetGroup").values():
            self.assertEqual(("/", 10, 3, 3, 8080), tuple(group[key] for key in (
                "HealthCheckPath", "HealthCheckIntervalSeconds", "HealthyThresholdCount", "UnhealthyThresholdCount", "Port")))

    def test_the_tables_indexes_equal_those_of_the_lab(self):
        table = resources("platform")["MysfitsTable"]
        lab = (ROOT / "lab/src/scenario/mysfits/table.rs").read_text()
        for index in table["GlobalSecondaryIndexes"]:
            attribute = index["IndexName"].removesuffix("Index")
            self.assertIn(f'index("{attribute}")', lab)
            self.assertEqual([attribute, "MysfitId"], [key["AttributeName"] for key in index["KeySchema"]])
            self.assertEqual("ALL", index["Projection"]["ProjectionType"])
        self.assertEqual(2, len(table["GlobalSecondaryIndexes"]))

    def test_container_insights_shows_tasks_and_containers(self):
        self.assertEqual([{"Name": "containerInsights", "Value": "enhanced"}], resources("platform")["Cluster"]["ClusterSettings"])

    def test_the_cluster_has_no_capacity_providers(self):
        """In a new account CreateCluster creates the service-linked role of ECS asynchronously, but capacity providers need the role at once:
        https://github.com/aws-cloudformation/cloudformation-coverage-roadmap/issues/818"""
        for kind in ("AWS::ECS::ClusterCapacityProviderAssociations", "AWS::ECS::CapacityProvider"):
            self.assertEqual({}, resources_of_type("platform", kind))
        self.assertEqual(set(), {"CapacityProviders", "DefaultCapacityProviderStrategy"} & set(resources("platform")["Cluster"]))

    def test_cluster_and_log_group_have_the_names_of_the_exercises(self):
        properties = resources("platform", Workshop="demo")
        self.assertEqual("Cluster-demo", properties["Cluster"]["ClusterName"])
        self.assertEqual("demo-MythicalLikeLogGroup", properties["LikeLogGroup"]["LogGroupName"])

    def test_images_are_scanned_and_only_the_build_cache_has_mutable_tags(self):
        for name, each in resources_of_type("platform", "AWS::ECR::Repository").items():
            self.assertTrue(each["ImageScanningConfiguration"]["ScanOnPush"])
            self.assertTrue(each["EmptyOnDelete"])
            expected = "MUTABLE" if name == "BuildCacheRepository" else "IMMUTABLE"
            self.assertEqual(expected, each["ImageTagMutability"])
            # ECR expires images by their number or age, also if a task definition refers to them. A rollback needs the image of the last
            # update, and the pipeline pushes an image for each commit:
            # https://docs.aws.amazon.com/AmazonECR/latest/userguide/LifecyclePolicies.html
            [rule] = json.loads(each["LifecyclePolicy"]["LifecyclePolicyText"])["rules"]
            if expected == "IMMUTABLE":
                self.assertEqual(("imageCountMoreThan", 100), (rule["selection"]["countType"], rule["selection"]["countNumber"]))


class Search(unittest.TestCase):
    def test_a_new_engine_version_upgrades_the_domain_in_place(self):
        """Without this policy CloudFormation replaces the domain, and fails, because the old domain still has the name:
        https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-attribute-updatepolicy.html#cfn-attributes-updatepolicy-upgradeopensearchdomain"""
        self.assertEqual({"EnableVersionUpgrade": True}, resolve("search")["Resources"]["Domain"]["UpdatePolicy"])


class Site(unittest.TestCase):
    def test_cloudfront_forwards_api_calls_of_the_page_to_the_load_balancer(self):
        config = resources("site")["Distribution"]["DistributionConfig"]
        origins = {each["Id"]: each for each in config["Origins"]}
        [likes] = config["CacheBehaviors"]
        self.assertEqual("/mysfits*", likes["PathPattern"])
        self.assertEqual("lb.example.com", origins[likes["TargetOriginId"]]["DomainName"])
        self.assertIn("POST", likes["AllowedMethods"])
        self.assertEqual("OriginAccessControl.Id", origins["site"]["OriginAccessControlId"])

    def test_the_site_has_the_response_headers_of_the_lab(self):
        headers = resources("site")["SiteHeaders"]["ResponseHeadersPolicyConfig"]["SecurityHeadersConfig"]
        lab = (ROOT / "lab/src/site.rs").read_text()
        [policy] = re.findall(r'"(default-src .*?)"\n', lab, re.DOTALL)
        policy = re.sub(r"\\\n\s*", "", policy).replace(" {alb}", "")
        self.assertEqual(policy, headers["ContentSecurityPolicy"]["ContentSecurityPolicy"])
        self.assertIn("ContentTypeOptions", headers)

    def test_only_cloudfront_may_read_the_site_bucket(self):
        properties = resources("site")
        self.assertEqual({True}, set(properties["SiteBucket"]["PublicAccessBlockConfiguration"].values()))
        allowed = [each for each in properties["SiteBucketPolicy"]["PolicyDocument"]["Statement"] if each["Effect"] == "Allow"]
        [read] = allowed
        self.assertEqual({"Service": "cloudfront.amazonaws.com"}, read["Principal"])
        self.assertIn("distribution/Distribution", read["Condition"]["StringEquals"]["aws:SourceArn"])

    def test_no_stack_except_the_site_has_cloudfront_resources(self):
        """AWS refuses new accounts: "Your account must be verified before you can add new CloudFront resources"
        (https://github.com/aws-samples/aws-cdk-examples/issues/279), and CloudFormation rolls back the rest of that stack."""
        for stack in STACKS:
            kinds = {each["Type"] for each in resolve(stack)["Resources"].values()}
            if stack != "site":
                self.assertEqual(set(), {kind for kind in kinds if "CloudFront" in kind}, stack)
        given = parse_template(template_text("site"))["Outputs"]
        for stack in STACKS:
            self.assertEqual(set(), set(given) & set(parse_template(template_text(stack))["Parameters"]))


class Services(unittest.TestCase):
    def test_by_default_chaos_is_on_the_log_level_is_error_and_tracing_is_off(self):
        found = environment()
        self.assertEqual(("on", "ERROR", "8080"), (found["CHAOSMODE"], found["LOGLEVEL"], found["PORT"]))
        self.assertEqual("lb.example.com", found["MONOLITH_URL"])
        self.assertEqual("none", found["OTEL_TRACES_EXPORTER"])
        self.assertNotIn("CHAOS_SEED", found)
        self.assertEqual(["like-service"], list(containers()))
        self.assertEqual(["monolith-service"], list(containers("MonolithTaskDefinition")))

    def test_each_parameter_sets_its_environment_variable(self):
        for overrides, service, variable, value in (
            ({"LogLevel": "DEBUG"}, "Like", "LOGLEVEL", "DEBUG"),
            ({"LogLevel": "DEBUG"}, "Monolith", "LOGLEVEL", "DEBUG"),
            ({"ChaosMode": "off"}, "Like", "CHAOSMODE", "off"),
            ({"ChaosReveal": "off"}, "Like", "CHAOS_REVEAL", "off"),
            ({"ChaosSeed": "42"}, "Like", "CHAOS_SEED", "42"),
            ({"Tracing": "daemon"}, "Like", "OTEL_TRACES_EXPORTER", "xray"),
            ({"Tracing": "otlp"}, "Monolith", "OTEL_TRACES_EXPORTER", "otlp"),
            ({"Tracing": "cloudwatch"}, "Like", "OTEL_TRACES_EXPORTER", "otlp"),
            ({"TraceHealthChecks": "on"}, "Like", "TRACE_HEALTH_CHECKS", "on"),
            ({"TraceHealthChecks": "on"}, "Monolith", "TRACE_HEALTH_CHECKS", "on"),
            ({}, "Like", "TRACE_HEALTH_CHECKS", "off"),
            ({"LikeIn": "monolith"}, "Monolith", "LIKE_IN_MONOLITH", "on"),
            ({}, "Monolith", "LIKE_IN_MONOLITH", "off"),
            ({}, "Monolith", "DDB_TABLE_NAME", "MysfitsTable-mysfits"),
            ({"MonolithAddress": "cloudmap"}, "Like", "MONOLITH_URL", "monolith.mysfits.internal:8080"),
        ):
            with self.subTest(overrides=overrides, variable=variable):
                self.assertEqual(value, environment(service, **overrides)[variable])

    def test_the_services_read_every_environment_variable_of_the_task_definitions(self):
        sources = "".join(path.read_text() for crate in ("like-service", "monolith", "http-shell", "telemetry")
                          for path in (ROOT / crate / "src").rglob("*.rs"))
        for service in ("Like", "Monolith"):
            for variable in environment(service, ChaosSeed="1"):
                # The AWS SDK and OpenTelemetry read these variables.
                if not variable.startswith(("AWS_REGION", "OTEL_EXPORTER_OTLP_")):
                    self.assertRegex(sources, rf"(?i)\b{variable}\b")

    def test_tasks_have_256_cpu_units_512_mib_and_the_chosen_architecture(self):
        for architecture in ("ARM64", "X86_64"):
            for task in resources_of_type("services", "AWS::ECS::TaskDefinition", CpuArchitecture=architecture).values():
                self.assertEqual(("256", "512", architecture),
                                 (task["Cpu"], task["Memory"], task["RuntimePlatform"]["CpuArchitecture"]))
                self.assertNotEqual(task["TaskRoleArn"], task["ExecutionRoleArn"])

    def test_the_collector_receives_the_daemon_protocol_and_otlp(self):
        for tracing in ("daemon", "otlp", "cloudwatch"):
            for task in ("LikeTaskDefinition", "MonolithTaskDefinition"):
                sidecar = containers(task, Tracing=tracing)["x-ray-daemon"]
                self.assertFalse(sidecar["Essential"])
                self.assertIn({"ContainerPort": 2000, "Protocol": "udp"}, sidecar["PortMappings"])
                [text] = [each["Value"] for each in sidecar["Environment"] if each["Name"] == "AOT_CONFIG_CONTENT"]
                config = yaml.safe_load(text)
                self.assertEqual("127.0.0.1:2000", config["receivers"]["awsxray"]["endpoint"])
                self.assertEqual("127.0.0.1:2000", config["receivers"]["awsxray"]["proxy_server"]["endpoint"])
                self.assertEqual("127.0.0.1:4318", config["receivers"]["otlp"]["protocols"]["http"]["endpoint"])
                for part in ("receivers", "processors", "exporters"):
                    self.assertEqual(set(config[part]), set(config["service"]["pipelines"]["traces"][part]))
                self.assertEqual(set(config.get("extensions", {})), set(config["service"].get("extensions", [])))
                # The memory limiter works only with a limit below the container's memory.
                self.assertLess(config["processors"]["memory_limiter"]["limit_mib"], sidecar["Memory"])
                self.assertEqual((256, {"Enabled": True, "RestartAttemptPeriod": 60}), (sidecar["Memory"], sidecar["RestartPolicy"]))

    def test_tracing_in_cloudwatch_sends_signed_otlp_to_the_x_ray_endpoint(self):
        """https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch-OTLPEndpoint.html"""
        sidecar = containers(Tracing="cloudwatch")["x-ray-daemon"]
        variables = {each["Name"]: each["Value"] for each in sidecar["Environment"]}
        config = yaml.safe_load(variables["AOT_CONFIG_CONTENT"])
        exporter = config["exporters"]["otlp_http"]
        self.assertEqual("https://xray.${env:AWS_REGION}.amazonaws.com/v1/traces", exporter["traces_endpoint"])
        self.assertEqual("eu-west-1", variables["AWS_REGION"])
        self.assertEqual("xray", config["extensions"][exporter["auth"]["authenticator"]]["service"])

    def test_only_the_shells_reach_the_metadata_proxy_and_it_has_128_mib(self):
        self.assertEqual(128, containers(**PROXY)["metadata-proxy"]["Memory"])
        properties = resources("services", **PROXY)
        for name, group in (("LikeMetadata", "LikeSecurityGroup"), ("MonolithMetadata", "MonolithSecurityGroup")):
            self.assertEqual((8001, f"{group}.GroupId", OUTPUTS["WorkshopShellSecurityGroup"]),
                             (properties[name]["FromPort"], properties[name]["GroupId"], properties[name]["SourceSecurityGroupId"]))

    def test_workshop_shells_reach_port_8001_of_tasks_without_the_metadata_proxy_parameter(self):
        """In exercises 1.1 to 1.4 participants add the sidecar in the console, so its port must already be open."""
        rules = resources_of_type("services", "AWS::EC2::SecurityGroupIngress")
        self.assertEqual(dict.fromkeys(("LikeMetadata", "MonolithMetadata"), (8001, OUTPUTS["WorkshopShellSecurityGroup"])),
                         {name: (each["FromPort"], each["SourceSecurityGroupId"]) for name, each in rules.items()})

    def test_the_outputs_contain_every_image_of_the_task_definitions(self):
        properties = resolve("services", **PROXY)
        images = {container["Name"]: container["Image"] for overrides in (PROXY, {"Tracing": "daemon"})
                  for container in containers(**overrides).values()}
        values = {name: each["Value"] for name, each in properties["Outputs"].items()}
        self.assertEqual(images, {"like-service": values["LikeImageUri"], "metadata-proxy": values["MetadataProxyImageUri"],
                                  "x-ray-daemon": values["TracingImageUri"]})

    def test_only_the_load_balancer_reaches_the_service_port_of_tasks(self):
        for name in ("LikeSecurityGroup", "MonolithSecurityGroup"):
            [rule] = resources("services")[name]["SecurityGroupIngress"]
            self.assertEqual((8080, OUTPUTS["LoadBalancerSecurityGroup"]), (rule["FromPort"], rule["SourceSecurityGroupId"]))

    def test_cloud_map_gives_the_monolith_a_name_and_opens_its_port_to_the_like_service(self):
        properties = resources("services", MonolithAddress="cloudmap")
        self.assertEqual("mysfits.internal", properties["Namespace"]["Name"])
        self.assertEqual("monolith", properties["MonolithName"]["Name"])
        self.assertEqual([{"RegistryArn": "MonolithName.Arn"}], properties["MonolithService"]["ServiceRegistries"])
        self.assertEqual("LikeSecurityGroup.GroupId", properties["MonolithFromLike"]["SourceSecurityGroupId"])
        self.assertEqual("MonolithSecurityGroup.GroupId", properties["LikeToMonolith"]["DestinationSecurityGroupId"])
        self.assertEqual([], resources("services")["MonolithService"]["ServiceRegistries"])

    def test_the_cloud_map_name_outlives_the_like_tasks_that_use_it(self):
        """CloudFormation updates the monolith before the Like service. With alb-registered both addresses work, and the change from
        there to alb does not replace the Like tasks."""
        cloudmap, registered, alb = (resolve("services", MonolithAddress=each) for each in ("cloudmap", "alb-registered", "alb"))
        self.assertEqual("lb.example.com", environment(MonolithAddress="alb-registered")["MONOLITH_URL"])
        for name in set(cloudmap["Resources"]) - {"LikeTaskDefinition"}:
            self.assertEqual(cloudmap["Resources"][name], registered["Resources"].get(name), name)
        for name in ("LikeTaskDefinition", "LikeService"):
            self.assertEqual(alb["Resources"][name], registered["Resources"][name])
        self.assertEqual("monolith.mysfits.internal", cloudmap["Outputs"]["MonolithCloudMapName"]["Value"])
        self.assertIn("MonolithCloudMapName", registered["Outputs"])
        self.assertNotIn("MonolithCloudMapName", alb["Outputs"])

    def test_cloud_map_gets_the_health_of_tasks_from_ecs(self):
        """Without this configuration Cloud Map also returns the addresses of unhealthy tasks, and the configuration cannot be added to
        an existing service: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-discovery.html,
        https://docs.aws.amazon.com/cloud-map/latest/api/API_CreateService.html (HealthCheckCustomConfig)"""
        name = resources("services", MonolithAddress="cloudmap")["MonolithName"]
        self.assertEqual({"FailureThreshold": 1}, name["HealthCheckCustomConfig"])
        self.assertIn("HealthCheck", containers("MonolithTaskDefinition")["monolith-service"])

    def test_deployments_keep_old_tasks_until_new_tasks_are_healthy(self):
        for name, each in resources_of_type("services", "AWS::ECS::Service").items():
            self.assertIn(name.removesuffix("Service"), ("Like", "Monolith"))
            self.assertEqual("ENABLED", each["AvailabilityZoneRebalancing"])
            alarms = each["DeploymentConfiguration"].pop("Alarms", None)
            self.assertEqual({"AlarmNames": ["LikesFail"], "Enable": True, "Rollback": True} if name == "LikeService" else None, alarms)
            self.assertEqual(
                {"MinimumHealthyPercent": 100, "MaximumPercent": 200,
                 "DeploymentCircuitBreaker": {"Enable": True, "Rollback": True}},
                each["DeploymentConfiguration"])
            self.assertEqual("DISABLED", each["NetworkConfiguration"]["AwsvpcConfiguration"]["AssignPublicIp"])
            self.assertIn(f"Mythical-{name.removesuffix('Service')}-Service", each["ServiceName"])
            self.assertEqual(8080, each["LoadBalancers"][0]["ContainerPort"])

    def test_the_stop_timeout_is_longer_than_draining_requests_and_flushing_telemetry(self):
        for task, name in (("LikeTaskDefinition", "like-service"), ("MonolithTaskDefinition", "monolith-service")):
            container = containers(task)[name]
            [grace] = [each["Value"] for each in container["Environment"] if each["Name"] == "SHUTDOWN_GRACE_SECONDS"]
            # Flushing telemetry takes up to 4 s.
            self.assertGreater(container["StopTimeout"], int(grace) + 4)
            self.assertLess(container["StopTimeout"], 121)

    def test_the_documented_reset_names_every_parameter_of_the_exercises(self):
        text = template_text("services")
        section = text.split("# The exercises change the following parameters.")[1].split("\n\n")[0]
        parameters = parse_template(text)["Parameters"]
        # update does not change LikeIn and CpuArchitecture. The exercises do not change the seed.
        names = [*re.findall(r"^  (\w+):$", section, re.MULTILINE), "LikeDesiredCount", "MonolithDesiredCount"]
        names = [name for name in names if name not in ("ChaosSeed", "LikeIn", "CpuArchitecture")]
        [reset] = re.findall(r"infra/script/update Scaling=none\ninfra/script/update (.*)\n", (ROOT / "docs/hosts.md").read_text())
        self.assertEqual({f"{name}={parameters[name]['Default']}" for name in names}, set(reset.split()))

    def test_a_parameter_value_that_is_not_allowed_is_refused(self):
        for overrides in ({"LogLevel": "LOUD"}, {"Tracing": "on"}, {"Scaling": "up"}, {"ChaosMode": "maybe"},
                       {"CpuArchitecture": "arm"}, {"LikeIn": "both"}, {"MonolithAddress": "dns"}, {"Workshop": "Mysfits"}):
            with self.subTest(overrides=overrides), self.assertRaises(ValueError):
                resources("services", **overrides)
        with self.assertRaisesRegex(ValueError, "requires MetadataProxyImage"):
            resources("services", MetadataProxy="on")


class EveryService(unittest.TestCase):
    # "To remove this property from your service resource, specify an empty … array":
    # https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-ecs-service.html
    KEPT_IF_ABSENT = {"CapacityProviderStrategy", "LoadBalancers", "PlacementConstraints", "PlacementStrategies", "ServiceRegistries",
                      "VolumeConfigurations"}

    def test_an_update_can_remove_each_list_of_a_service(self):
        """An update keeps a list that is absent in the new template. An empty list removes it."""
        keys = {}
        for stack, number, overrides in all_variants():
            for name, each in resources_of_type(stack, "AWS::ECS::Service", **overrides).items():
                found = self.KEPT_IF_ABSENT & set(each)
                self.assertEqual(keys.setdefault((stack, name), found), found, f"variant {number} of {stack}.{name}")
        self.assertEqual(3, len(keys))

    def test_a_failed_deployment_of_every_service_ends_and_is_rolled_back(self):
        """Without a circuit breaker CloudFormation waits for hours for a service whose tasks do not start:
        https://github.com/aws-cloudformation/cloudformation-coverage-roadmap/issues/150"""
        for stack, _, overrides in all_variants():
            for name, each in resources_of_type(stack, "AWS::ECS::Service", **overrides).items():
                self.assertEqual({"Enable": True, "Rollback": True}, each["DeploymentConfiguration"]["DeploymentCircuitBreaker"], name)

    def test_an_update_never_runs_two_load_generators(self):
        """ECS does not rebalance services with a maximum of 100 percent:
        https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-rebalancing.html"""
        service = resources("load-generator")["Service"]
        self.assertEqual((0, 100), tuple(service["DeploymentConfiguration"][key] for key in ("MinimumHealthyPercent", "MaximumPercent")))
        self.assertEqual("DISABLED", service["AvailabilityZoneRebalancing"])


class EveryContainer(unittest.TestCase):
    def test_every_container_is_unprivileged_and_logs_without_blocking(self):
        container_names = set()
        for stack, _, overrides in all_variants():
            for task in resources_of_type(stack, "AWS::ECS::TaskDefinition", **overrides).values():
                self.assertLessEqual(sum(each["Memory"] for each in task["ContainerDefinitions"]), int(task["Memory"]))
                for container in task["ContainerDefinitions"]:
                    container_names.add(container["Name"])
                    self.assertEqual("65532:65532", container["User"])
                    self.assertIs(True, container["ReadonlyRootFilesystem"])
                    self.assertEqual({"Capabilities": {"Drop": ["ALL"]}}, container["LinuxParameters"])
                    self.assertEqual("awslogs", container["LogConfiguration"]["LogDriver"])
                    # The default mode changed in 2025, and an account setting changes it too:
                    # https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-account-settings.html#default-log-driver-mode
                    options = container["LogConfiguration"]["Options"]
                    self.assertEqual(("non-blocking", "4m"), (options["mode"], options["max-buffer-size"]))
        self.assertEqual({"like-service", "monolith-service", "x-ray-daemon", "metadata-proxy", "load-generator"}, container_names)


class Build(unittest.TestCase):
    def test_both_build_projects_differ_only_in_source_artifacts_role_and_the_repository_of_the_metadata_proxy(self):
        properties = resources("build")
        images, pipeline = properties["ImagesProject"], properties["PipelineProject"]
        self.assertEqual(("S3", "CODEPIPELINE"), (images["Source"].pop("Type"), pipeline["Source"].pop("Type")))
        self.assertEqual("SourceBucket/source.zip", images["Source"].pop("Location"))
        self.assertEqual("CODEPIPELINE", pipeline["Artifacts"]["Type"])
        for differs in ("Name", "Description", "Artifacts", "ServiceRole"):
            del images[differs], pipeline[differs]
        # The pipeline does not build the metadata proxy.
        variables = images["Environment"]["EnvironmentVariables"]
        variables[:] = [each for each in variables if each["Name"] != "METADATA_PROXY_REPOSITORY"]
        self.assertEqual(images, pipeline)

    def test_the_build_machine_has_the_processor_architecture_of_the_tasks(self):
        for architecture, kind, image in (("ARM64", "ARM_CONTAINER", "aarch64"), ("X86_64", "LINUX_CONTAINER", "x86_64")):
            environment = resources("build", CpuArchitecture=architecture)["ImagesProject"]["Environment"]
            self.assertEqual(kind, environment["Type"])
            self.assertIn(image, environment["Image"])
            self.assertTrue(environment["PrivilegedMode"])
            self.assertEqual(image, resolve("build", CpuArchitecture=architecture)["Outputs"]["ImageArchitecture"]["Value"])

    def test_a_build_may_take_three_hours(self):
        for project in ("ImagesProject", "PipelineProject"):
            # https://docs.aws.amazon.com/codebuild/latest/APIReference/API_CreateProject.html: at most 2160.
            self.assertIn(resources("build")[project]["TimeoutInMinutes"], range(180, 2161))

    def test_the_build_stack_creates_the_source_repository_before_the_pipeline_stack(self):
        """https://docs.aws.amazon.com/codepipeline/latest/userguide/pipelines-create.html: a pipeline starts to run after its
        creation."""
        self.assertEqual("mysfits", resources("build")["Repository"]["RepositoryName"])
        self.assertNotIn("Repository", resources("build", SourceProvider="GitHub"))
        self.assertLess(STACKS.index("build"), STACKS.index("pipeline"))


class Pipeline(unittest.TestCase):
    def stages(self, **overrides):
        return {stage["Name"]: stage["Actions"] for stage in resources("pipeline", **overrides)["Pipeline"]["Stages"]}

    def test_the_pipeline_has_the_stages_source_build_and_deploy(self):
        stages = self.stages()
        self.assertEqual(["Source", "Build", "Deploy"], list(stages))
        self.assertEqual("mysfits-pipeline", stages["Build"][0]["Configuration"]["ProjectName"])
        files = {each["Name"]: each["Configuration"]["FileName"] for each in stages["Deploy"]}
        buildspec = yaml.safe_load((ROOT / "buildspec_prod.yml").read_text())
        self.assertEqual(sorted(files.values()), sorted(buildspec["artifacts"]["files"]))
        self.assertEqual("imagedefinitions.json", files["Like"])
        self.assertEqual("mysfits", resources("pipeline")["Pipeline"]["Name"])

    def test_a_commit_starts_the_pipeline_and_nothing_polls(self):
        properties = resources("pipeline")
        self.assertEqual("false", self.stages()["Source"][0]["Configuration"]["PollForSourceChanges"])
        rule = properties["StartOnCommit"]
        self.assertEqual(["arn:aws:codecommit:eu-west-1:123456789012:mysfits"], rule["EventPattern"]["resources"])
        self.assertEqual(["main"], rule["EventPattern"]["detail"]["referenceName"])
        self.assertTrue(rule["Targets"][0]["Arn"].endswith(":mysfits"))

    def test_a_change_of_the_pipeline_starts_it(self):
        """UpdatePipeline does not start the pipeline, and stops a running execution:
        https://docs.aws.amazon.com/codepipeline/latest/userguide/update-change-detection.html"""
        self.assertIs(True, resources("pipeline")["Pipeline"]["RestartExecutionOnUpdate"])

    def test_github_requires_a_repository(self):
        with self.assertRaisesRegex(ValueError, "requires GitHubRepository"):
            resources("pipeline", SourceProvider="GitHub")

    def test_with_github_the_connection_starts_the_pipeline(self):
        overrides = {"SourceProvider": "GitHub", "GitHubRepository": "somebody/mysfits"}
        properties = resources("pipeline", **overrides)
        [source] = self.stages(**overrides)["Source"]
        self.assertEqual("CodeStarSourceConnection", source["ActionTypeId"]["Provider"])
        self.assertEqual("true", source["Configuration"]["DetectChanges"])
        self.assertEqual("Connection", source["Configuration"]["ConnectionArn"])
        self.assertNotIn("Repository", properties)
        self.assertNotIn("StartOnCommit", properties)


class Observability(unittest.TestCase):
    def setUp(self):
        self.properties = resources("observability")

    def test_the_dashboard_shows_every_metric_of_the_labs(self):
        body = json.loads(self.properties["Dashboard"]["DashboardBody"])
        shown = set()
        for widget in body["widgets"]:
            properties = widget["properties"]
            for metric in properties["metrics"]:
                options = metric[-1] if isinstance(metric[-1], dict) else {}
                shown.add((metric[1], options.get("stat", properties.get("stat"))))
        self.assertLessEqual(
            {("CPUUtilization", "SampleCount"), ("CPUUtilization", "Average"), ("MemoryUtilization", "Average"),
             ("RequestCount", "Sum"), ("HTTPCode_Target_4XX_Count", "Sum"), ("HTTPCode_Target_5XX_Count", "Sum"),
             ("TargetResponseTime", "p50"), ("TargetResponseTime", "p99"), ("LikesLost", "Sum"), ("LikesSlow", "Sum")},
            shown)

    def test_the_dashboard_shows_the_metrics_of_the_metric_filters(self):
        for name in ("LostLikes", "SlowLikes"):
            [each] = self.properties[name]["MetricTransformations"]
            self.assertIn(f'["{each["MetricNamespace"]}", "{each["MetricName"]}"', self.properties["Dashboard"]["DashboardBody"])

    def test_the_sampling_rule_samples_every_like(self):
        rule = self.properties["SampleLikes"]["SamplingRule"]
        # With LikeIn=monolith the monolith answers likes, so the rule must not name a service.
        self.assertEqual((1, "POST", "/mysfits/*/like", "*"), (
            rule["FixedRate"], rule["HTTPMethod"], rule["URLPath"], rule["ServiceName"]))

    def test_the_x_ray_group_has_the_filter_expression_of_lab_3(self):
        self.assertEqual('service("like service") { responsetime > 1 OR error } AND http.method = "POST"',
                         self.properties["TraceGroup"]["FilterExpression"])


class AllStacks(unittest.TestCase):
    # The names of these resources are unique in all regions of an account. "All dashboards in your account are global, not
    # region-specific": https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-cloudwatch-dashboard.html
    GLOBAL_NAMES = {
        "AWS::CloudWatch::Dashboard": "DashboardName", "AWS::CloudFront::OriginAccessControl": "OriginAccessControlConfig.Name",
        "AWS::CloudFront::ResponseHeadersPolicy": "ResponseHeadersPolicyConfig.Name", "AWS::IAM::Role": "RoleName",
        "AWS::S3::Bucket": "BucketName"}

    def test_names_that_are_unique_in_all_regions_of_an_account_contain_the_region(self):
        found = 0
        for stack, _, overrides in all_variants():
            for name, resource in resolve(stack, **overrides)["Resources"].items():
                value = jmespath.search(self.GLOBAL_NAMES.get(resource["Type"], "Other"), resource.get("Properties", {}))
                if value is not None:
                    found += 1
                    self.assertIn("eu-west-1", value, f"{stack}.{name}")
        self.assertEqual(3, found)

    def test_the_example_of_the_bootstrap_stack_does_not_add_the_log_search(self):
        """CloudFormation waits one hour at most, and the log search takes 20 minutes more."""
        options = parse_template(template_text("workshop"))["Parameters"]["SetupOptions"]
        self.assertIn("for instance: --set Site=none", options["Description"])
        self.assertNotIn("--email", options["Description"])

    def test_every_template_is_below_the_size_limit_of_a_direct_upload(self):
        for stack in STACKS:
            self.assertLess((INFRA / f"{stack}.yml").stat().st_size, 51_200, stack)

    def test_output_names_are_unique_and_parameters_name_outputs_of_earlier_stacks(self):
        output_stacks = {}
        for stack in STACKS:
            properties = parse_template(template_text(stack))
            for name, parameter in properties["Parameters"].items():
                if parameter.get("Description", "").startswith("Output of the "):
                    self.assertEqual(f"Output of the {output_stacks.get(name)} stack", parameter["Description"], f"{stack}.{name}")
                else:
                    self.assertNotIn(name, output_stacks, f"{stack} would take {name} from another stack")
            for name in properties.get("Outputs", {}):
                self.assertNotIn(name, output_stacks)
                self.assertNotIn(name, properties["Parameters"])
                output_stacks[name] = stack
        for name in ("LoadBalancerDNS", "DynamoTable", "EcsClusterName", "LikeEcrRepo", "MonoEcrRepo",
                     "LikeTaskDefinition", "LikeTargetGroupArn", "SiteUrl", "WorkshopShellSecurityGroup"):
            self.assertIn(name, output_stacks)

    def test_a_new_stack_gets_every_shared_parameter_from_the_build_stack(self):
        """A test of the scripts checks that they pass these parameters. Each stack has its own Workshop and Emulated, and setup creates
        both stacks with LikeIn."""
        parameters = {stack: parse_template(template_text(stack))["Parameters"] for stack in STACKS if stack != "workshop"}
        output_names = {name for stack in STACKS for name in parse_template(template_text(stack)).get("Outputs", {})}
        names = [name for each in parameters.values() for name in each if name not in output_names]
        shared = {name for name in names if names.count(name) > 1} - {"Workshop", "Emulated", "LikeIn"}
        listed = re.search(r"^SHARED_PARAMETERS=\((.*)\)$", (INFRA / "script/common.sh").read_text(), re.MULTILINE)[1].split()
        self.assertEqual(sorted(shared), sorted(listed))
        self.assertLessEqual(shared, set(parameters["build"]))

    def test_every_log_group_has_a_retention_of_seven_days(self):
        for stack, _, overrides in all_variants():
            for group in resources_of_type(stack, "AWS::Logs::LogGroup", **overrides).values():
                self.assertEqual("7", str(group["RetentionInDays"]))

    def test_no_resource_is_retained_when_its_stack_is_deleted(self):
        for stack, _, overrides in all_variants():
            for name, each in resolve(stack, **overrides)["Resources"].items():
                self.assertIn(each.get("DeletionPolicy", "Delete"), ("Delete",), f"{stack}.{name}")
                if each["Type"] in ("AWS::S3::Bucket", "AWS::DynamoDB::Table", "AWS::Logs::LogGroup"):
                    self.assertEqual("Delete", each.get("DeletionPolicy"), f"{stack}.{name}")

    def test_buckets_are_encrypted_private_and_versioned(self):
        for stack in STACKS:
            for bucket in resources_of_type(stack, "AWS::S3::Bucket").values():
                self.assertEqual("Enabled", bucket["VersioningConfiguration"]["Status"])
                self.assertEqual({True}, set(bucket["PublicAccessBlockConfiguration"].values()))
                self.assertIn("BucketEncryption", bucket)

    def test_no_security_group_has_the_description_of_a_parameter(self):
        """A later correction would replace the group, because EC2 cannot change a group's description:
        https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-ec2-securitygroup.html"""
        for stack in STACKS:
            template = parse_template(template_text(stack))
            descriptions = {each.get("Description") for each in template["Parameters"].values()}
            groups = [each["Properties"]["GroupDescription"] for each in template["Resources"].values()
                      if each["Type"] == "AWS::EC2::SecurityGroup"]
            self.assertEqual(set(), descriptions & set(groups), stack)

    def test_emulated_yes_omits_only_resource_types_that_the_emulators_do_not_support(self):
        lacking = {
            "AWS::EC2::EIP", "AWS::EC2::NatGateway", "AWS::EC2::Route", "AWS::EC2::SecurityGroupIngress",
            "AWS::EC2::SecurityGroupEgress", "AWS::S3::BucketPolicy", "AWS::CloudFront::OriginAccessControl",
            "AWS::CloudFront::ResponseHeadersPolicy", "AWS::CloudFront::Distribution", "AWS::ServiceDiscovery::Service",
            "AWS::ServiceDiscovery::PrivateDnsNamespace", "AWS::ApplicationAutoScaling::ScalableTarget",
            "AWS::ApplicationAutoScaling::ScalingPolicy", "AWS::CloudWatch::Alarm", "AWS::CodeCommit::Repository",
            "AWS::CodeConnections::Connection", "AWS::CodePipeline::Pipeline", "AWS::IAM::Role", "AWS::Events::Rule",
            "AWS::Logs::MetricFilter", "AWS::XRay::Group", "AWS::XRay::SamplingRule", "AWS::Cognito::UserPoolUser",
        }
        for stack, _, overrides in all_variants():
            if "Emulated" in parse_template(template_text(stack))["Parameters"]:
                complete = resolve(stack, **overrides)["Resources"]
                emulated = resolve(stack, **overrides, Emulated="yes")["Resources"]
                self.assertLessEqual({complete[name]["Type"] for name in set(complete) - set(emulated)}, lacking)
                self.assertLessEqual(set(emulated), set(complete))


if __name__ == "__main__":
    unittest.main()
