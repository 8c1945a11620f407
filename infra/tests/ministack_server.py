"""Starts MiniStack with a CloudFormation that creates the resources of ECS, ECR and CodeBuild through their own APIs.

MiniStack's CloudFormation writes task definitions directly into its store. These are always revision 1, have no runtime platform and
no tags, and an update overwrites them. The tests need ECS's revisions. MiniStack's CloudFormation also passes numbers as strings, and
repositories that it creates accept no images. Its CodeBuild projects have no buildspec, and its builds have no variables.

MiniStack accepts every response of a custom resource, and its rollback does not delete a custom resource that could not be created.
"""

import json

from ministack import app
from ministack.services import codebuild, ecr, ecs, lambda_svc
from ministack.services.cloudformation import custom_resource, provisioners

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


def create_project(_logical_id, properties, _stack_name):
    request = to_api_names(properties)
    # This name is the only one of CodeBuild that also differs in a later letter.
    request["source"]["buildspec"] = request["source"].pop("buildSpec")
    created = call_operation(codebuild._create_project, request)["project"]
    return created["name"], {"Arn": created["arn"]}


def delete_project(physical_id, _properties):
    call_operation(codebuild._delete_project, {"name": physical_id})


start_build = codebuild._start_build


def start_build_with_variables(request):
    """Starts a build whose environment contains the project's variables and the overrides, like a build of CodeBuild."""
    answer = start_build(request)
    if answer[0] < 300:
        build = codebuild._builds[json.loads(answer[2])["build"]["id"]]
        variables = build["environment"].get("environmentVariables", []) + request.get("environmentVariablesOverride", [])
        merged = list({each["name"]: each for each in variables}.values())
        build["environment"] = {**build["environment"], "environmentVariables": merged}
    return answer


# --- Custom resources ---

requests_by_token = {}
# The physical id in the response to the last failed creation of a resource, by stack and logical id.
failed_physical_ids = {}
run_function = lambda_svc._execute_function_with_config_scope
deliver_response = custom_resource.deliver_response
create_custom_resource = provisioners._custom_resource_create


def run_function_and_record_request(function, event):
    if "ResponseURL" in event:
        requests_by_token[event["ResponseURL"].rsplit("/", 1)[1]] = event
    return run_function(function, event)


def find_response_problems(request, response):
    """Returns the rules of https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/crpg-ref-responses.html that a response breaks."""
    problems = [f"{name} differs from the request" for name in ("StackId", "RequestId", "LogicalResourceId")
                if response.get(name) != request[name]]
    if response.get("Status") not in ("SUCCESS", "FAILED"):
        problems.append("Status is neither SUCCESS nor FAILED")
    if response.get("Status") == "FAILED" and not response.get("Reason"):
        problems.append("a failure has no Reason")
    if not response.get("PhysicalResourceId"):
        problems.append("PhysicalResourceId is empty")
    # Only an update may change the id, which replaces the resource.
    elif request["RequestType"] == "Delete" and response["PhysicalResourceId"] != request["PhysicalResourceId"]:
        problems.append("PhysicalResourceId differs from the request")
    if len(json.dumps(response).encode()) > 4096:
        problems.append("the body is longer than 4096 bytes")
    return problems


def deliver_valid_response(token, response):
    """Delivers a response. It delivers a failure in place of an invalid response, so that the test does not wait for a valid one."""
    request = requests_by_token.pop(token)
    problems = find_response_problems(request, response)
    if problems:
        response = {"Status": "FAILED", "Reason": "invalid response: " + "; ".join(problems)}
    if request["RequestType"] == "Create" and response["Status"] == "FAILED":
        failed_physical_ids[request["StackId"], request["LogicalResourceId"]] = response.get("PhysicalResourceId")
    return deliver_response(token, response)


def create_or_delete_custom_resource(logical_id, properties, stack_name, resource_type):
    """Creates a custom resource. After a failure it requests the deletion of the resource, like CloudFormation's rollback:
    https://github.com/aws/aws-cdk/pull/5525. If the deletion fails too, the event of the failed creation contains both reasons."""
    try:
        return create_custom_resource(logical_id, properties, stack_name, resource_type)
    except RuntimeError as failure:
        physical_id = failed_physical_ids.pop((provisioners._cr_stack_id(stack_name), logical_id))
        try:
            provisioners._custom_resource_delete(physical_id, properties, stack_name, logical_id, resource_type)
        except RuntimeError as second_failure:
            raise RuntimeError(f"{failure} The rollback failed: {second_failure}") from second_failure
        raise


codebuild._start_build = start_build_with_variables
custom_resource.deliver_response = deliver_valid_response
lambda_svc._execute_function_with_config_scope = run_function_and_record_request
provisioners._custom_resource_create = create_or_delete_custom_resource
provisioners._RESOURCE_HANDLERS["AWS::CodeBuild::Project"] = {"create": create_project, "delete": delete_project}
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
