"""Checks the command, options and query of every AWS CLI call in the scripts and documents."""

import re
import unittest

import cli_calls
from resolved import INFRA, ROOT


def find_script_calls():
    return [call for path in sorted((INFRA / "script").iterdir()) for call in cli_calls.find_calls(f"infra/script/{path.name}", path.read_text())]


def find_document_calls():
    """Returns the AWS CLI calls in fenced code blocks and inline code of the documents."""
    for path in (ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))):
        text = path.read_text()
        for code in (*re.findall(r"```\w*\n(.*?)```", text, re.DOTALL), *re.findall(r"(?<!`)`(aws [^`\n]+)`", text)):
            # Calls with an ellipsis are incomplete and not checked. `help` needs no parameters.
            yield from (call for call in cli_calls.find_calls(path.name, code) if not set(call.words) & {"...", "…", "help"})


def find_problems(text):
    return [problem for call in cli_calls.find_calls("example", text) for problem in cli_calls.find_problems(call)]


class Calls(unittest.TestCase):
    maxDiff = None

    def test_the_cli_accepts_every_aws_call_of_the_scripts(self):
        self.assertEqual([], [problem for call in find_script_calls() for problem in cli_calls.find_problems(call)])

    def test_the_cli_accepts_every_aws_call_of_the_documents(self):
        self.assertEqual([], [problem for call in find_document_calls() for problem in cli_calls.find_problems(call)])

    def test_the_parser_finds_every_aws_call_of_the_scripts(self):
        lines = 0
        for path in (INFRA / "script").iterdir():
            text = re.sub(r"(?m)^\s*#.*", "", cli_calls.HEREDOC.sub(r"\3", path.read_text()))
            # The credential helper is a setting of git.
            lines += len(re.findall(r"\baws [a-z][a-z0-9-]+ [a-z]", text.replace("!aws codecommit", "")))
        self.assertGreater(lines, 100)
        self.assertEqual(lines, len(find_script_calls()))

    def test_each_kind_of_invalid_aws_call_is_reported(self):
        for text, problem in (
            ("aws ec2 describe-vpc", "no such command"),
            ("aws cloudformation wait stack-delete-completed --stack-name x", "no such command"),
            ("aws ecs describe-clusters --cluster x --output text", "no option --cluster"),
            ("list aws logs describe-log-groups --log-group-prefix \"$group\"", "no option --log-group-prefix"),
            ("aws cognito-idp list-user-pools --query UserPools", "requires --max-results"),
            ("aws ec2 describe-vpcs --query 'Vpcs[].Id'", "Vpc has no member Id"),
            ("aws ecs list-task-definitions --query 'taskDefinitionArns[].arn'", "no members"),
            ("aws ecs describe-services --services x --query \"services[?state=='ACTIVE'].serviceName\"", "no member state"),
            ("aws dynamodb describe-table --table-name x --query Table.Status", "no member Status"),
            ("aws ec2 describe-vpcs --query 'length(Vpcs)' --output text", "for each page"),
            ("x=$(aws sts get-caller-identity --query Arn --output yaml)", "--output yaml"),
            ("aws sts get-caller-identity --query 'Arn['", "--query"),
        ):
            with self.subTest(text=text):
                self.assertIn(problem, " ".join(find_problems(text)))


if __name__ == "__main__":
    unittest.main()
