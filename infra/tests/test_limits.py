"""Every variant of every template, with the longest name of an installation, keeps to the limits in limits.py."""

import re
import subprocess
import unittest

import jmespath
from limits import ALLOWED_WORKSHOPS, LIMITS, REFUSED_WORKSHOPS
from resolved import INFRA, STACKS, Template, every_variant, resolve

LONGEST = max(ALLOWED_WORKSHOPS, key=len)


def found_values(properties, path):
    """The strings at a JMESPath, none where the path leads nowhere."""
    found = jmespath.search(path, properties)
    return [each for each in (found if isinstance(found, list) else [found]) if each is not None]


def violations(stack, **chosen):
    """Each value of a resolved template that breaks a limit, with its resource and the limit's source."""
    for name, resource in resolve(stack, **chosen)["Resources"].items():
        for limit in LIMITS:
            if limit.kind == resource["Type"]:
                for value in found_values(resource.get("Properties", {}), limit.path):
                    if not re.fullmatch(limit.pattern, value):
                        yield f"{stack}.{name} {limit.path} = {value!r}: {limit.source}"


class Limits(unittest.TestCase):
    maxDiff = None

    def test_every_value_of_every_variant_is_one_that_its_service_accepts(self):
        broken = [each for stack, _, chosen in every_variant() for each in violations(stack, **chosen, Workshop=LONGEST)]
        self.assertEqual([], broken)

    def test_each_limit_refuses_its_example(self):
        for limit in LIMITS:
            with self.subTest(kind=limit.kind, path=limit.path):
                self.assertIsNone(re.fullmatch(limit.pattern, limit.refused))

    def test_each_limit_finds_a_value_in_some_template(self):
        kinds = {}
        for stack, _, chosen in every_variant():
            for resource in resolve(stack, **chosen)["Resources"].values():
                kinds.setdefault(resource["Type"], []).append(resource.get("Properties", {}))
        for limit in LIMITS:
            with self.subTest(kind=limit.kind, path=limit.path):
                self.assertTrue(any(found_values(each, limit.path) for each in kinds.get(limit.kind, [])))


class Workshop(unittest.TestCase):
    """The parameter that is part of most names."""

    def accepted_by_templates(self, name):
        for stack in STACKS:
            pattern = Template.from_yaml(INFRA / f"{stack}.yml", {}).template["Parameters"]["Workshop"]["AllowedPattern"]
            yield stack, re.fullmatch(pattern, name) is not None

    def accepted_by_scripts(self, name):
        check = f". {INFRA}/script/common.sh; trap - EXIT; is_allowed_name {name}"
        return subprocess.run(["bash", "-c", check], check=False).returncode == 0

    def test_a_name_that_some_service_refuses_is_refused_by_every_template_and_script(self):
        for name, reason in REFUSED_WORKSHOPS.items():
            with self.subTest(name=name, reason=reason):
                self.assertEqual([], [stack for stack, accepted in self.accepted_by_templates(name) if accepted])
                self.assertFalse(self.accepted_by_scripts(name))

    def test_a_name_that_every_service_takes_is_allowed(self):
        for name in ALLOWED_WORKSHOPS:
            with self.subTest(name=name):
                self.assertEqual([], [stack for stack, accepted in self.accepted_by_templates(name) if not accepted])
                self.assertTrue(self.accepted_by_scripts(name))


if __name__ == "__main__":
    unittest.main()
