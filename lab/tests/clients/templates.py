"""The resources of the templates in infra/ whose counterparts the lab has, with the names and the region of the lab."""

import contextlib
import io
import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[3] / "infra/tests"))
import resolved  # noqa: E402

resolved.REGION = "us-east-1"

# Logical names instead of ids that AWS generates.
GENERATED = ["LikeTargetGroup", "MonolithTargetGroup", "LikeTaskRole", "MonolithTaskRole", "TaskExecutionRole"]


def resources():
    """Returns logical name -> properties of the resources of the stacks platform and services. The parameters have their defaults,
    apart from those that other stacks set, and Tracing, which is on in the lab."""
    arns = {f"{name}Arn": name for name in GENERATED}
    outputs = {**arns, "LoadBalancerDNS": "LoadBalancer", "LikeImage": "LikeImage", "MonolithImage": "MonolithImage", "TracingImage": "TracingImage", "Tracing": "daemon"}
    # The resolver prints each template.
    with contextlib.redirect_stdout(io.StringIO()):
        return {**resolved.resources("platform"), **resolved.resources("services", **outputs)}
