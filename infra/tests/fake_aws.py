"""The `aws` of test_scripts.py, which aws_server.py calls instead of the CLI. It answers from a table of regular expressions over its
arguments, applies --query and --output as the AWS CLI does, and appends each call to a file.

Environment: FAKE_AWS_ANSWERS is the table (JSON: [[pattern, answer or {"error": text}], ...]), FAKE_AWS_CALLS the file."""

import json
import os
import re
import sys

import jmespath


def option(arguments, name):
    return arguments[arguments.index(name) + 1] if name in arguments else None


def text_lines(value):
    """Lists of lists are rows, other lists are one row: what the CLI prints as text for the queries of our scripts."""
    if not isinstance(value, list):
        return [str(value)]
    if any(isinstance(each, list) for each in value):
        return [line for each in value for line in text_lines(each)]
    return ["\t".join(str(each) for each in value)] if value else []


def main():
    arguments = sys.argv[1:]
    call = " ".join(arguments)
    with open(os.environ["FAKE_AWS_CALLS"], "a", encoding="utf-8") as calls:
        calls.write(call.replace("\n", " ") + "\n")
    with open(os.environ["FAKE_AWS_ANSWERS"], encoding="utf-8") as file:
        answers = json.load(file)
    answer = next((answer for pattern, answer in answers if re.search(pattern, call)), None)
    if answer is None:
        return
    if "error" in answer:
        sys.exit(answer["error"])
    query = option(arguments, "--query")
    found = jmespath.search(query, answer) if query else answer
    if option(arguments, "--output") == "text":
        print(*text_lines(found), sep="\n")
    else:
        print(json.dumps(found))
