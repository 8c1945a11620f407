"""Compares response bodies with botocore's service models. The clients ignore members that the model does not have, and read a wrong type
without an error."""

import json
import re
from xml.etree import ElementTree

# The forms of scalars in XML.
XML_FORMS = {
    "boolean": r"true|false",
    "integer": r"-?\d+",
    "long": r"-?\d+",
    "double": r"-?\d+(\.\d+)?(e[+-]?\d+)?",
    "float": r"-?\d+(\.\d+)?(e[+-]?\d+)?",
    "timestamp": r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3})?Z",
    "string": r"(?s:.*)",
}

# The Python types of scalars in JSON. A timestamp is a number of seconds.
JSON_TYPES = {"boolean": bool, "integer": int, "long": int, "double": (int, float), "float": (int, float), "timestamp": (int, float), "string": str, "blob": str}


def mistakes(operation, body):
    """Returns what the body of a successful response has in another form than botocore's model of the operation."""
    shape = operation.output_shape
    if operation.service_model.resolved_protocol == "query":
        response = ElementTree.fromstring(body)
        wrapper = shape.serialization["resultWrapper"] if shape else f"{operation.name}Result"
        tags = [local_name(element) for element in response]
        if local_name(response) != f"{operation.name}Response" or tags != [wrapper, "ResponseMetadata"]:
            return [f"{local_name(response)} {tags}"]
        return list(xml_mistakes(shape, response[0], operation.name)) if shape else []
    return list(json_mistakes(shape, json.loads(body), operation.name)) if shape else []


def local_name(element):
    return element.tag.rpartition("}")[2]


def wire_name(name, shape):
    return shape.serialization.get("name", name)


def structure_mistakes(shape, names, path):
    known = {wire_name(name, member) for name, member in shape.members.items()}
    required = {wire_name(name, shape.members[name]) for name in shape.required_members}
    for name in names:
        if name not in known or names.count(name) > 1:
            yield f"{path}.{name} is not in the model, or is there twice"
    for name in required - set(names):
        yield f"{path}.{name} is required"


def xml_mistakes(shape, element, path):
    if shape.type_name == "structure":
        children = {local_name(child): child for child in element}
        yield from structure_mistakes(shape, [local_name(child) for child in element], path)
        for name, member in shape.members.items():
            if (child := children.get(wire_name(name, member))) is not None:
                yield from xml_mistakes(member, child, f"{path}.{name}")
    elif shape.type_name == "list":
        for index, child in enumerate(element):
            if local_name(child) != wire_name("member", shape.member):
                yield f"{path} has the element {local_name(child)}"
            yield from xml_mistakes(shape.member, child, f"{path}[{index}]")
    else:
        text = element.text or ""
        if len(element) or not re.fullmatch(XML_FORMS[shape.type_name], text) or not is_in_enum(shape, text):
            yield f"{path} is no {shape.type_name}: {text!r}"


def json_mistakes(shape, value, path):
    if shape.type_name == "structure" and isinstance(value, dict):
        yield from structure_mistakes(shape, list(value), path)
        for name, member in shape.members.items():
            if wire_name(name, member) in value:
                yield from json_mistakes(member, value[wire_name(name, member)], f"{path}.{name}")
    elif shape.type_name == "list" and isinstance(value, list):
        for index, item in enumerate(value):
            yield from json_mistakes(shape.member, item, f"{path}[{index}]")
    elif shape.type_name == "map" and isinstance(value, dict):
        for key, item in value.items():
            yield from json_mistakes(shape.value, item, f"{path}[{key!r}]")
    else:
        expected = JSON_TYPES.get(shape.type_name, ())
        # In Python, a bool is also an int.
        is_bool = isinstance(value, bool) != (shape.type_name == "boolean")
        if not isinstance(value, expected) or is_bool or not is_in_enum(shape, value):
            yield f"{path} is no {shape.type_name}: {value!r}"


def is_in_enum(shape, value):
    return not getattr(shape, "enum", None) or value in shape.enum
