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


def resources(**parameters):
    """Returns logical name -> properties of the resources of the stacks platform, services and observability. The parameters have their defaults,
    apart from those that other stacks set, Tracing, which is on in the lab, and the given parameters of the stack services."""
    arns = {f"{name}Arn": name for name in GENERATED}
    full_names = {name: name for name in ["LoadBalancerFullName", "LikeTargetGroupFullName"]}
    of_monolith = {"MonolithTargetGroupFullName": "MonolithTargetGroupFullName"}
    outputs = {**arns, **full_names, "LoadBalancerDNS": "LoadBalancer", "LikeImage": "LikeImage", "MonolithImage": "MonolithImage", "TracingImage": "TracingImage", "Tracing": "daemon", **parameters}
    # The resolver prints each template.
    with contextlib.redirect_stdout(io.StringIO()):
        services = resolved.resources("services", **outputs)
        return {**resolved.resources("platform"), **services, **resolved.resources("observability", **full_names, **of_monolith)}
