"""Checks that AWS's services accept all property values of every variant of every template, according to their API models (models.py)
and to rules in their documentation (limits.py). The templates are resolved with the longest installation name and region name."""

import re
import subprocess
import unittest

import botocore.session
import jmespath
import models
import physical
from limits import ALLOWED_WORKSHOPS, LIMITS, REFUSED_BY_MODELS, REFUSED_WORKSHOPS
from resolved import INFRA, STACKS, all_variants, parse_template, resolve_as_deployed, template_text

LONGEST = max(ALLOWED_WORKSHOPS, key=len)
REGION = "ap-southeast-2"


def deployed_resources():
    """Every resource of every variant: stack, logical name, type, properties."""
    return [(stack, name, resource["Type"], resource.get("Properties", {}))
            for stack, _, overrides in all_variants()
            for name, resource in resolve_as_deployed(stack, LONGEST, REGION, **overrides)["Resources"].items()]


def find_limited_values(limit, stack, name, properties):
    """Returns the values at the limit's path, or a generated name if the template contains no name."""
    found = jmespath.search(limit.path, properties)
    values = [each for each in (found if isinstance(found, list) else [found]) if each is not None]
    if not values and limit.generated_length:
        prefix_length = limit.generated_length - len(physical.RANDOM_SUFFIX) - 1
        values = [f"{LONGEST}-{stack}-{name}"[:prefix_length] + "-" + physical.RANDOM_SUFFIX]
        if limit.kind == "AWS::S3::Bucket":
            values = [each.lower() for each in values]
    return [models.format_value(each) for each in values]


class Limits(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.deployed = deployed_resources()

    def test_every_property_value_matches_the_documented_limit_of_its_service(self):
        problems = [f"{stack}.{name} {limit.path} = {value!r}: {limit.source}"
                  for stack, name, kind, properties in self.deployed for limit in LIMITS if limit.kind == kind
                  for value in find_limited_values(limit, stack, name, properties) if not re.fullmatch(limit.pattern, value)]
        self.assertEqual([], problems)

    def test_each_limit_refuses_its_example(self):
        for limit in LIMITS:
            with self.subTest(kind=limit.kind, path=limit.path):
                self.assertIsNone(re.fullmatch(limit.pattern, limit.refused))

    def test_each_limit_applies_to_a_value_in_a_template(self):
        for limit in LIMITS:
            with self.subTest(kind=limit.kind, path=limit.path):
                self.assertTrue(any(find_limited_values(limit, stack, name, properties)
                                    for stack, name, kind, properties in self.deployed if kind == limit.kind))

    def test_no_aws_region_has_a_longer_name_than_the_region_of_these_tests(self):
        regions = botocore.session.get_session().get_available_regions("ec2")
        self.assertEqual(max(map(len, regions)), len(REGION))


class Models(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.deployed = deployed_resources()

    def test_the_api_model_of_its_service_accepts_every_property(self):
        problems = []
        for stack, name, kind, properties in self.deployed:
            if kind not in models.WITHOUT_MODEL:
                problems += [f"{stack}.{name} {problem}" for problem in models.find_problems(kind, properties)]
        self.assertEqual([], problems)

    def test_every_resource_type_has_an_api_model_or_a_reason(self):
        kinds = {kind for _, _, kind, _ in self.deployed}
        self.assertEqual(kinds, set(models.RESOURCE_MODELS) | set(models.WITHOUT_MODEL))
        self.assertEqual(set(), set(models.RESOURCE_MODELS) & set(models.WITHOUT_MODEL))

    def test_the_api_models_refuse_each_example(self):
        for kind, key, value in REFUSED_BY_MODELS:
            with self.subTest(kind=kind, key=key):
                properties = next(properties for _, _, each, properties in self.deployed if each == kind)
                self.assertTrue(models.find_problems(kind, {**properties, key: value}))

    def test_a_resource_without_a_required_property_is_refused(self):
        for kind, key in (("AWS::CodePipeline::Pipeline", "RoleArn"), ("AWS::CodeBuild::Project", "Environment"),
                          ("AWS::Lambda::Function", "Role"), ("AWS::ECS::TaskDefinition", "Family"),
                          ("AWS::IAM::Role", "AssumeRolePolicyDocument")):
            with self.subTest(kind=kind):
                properties = next(properties for _, _, each, properties in self.deployed if each == kind)
                rest = {name: value for name, value in properties.items() if name != key}
                self.assertIn(f"requires {key}".lower(), " ".join(models.find_problems(kind, rest)).lower())


class Workshop(unittest.TestCase):
    """The parameter Workshop, which most resource names contain."""

    def accepted_by_templates(self, name):
        for stack in STACKS:
            pattern = parse_template(template_text(stack))["Parameters"]["Workshop"]["AllowedPattern"]
            yield stack, re.fullmatch(pattern, name) is not None

    def accepted_by_scripts(self, name):
        check = f". {INFRA}/script/common.sh; trap - EXIT; is_allowed_name {name}"
        return subprocess.run(["bash", "-c", check], check=False).returncode == 0

    def test_templates_and_scripts_refuse_installation_names_that_an_aws_service_refuses(self):
        for name, reason in REFUSED_WORKSHOPS.items():
            with self.subTest(name=name, reason=reason):
                self.assertEqual([], [stack for stack, accepted in self.accepted_by_templates(name) if accepted])
                self.assertFalse(self.accepted_by_scripts(name))

    def test_templates_and_scripts_accept_installation_names_that_every_aws_service_accepts(self):
        for name in ALLOWED_WORKSHOPS:
            with self.subTest(name=name):
                self.assertEqual([], [stack for stack, accepted in self.accepted_by_templates(name) if not accepted])
                self.assertTrue(self.accepted_by_scripts(name))


if __name__ == "__main__":
    unittest.main()
