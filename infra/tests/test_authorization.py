"""Checks every policy of every variant, and the policy of transaction-search, against AWS's service authorization reference."""

import re
import unittest

import authorization
from resolved import ACCOUNT, ROOT, all_variants, resolve_as_deployed

WORKSHOP, REGION = "a-name-of-20-letters", "ap-southeast-2"


def deployed_policies():
    """Each policy document with the stack and the resource that contain it."""
    for stack, _, overrides in all_variants():
        for name, resource in resolve_as_deployed(stack, WORKSHOP, REGION, **overrides)["Resources"].items():
            for document in authorization.find_policy_documents(resource.get("Properties", {})):
                yield f"{stack}.{name}", document


def allow_statement(action, resource="*", **condition):
    return {"Statement": [{"Effect": "Allow", "Action": action, "Resource": resource, "Condition": condition}]}


class Authorization(unittest.TestCase):
    maxDiff = None

    def test_every_policy_uses_only_actions_resources_and_condition_keys_of_aws_reference(self):
        policies = list(deployed_policies())
        self.assertGreater(len(policies), 30)
        self.assertEqual([], sorted({f"{resource_name}: {problem}" for resource_name, document in policies
                                     for problem in authorization.find_policy_problems(document)}))

    def test_the_policy_of_transaction_search_agrees_with_the_reference(self):
        script = (ROOT / "infra/script/transaction-search").read_text()
        [text] = re.findall(r"policy='(\{.*?\})'\n", script, re.DOTALL)
        [document] = authorization.find_policy_documents(text.replace("REGION", REGION).replace("ACCOUNT", ACCOUNT))
        self.assertEqual([], list(authorization.find_policy_problems(document)))

    def test_inline_policies_of_a_role_are_not_longer_than_iam_allows(self):
        """https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html: 10,240 characters without white space."""
        for stack, _, overrides in all_variants():
            for name, resource in resolve_as_deployed(stack, WORKSHOP, REGION, **overrides)["Resources"].items():
                size = sum(len(re.sub(r"\s", "", str(each["PolicyDocument"]))) for each in resource.get("Properties", {}).get("Policies", [])
                           if isinstance(each, dict))
                self.assertLess(size, 10_240, f"{stack}.{name}")

    def test_each_kind_of_invalid_policy_statement_is_reported(self):
        connection = f"arn:aws:codeconnections:{REGION}:{ACCOUNT}:connection/1"
        for document, problem in (
            (allow_statement("cognito-idp:UpdateUserPoolClients"), "there is no action"),
            (allow_statement("codestar-connections:UseConnection", connection), "supports no resource"),
            (allow_statement("cognito-identity:SetIdentityPoolRoles", f"arn:aws:cognito-identity:{REGION}:{ACCOUNT}:identitypool/1"),
             "supports no resource"),
            (allow_statement("dynamodb:Query", f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:tables/x"), "supports no resource"),
            (allow_statement("s3:GetBucketLocation", "arn:aws:s3:::bucket/key"), "supports no resource"),
            (allow_statement("iam:PassRole", f"arn:aws:iam::{ACCOUNT}:role/x", StringEquals={"iam:PassedToServices": "x"}), "no condition key"),
            (allow_statement("s3:GetObject", "arn:aws:s3:::b/k", StringEquals={"aws:SecureTransport": "true"}), "does not compare"),
            (allow_statement("codeconnections:UseConnection", connection,
                   **{"ForAllValues:StringEquals": {"codeconnections:FullRepositoryId": "a/b"}}), "one value"),
            ({"Statement": {"Effect": "Allow", "Action": "s3:GetObject", "Resources": "*"}}, "a statement has no"),
        ):
            with self.subTest(problem=problem):
                self.assertIn(problem, " ".join(authorization.find_policy_problems(document)))


if __name__ == "__main__":
    unittest.main()
