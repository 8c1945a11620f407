"""Starts MiniStack with a CloudFormation that creates the resources of ECS and ECR through their own APIs.

MiniStack's own CloudFormation writes task definitions directly into its store: always as revision 1, without runtime
platform and tags, and an update overwrites them. The tests read revisions, so they need those of ECS. Its CloudFormation
also passes numbers as text, and repositories that it creates accept no images.
"""

import json

from ministack import app
from ministack.services import ecr, ecs
from ministack.services.cloudformation import provisioners

# Maps of names that people choose, which keep their spelling.
FREE = {"Options", "DockerLabels"}


def for_api(value, key=None):
    """A resource's properties as the API spells them: names begin with a small letter."""
    if isinstance(value, dict):
        lower = key not in FREE
        return {(name[0].lower() + name[1:] if lower else name): for_api(inner, name) for name, inner in value.items()}
    if isinstance(value, list):
        return [for_api(inner) for inner in value]
    return value


def call(operation, request):
    status, _, body = operation(request)
    answer = json.loads(body)
    if status >= 300:
        raise ValueError(f"{answer['__type']}: {answer['message']}")
    return answer


def make_task_definition(_logical_id, properties, _stack_name):
    answer = call(ecs._register_task_definition, for_api(properties))
    arn = answer["taskDefinition"]["taskDefinitionArn"]
    return arn, {"TaskDefinitionArn": arn}


def update_task_definition(physical_id, _old, new, stack_name):
    made = make_task_definition("", new, stack_name)
    remove_task_definition(physical_id, new)
    return made


def remove_task_definition(physical_id, _properties):
    call(ecs._deregister_task_definition, {"taskDefinition": physical_id})


def service(properties):
    request = for_api(properties)
    if "desiredCount" in request:
        request["desiredCount"] = int(request["desiredCount"])
    return request


def make_service(_logical_id, properties, _stack_name):
    made = call(ecs._create_service, service(properties))["service"]
    return made["serviceArn"], {"ServiceArn": made["serviceArn"], "Name": made["serviceName"]}


def update_service(physical_id, _old, new, _stack_name):
    request = service(new)
    call(ecs._update_service, {**request, "service": request["serviceName"]})
    return physical_id, {"ServiceArn": physical_id, "Name": request["serviceName"]}


def remove_service(physical_id, properties):
    call(ecs._delete_service, {"cluster": properties["Cluster"], "service": physical_id, "force": True})


def make_repository(_logical_id, properties, _stack_name):
    made = call(ecr._create_repository, for_api(properties))["repository"]
    return made["repositoryName"], {"Arn": made["repositoryArn"], "RepositoryUri": made["repositoryUri"]}


def remove_repository(physical_id, _properties):
    # As the real one without EmptyOnDelete: clean-up must have emptied it.
    call(ecr._delete_repository, {"repositoryName": physical_id})


provisioners._RESOURCE_HANDLERS["AWS::ECR::Repository"] = {"create": make_repository, "delete": remove_repository}
provisioners._RESOURCE_HANDLERS["AWS::ECS::TaskDefinition"] = {
    "create": make_task_definition,
    "update": update_task_definition,
    "delete": remove_task_definition,
}
provisioners._RESOURCE_HANDLERS["AWS::ECS::Service"] = {
    "create": make_service,
    "update": update_service,
    "delete": remove_service,
}

if __name__ == "__main__":
    app.main()
