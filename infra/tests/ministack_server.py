"""Starts MiniStack with a CloudFormation that creates the resources of ECS and ECR through their own APIs.

MiniStack's CloudFormation writes task definitions directly into its store. These are always revision 1, have no runtime platform and
no tags, and an update overwrites them. The tests need ECS's revisions. MiniStack's CloudFormation also passes numbers as strings, and
repositories that it creates accept no images.
"""

import json

from ministack import app
from ministack.services import ecr, ecs
from ministack.services.cloudformation import provisioners

# Maps with keys from the template, which are not converted to lower case.
USER_KEYED_MAPS = {"Options", "DockerLabels"}


def to_api_names(value, key=None):
    """Converts property names to names of the API, which begin with a lower-case letter."""
    if isinstance(value, dict):
        decapitalize = key not in USER_KEYED_MAPS
        return {(name[0].lower() + name[1:] if decapitalize else name): to_api_names(inner, name) for name, inner in value.items()}
    if isinstance(value, list):
        return [to_api_names(inner) for inner in value]
    return value


def call_operation(operation, request):
    status, _, body = operation(request)
    answer = json.loads(body)
    if status >= 300:
        raise ValueError(f"{answer['__type']}: {answer['message']}")
    return answer


def create_task_definition(_logical_id, properties, _stack_name):
    answer = call_operation(ecs._register_task_definition, to_api_names(properties))
    arn = answer["taskDefinition"]["taskDefinitionArn"]
    return arn, {"TaskDefinitionArn": arn}


def update_task_definition(physical_id, _old, new, stack_name):
    created = create_task_definition("", new, stack_name)
    delete_task_definition(physical_id, new)
    return created


def delete_task_definition(physical_id, _properties):
    call_operation(ecs._deregister_task_definition, {"taskDefinition": physical_id})


def service_request(properties):
    request = to_api_names(properties)
    if "desiredCount" in request:
        request["desiredCount"] = int(request["desiredCount"])
    return request


def create_service(_logical_id, properties, _stack_name):
    created = call_operation(ecs._create_service, service_request(properties))["service"]
    return created["serviceArn"], {"ServiceArn": created["serviceArn"], "Name": created["serviceName"]}


def update_service(physical_id, _old, new, _stack_name):
    request = service_request(new)
    call_operation(ecs._update_service, {**request, "service": request["serviceName"]})
    return physical_id, {"ServiceArn": physical_id, "Name": request["serviceName"]}


def delete_service(physical_id, properties):
    call_operation(ecs._delete_service, {"cluster": properties["Cluster"], "service": physical_id, "force": True})


def create_repository(_logical_id, properties, _stack_name):
    created = call_operation(ecr._create_repository, to_api_names(properties))["repository"]
    return created["repositoryName"], {"Arn": created["repositoryArn"], "RepositoryUri": created["repositoryUri"]}


def delete_repository(physical_id, properties):
    force = str(properties.get("EmptyOnDelete", False)).lower() == "true"
    call_operation(ecr._delete_repository, {"repositoryName": physical_id, "force": force})


provisioners._RESOURCE_HANDLERS["AWS::ECR::Repository"] = {"create": create_repository, "delete": delete_repository}
provisioners._RESOURCE_HANDLERS["AWS::ECS::TaskDefinition"] = {
    "create": create_task_definition,
    "update": update_task_definition,
    "delete": delete_task_definition,
}
provisioners._RESOURCE_HANDLERS["AWS::ECS::Service"] = {
    "create": create_service,
    "update": update_service,
    "delete": delete_service,
}

if __name__ == "__main__":
    app.main()
