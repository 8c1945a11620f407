"""Tests of the comparison with botocore's models."""

import unittest

import botocore.session

from model import mistakes


class Mistakes(unittest.TestCase):
    def setUp(self):
        session = botocore.session.Session()
        self.rules = session.get_service_model("elbv2").operation_model("DescribeRules")
        self.groups = session.get_service_model("xray").operation_model("GetGroups")

    def xml(self, rules):
        body = f'<DescribeRulesResponse xmlns="urn:x"><DescribeRulesResult>{rules}</DescribeRulesResult><ResponseMetadata/></DescribeRulesResponse>'
        return mistakes(self.rules, body)

    def test_the_response_of_the_model_has_no_mistake(self):
        rule = "<IsDefault>true</IsDefault><Actions><member><Type>forward</Type><Order>1</Order></member></Actions>"
        self.assertEqual(self.xml(""), [])
        self.assertEqual(self.xml(f"<Rules><member>{rule}</member></Rules><NextMarker>x</NextMarker>"), [])
        self.assertEqual(mistakes(self.groups, b"{}"), [])
        group = b'{"Groups": [{"GroupName": "a", "InsightsConfiguration": {"InsightsEnabled": false}}], "NextToken": "x"}'
        self.assertEqual(mistakes(self.groups, group), [])

    def test_unknown_members_and_wrong_types_are_mistakes(self):
        for rule in [
            "<Isdefault>true</Isdefault>",
            "<IsDefault>True</IsDefault>",
            "<IsDefault></IsDefault>",
            "<IsDefault>true</IsDefault><IsDefault>true</IsDefault>",
            "<Priority><Value>1</Value></Priority>",
            "<Actions><Type>forward</Type></Actions>",
            "<Actions><member><Order>1</Order></member></Actions>",
            "<Actions><member><Type>forwards</Type></member></Actions>",
            "<Actions><member><Type>forward</Type><Order>1.0</Order></member></Actions>",
        ]:
            self.assertNotEqual(self.xml(f"<Rules><member>{rule}</member></Rules>"), [], rule)
        self.assertNotEqual(self.xml("<Rules><entry></entry></Rules>"), [])
        for body in [
            b"[]",
            b'{"groups": []}',
            b'{"Groups": null}',
            b'{"Groups": {}}',
            b'{"Groups": ["a"]}',
            b'{"Groups": [{"GroupName": 1}]}',
            b'{"Groups": [{"InsightsConfiguration": {"InsightsEnabled": 0}}]}',
        ]:
            self.assertNotEqual(mistakes(self.groups, body), [], body)


if __name__ == "__main__":
    unittest.main()
