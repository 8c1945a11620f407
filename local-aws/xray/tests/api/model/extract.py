"""Prints the constraints on requests in X-Ray's service model, as the installed version of botocore contains it.

python3 extract.py > constraints.json
"""

import json

import botocore
from botocore.loaders import Loader

CONSTRAINTS = ("min", "max", "enum", "pattern")


def members(shapes, name, path=(), required=False):
    """Yields each member of a shape with its type and constraints. A structure comes before its members."""
    shape = shapes[name]
    if path:
        constraints = {key: shape[key] for key in CONSTRAINTS if key in shape}
        yield {"at": list(path), "type": shape["type"], "required": required, **constraints}
    match shape["type"]:
        case "structure":
            for member, it in shape["members"].items():
                yield from members(shapes, it["shape"], (*path, member), member in shape.get("required", []))
        case "list":
            yield from members(shapes, shape["member"]["shape"], (*path, "[]"))
        case "map":
            yield from members(shapes, shape["key"]["shape"], (*path, "{key}"))
            yield from members(shapes, shape["value"]["shape"], (*path, "{value}"))


model = Loader().load_service_model("xray", "service-2", "2016-04-12")
operations = {
    name: {
        "path": operation["http"]["requestUri"],
        "members": list(members(model["shapes"], operation["input"]["shape"])),
    }
    for name, operation in sorted(model["operations"].items())
}
lines = [f'"source": "botocore {botocore.__version__}, xray/2016-04-12/service-2.json"']
for name, operation in operations.items():
    rows = ",\n".join("    " + json.dumps(member) for member in operation["members"])
    lines.append(f'"{name}": {{\n  "path": "{operation["path"]}", "members": [\n{rows}\n  ]\n}}')
print("{\n" + ",\n".join(lines) + "\n}")
