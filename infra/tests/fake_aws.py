"""A replacement for the AWS CLI in test_scripts.py. The program finds the response in a table of regular expressions over its arguments,
applies --query and --output like the AWS CLI, and appends each call to a file.

The environment variable FAKE_AWS_ANSWERS is the path of the table (JSON: [[pattern, response or {"error": text}], ...]), and
FAKE_AWS_CALLS is the path of the file with the calls. A response or an error with "times": N answers only the first N calls that match
its pattern."""

import json
import os
import re
import sys

import jmespath


def option_value(arguments, name):
    return arguments[arguments.index(name) + 1] if name in arguments else None


def text_lines(value):
    """Returns the lines that the CLI prints with --output text. A list of lists has several lines, another list has one line."""
    if not isinstance(value, list):
        return [str(value)]
    if any(isinstance(each, list) for each in value):
        return [line for each in value for line in text_lines(each)]
    return ["\t".join(str(each) for each in value)] if value else []


def main():
    arguments = sys.argv[1:]
    call = " ".join(arguments)
    with open(os.environ["FAKE_AWS_CALLS"], "a+", encoding="utf-8") as calls:
        calls.seek(0)
        earlier_calls = calls.read().splitlines()
        calls.write(call.replace("\n", " ") + "\n")

    def answers_call(pattern, answer):
        if not re.search(pattern, call):
            return False
        return "times" not in answer or len([each for each in earlier_calls if re.search(pattern, each)]) < answer["times"]

    with open(os.environ["FAKE_AWS_ANSWERS"], encoding="utf-8") as file:
        answers = json.load(file)
    answer = next((answer for pattern, answer in answers if answers_call(pattern, answer)), None)
    if answer is None:
        return
    if "error" in answer:
        sys.exit(answer["error"])
    query = option_value(arguments, "--query")
    result = jmespath.search(query, answer) if query else answer
    if option_value(arguments, "--output") == "text":
        print(*text_lines(result), sep="\n")
    else:
        print(json.dumps(result))
