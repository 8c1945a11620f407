"""Known faults of templates and scripts. test_faults.py inserts each fault into a copy of the source, and the fault's test must fail
there."""

from typing import NamedTuple


class Fault(NamedTuple):
    file: str
    original: str
    faulty: str
    # Name of the test that must fail, as module.Class.test.
    test: str
    # How often the file contains `original`. The test replaces all occurrences.
    occurrences: int = 1


LIMITS = "test_limits.Limits.test_every_property_value_matches_the_documented_limit_of_its_service"
MODELS = "test_limits.Models.test_the_api_model_of_its_service_accepts_every_property"
REFERENCE = "test_authorization.Authorization.test_every_policy_uses_only_actions_resources_and_condition_keys_of_aws_reference"
PERMISSIONS = "test_policies.Policies.test_each_role_has_exactly_the_permissions_in_the_table"
TRUST = "test_policies.Policies.test_only_one_service_of_this_account_can_assume_a_role"
USERS_OF_SEARCH = "test_policies.Policies.test_users_of_the_log_search_are_denied_the_known_ways_to_change_an_index"
CLI = "test_cli_calls.Calls.test_the_cli_accepts_every_aws_call_of_the_scripts"
COLLECTOR = "test_templates.Services.test_the_collector_receives_the_daemon_protocol_and_otlp"
WORKSHOP_PATTERN = r"^(?!sg-|internal-|sthree-|amzn-s3-demo-|xn--)(?!.*(aws|amazon|cognito))[a-z][a-z0-9-]{0,18}[a-z0-9]$"

FAULTS = [
    # --- Values that services refuse ---
    Fault("infra/platform.yml", "Description: tasks of the services", "Description: the services' tasks", LIMITS),
    Fault("infra/network.yml", "GroupDescription: Shells of participants inside the VPC", "GroupDescription: Participants' shells", LIMITS),
    Fault("infra/workshop.yml", "ServiceTimeout: 3600", "ServiceTimeout: 7200", LIMITS),
    Fault("infra/platform.yml", "RepositoryName: !Sub ${Workshop}/monolith", "RepositoryName: !Sub ${Workshop}-/monolith", MODELS),
    Fault("infra/observability.yml", "GroupName: !Sub ${Workshop}-likes", "GroupName: !Sub ${Workshop}-${AWS::Region}", MODELS),
    Fault("infra/search.yml", "DomainName: !Sub ${Workshop}-logs", "DomainName: !Sub ${Workshop}-log-search", MODELS),
    Fault("infra/build.yml", "TimeoutInMinutes: 180", "TimeoutInMinutes: 2400", MODELS, occurrences=2),
    Fault("infra/services.yml", "PropagateTags: SERVICE", "PropagateTags: Service", MODELS, occurrences=2),
    Fault("infra/pipeline.yml", "RoleArn: !GetAtt PipelineRole.Arn", "Role: !GetAtt PipelineRole.Arn", MODELS),
    Fault("infra/platform.yml", WORKSHOP_PATTERN, "^[a-z][a-z0-9-]{0,19}$",
          "test_limits.Workshop.test_templates_and_scripts_refuse_installation_names_that_an_aws_service_refuses"),
    Fault("infra/script/common.sh", "*aws* | *amazon* | *cognito*", "*amazon*",
          "test_limits.Workshop.test_templates_and_scripts_refuse_installation_names_that_an_aws_service_refuses"),
    # --- Policies ---
    Fault("infra/pipeline.yml", "Action: codeconnections:UseConnection", "Action: codestar-connections:UseConnection", REFERENCE),
    Fault("infra/pipeline.yml", 'StringEqualsIfExists: { "codeconnections:', '"ForAllValues:StringEquals": { "codeconnections:', REFERENCE),
    Fault("infra/pipeline.yml", 'StringEqualsIfExists: { "codeconnections:', 'StringEquals: { "codeconnections:',
          "test_policies.Policies.test_the_pipeline_role_may_use_only_the_connection_and_repository_of_the_pipeline"),
    Fault("infra/pipeline.yml", "                  - !If [FromGitHub, s3:PutObjectAcl, !Ref AWS::NoValue]\n", "",
          "test_policies.Policies.test_the_pipeline_role_has_the_permissions_that_aws_documents_for_each_action"),
    Fault("infra/pipeline.yml", '- ecs:RegisterTaskDefinition\n                Resource: "*"',
          "- ecs:RegisterTaskDefinition\n                Resource: !Sub arn:${AWS::Partition}:ecs:${AWS::Region}:${AWS::AccountId}:task-definition/*",
          "test_policies.Policies.test_a_statement_names_a_resource_if_and_only_if_its_action_supports_resources"),
    Fault("infra/search.yml", '# The action supports no resources.\n                Resource: "*"',
          "Resource: !Sub arn:${AWS::Partition}:cognito-identity:${AWS::Region}:${AWS::AccountId}:identitypool/${IdentityPool}", REFERENCE),
    Fault("infra/search.yml", "                  - cognito-idp:UpdateUserPoolClient\n", "", PERMISSIONS),
    Fault("infra/search.yml", "              - Effect: Allow\n                Action: [es:ESHttpGet, es:ESHttpHead]",
          "              - Effect: Allow\n                Action: [es:ESHttpDelete, es:ESHttpGet, es:ESHttpHead]",
          USERS_OF_SEARCH),
    Fault("infra/search.yml", "                  - !Sub arn:${AWS::Partition}:es:${AWS::Region}:${AWS::AccountId}:domain/${Workshop}-logs/_dashboards/api/anomaly_detectors/*\n",
          "", USERS_OF_SEARCH),
    Fault("infra/search.yml", "EnableVersionUpgrade: true", "EnableVersionUpgrade: false",
          "test_templates.Search.test_a_new_engine_version_upgrades_the_domain_in_place"),
    Fault("infra/search.yml", "DependsOn: [UserPoolDomain, IdentityPoolRoles]", "DependsOn: [UserPoolDomain]",
          "test_policies.Policies.test_the_domain_is_created_after_the_user_pool_domain_and_the_identity_pool_roles"),
    Fault("infra/pipeline.yml", 'StringEqualsIfExists: { "aws:SourceAccount"', 'StringEquals: { "aws:SourceAccount"', TRUST, occurrences=2),
    Fault("infra/search.yml", 'StringEqualsIfExists: { "aws:SourceAccount"', 'StringEquals: { "aws:SourceAccount"', TRUST),
    Fault("infra/build.yml", "ServiceRole: !GetAtt PipelineBuildRole.Arn", "ServiceRole: !GetAtt ImagesRole.Arn",
          "test_policies.Policies.test_each_build_project_has_a_separate_role"),
    Fault("infra/network.yml", 'StringEquals: { "aws:PrincipalAccount": !Ref AWS::AccountId }', 'StringLike: { "aws:PrincipalAccount": "*" }',
          "test_policies.Policies.test_the_s3_endpoint_accepts_only_credentials_of_this_account"),
    Fault("infra/platform.yml", "/index/LawChaosIndex\n", "/indexes/LawChaosIndex\n", PERMISSIONS),
    # --- Requirements of the exercises and of new accounts ---
    Fault("infra/services.yml", "Default: alarms", "Default: step",
          "test_scaling.OtherScaling.test_by_default_the_alarms_of_lab_4_exist_without_scaling_policies"),
    Fault("infra/services.yml", "  LikeMetadata:\n    Type: AWS::EC2::SecurityGroupIngress\n    Condition: OnAws",
          "  LikeMetadata:\n    Type: AWS::EC2::SecurityGroupIngress\n    Condition: WithMetadataProxy",
          "test_templates.Services.test_workshop_shells_reach_port_8001_of_tasks_without_the_metadata_proxy_parameter"),
    Fault("infra/services.yml", "      FromPort: 8001\n      ToPort: 8001\n", "      FromPort: 8002\n      ToPort: 8002\n",
          "test_templates.Services.test_workshop_shells_reach_port_8001_of_tasks_without_the_metadata_proxy_parameter", occurrences=2),
    Fault("infra/services.yml", "  TracingImageUri:", "  CollectorImageUri:",
          "test_templates.Services.test_the_outputs_contain_every_image_of_the_task_definitions"),
    Fault("infra/services.yml", "Value: !Ref TraceHealthChecks", 'Value: "off"',
          "test_templates.Services.test_each_parameter_sets_its_environment_variable", occurrences=2),
    Fault("infra/script/common.sh", "if [[ -z $DRY_RUN && -z $discard_edits ]]; then", "if false; then",
          "test_scripts.Deploy.test_update_lists_console_edits_and_stops_without_the_answer_yes"),
    Fault("infra/platform.yml", "\nResources:\n",
          "\nResources:\n  Access:\n    Type: AWS::CloudFront::OriginAccessControl\n    Properties:\n      OriginAccessControlConfig:\n"
          "        { Name: x, OriginAccessControlOriginType: s3, SigningBehavior: always, SigningProtocol: sigv4 }\n",
          "test_templates.Site.test_no_stack_except_the_site_has_cloudfront_resources"),
    Fault("infra/script/common.sh", "UNUSABLE_ZONES=(use1-az3 ", "UNUSABLE_ZONES=(",
          "test_scripts.SetUp.test_setup_creates_a_new_network_in_the_first_two_usable_zones"),
    Fault("infra/network.yml", "!If [ZoneAGiven, !Ref ZoneA, !Select [0, !GetAZs \"\"]]", "!Select [0, !GetAZs \"\"]",
          "test_templates.Network.test_subnets_are_in_the_zones_of_the_parameters", occurrences=2),
    Fault("infra/script/preflight", 'if [[ $architecture == ARM64 && " ${ARM_BUILD_REGIONS', 'if [[ $architecture == X && " ${ARM_BUILD_REGIONS',
          "test_scripts.Preflight.test_preflight_reports_a_region_without_known_arm_build_machines_only_for_arm64"),
    Fault("infra/script/preflight", "if [[ $indexed == 100 || $indexed == 100.0 ]]; then", "if true; then",
          "test_scripts.Preflight.test_preflight_reports_a_low_indexing_rate_of_transaction_search_with_the_command_that_raises_it"),
    Fault("infra/script/preflight", 'check_quota "concurrent builds', ': "concurrent builds',
          "test_scripts.Preflight.test_preflight_checks_the_quota_of_concurrent_builds_for_the_chosen_machine_size"),
    Fault("infra/script/preflight", "((vcpus < 12))", "((vcpus < 3))",
          "test_scripts.Preflight.test_preflight_reports_the_task_count_at_which_a_small_fargate_quota_stops_scaling"),
    Fault("infra/workshop.yml", 'or answer["PhysicalResourceId"] != "NO_BUILD"', "or True",
          "test_workshop.Starter.test_a_delete_request_after_a_creation_without_a_build_succeeds_without_a_build"),
    Fault("infra/workshop.yml", "tar --no-same-owner -xzf", "tar -xzf",
          "test_workshop.Build.test_a_source_archive_in_s3_is_committed_to_a_git_repository"),
    Fault("infra/workshop.yml", 'if not tries_left or "AccountLimit', 'if True or "AccountLimit',
          "test_workshop.Starter.test_the_function_waits_for_the_end_of_the_build_that_sent_the_previous_response"),
    Fault("infra/workshop.yml", 'idempotencyToken=event["RequestId"],', "",
          "test_workshop.Starter.test_each_request_starts_a_build_with_the_variables_of_the_response"),
    Fault("infra/workshop.yml", "bash infra/script/cleanup --yes", "true --yes", "test_workshop.Build.test_a_delete_request_runs_cleanup"),
    Fault("infra/workshop.yml", "Step '{steps[-1] if steps else 'start'}': {what}", "{what}",
          "test_workshop.Build.test_the_response_after_a_failed_setup_contains_the_step_and_the_error"),
    # --- Builds and containers ---
    Fault("infra/script/build-images", '    "public.ecr.aws/vend/moby/buildkit@$BUILDKIT_DIGEST"\n', "",
          "test_build.BuildImages.test_buildkit_is_pulled_from_the_public_gallery_and_then_from_docker_hub"),
    Fault("buildspec_prod.yml", "- bash infra/script/build-images", "- infra/script/build-images",
          "test_build.BuildImages.test_scripts_are_started_with_bash_and_not_by_their_executable_bit"),
    Fault("infra/services.yml", "@sha256:d2bdfff2c377c3d71d78bd5d9ce9862fd535b12134a5739d87a07801297cf9fd", "",
          "test_build.BuildImages.test_every_base_and_sidecar_image_has_a_version_and_a_digest"),
    Fault("infra/services.yml", "            RestartPolicy: { Enabled: true, RestartAttemptPeriod: 60 }\n", "", COLLECTOR, occurrences=2),
    Fault("infra/services.yml", "            Memory: 256\n", "            Memory: 128\n", COLLECTOR, occurrences=2),
    Fault("infra/build.yml", "TimeoutInMinutes: 180", "TimeoutInMinutes: 60",
          "test_templates.Build.test_a_build_may_take_three_hours", occurrences=2),
    Fault("infra/load-generator.yml", "              mode: non-blocking\n", "",
          "test_templates.EveryContainer.test_every_container_is_unprivileged_and_logs_without_blocking"),
    Fault("infra/services.yml", 'Expression: "FILL(requests, 0)"', 'Expression: "requests"',
          "test_scaling.StepScaling.test_the_idle_policy_scales_in_if_there_are_no_requests"),
    Fault("infra/services.yml", "        - - RegistryArn: !GetAtt MonolithName.Arn\n        - []\n",
          "        - - RegistryArn: !GetAtt MonolithName.Arn\n        - !Ref AWS::NoValue\n",
          "test_templates.EveryService.test_an_update_can_remove_each_list_of_a_service"),
    Fault("infra/services.yml", "      HealthCheckCustomConfig: { FailureThreshold: 1 }\n", "",
          "test_templates.Services.test_cloud_map_gets_the_health_of_tasks_from_ecs"),
    Fault("infra/services.yml", "GroupDescription: Tasks of the monolith", "GroupDescription: Desired number of tasks of the monolith",
          "test_templates.AllStacks.test_no_security_group_has_the_description_of_a_parameter"),
    Fault("infra/load-generator.yml", "        DeploymentCircuitBreaker: { Enable: true, Rollback: true }\n", "",
          "test_templates.EveryService.test_a_failed_deployment_of_every_service_ends_and_is_rolled_back"),
    Fault("infra/load-generator.yml", "2500 and 5000 trigger", "2000 and 4000 trigger",
          "test_scaling.StepScaling.test_the_rates_in_the_load_generators_description_trigger_the_next_steps"),
    Fault("infra/load-generator.yml", "if not task.cancelled():", "if True:",
          "test_build.LoadGenerator.test_sigterm_stops_the_load_generator_without_errors_while_requests_are_open"),
    Fault("infra/script/build-images", "if [[ -n ${IMAGE_TAG:-} ]]; then", "if true; then",
          "test_build.BuildImages.test_a_build_of_the_pipeline_tags_images_with_the_commit"),
    Fault("infra/script/build-images", ":0:12}-$(uname -m)}", ":0:12}}",
          "test_build.BuildImages.test_a_build_of_the_pipeline_tags_images_with_the_commit"),
    Fault("infra/script/push-images", "tag=${tree:0:12}-$output_value", "tag=${tree:0:12}",
          "test_scripts.SetUp.test_setup_builds_other_images_for_another_processor_architecture"),
    Fault("infra/observability.yml", 'ServiceName: "*"', "ServiceName: like service",
          "test_templates.Observability.test_the_sampling_rule_samples_every_like"),
    # --- Clean-up and failed stacks ---
    Fault("infra/script/cleanup", 'if resource_exists "$arn"; then', "if true; then",
          "test_scripts.CleanUp.test_cleanup_ignores_deleted_resources_that_the_tagging_api_still_lists"),
    Fault("infra/script/cleanup", """--query "logGroups[?logGroupName=='$group'].logGroupName"
        if ((${#results[@]})); then""", """--query "logGroups[].logGroupName"
        for group in "${results[@]}"; do true; done
        if ((${#results[@]})); then""", "test_scripts.CleanUp.test_cleanup_deletes_no_log_groups_and_task_definitions_of_installations_with_longer_names"),
    Fault("infra/script/cleanup", 'if [[ ${arn##*/} == "$1":* ]]; then', 'if [[ ${arn##*/} == "$1"* ]]; then',
          "test_scripts.CleanUp.test_cleanup_deletes_no_log_groups_and_task_definitions_of_installations_with_longer_names"),
    Fault("infra/script/cleanup", "[[ -n $token && $token != last ]] || break", "break",
          "test_scripts.CleanUp.test_cleanup_deletes_a_user_pool_on_the_second_page"),
    Fault("infra/script/common.sh", "if [[ ${STATUS[$name]} == UPDATE_ROLLBACK_FAILED ]]; then", "if false; then",
          "test_scripts.Deploy.test_update_completes_a_failed_rollback_before_it_deploys"),
    Fault("infra/script/cleanup", "if [[ $REGION != us-east-1 ]]; then", "if false; then",
          "test_scripts.CleanUp.test_cleanup_reports_a_distribution_that_only_us_east_1_lists"),
    Fault("infra/script/common.sh", '|| {\n        sleep "$POLL_SECONDS"', "|| {\n        return 1",
          "test_scripts.CleanUp.test_cleanup_waits_again_if_the_old_status_of_an_updated_stack_ends_the_first_wait"),
    Fault("infra/script/cleanup", " && InterfaceType!='natGateway'", "",
          "test_scripts.CleanUp.test_cleanup_deletes_the_network_while_its_nat_gateway_has_an_interface"),
    Fault("infra/script/common.sh", "git -c credential.helper= ", "git ",
          "test_scripts.SetUp.test_git_asks_only_the_credential_helper_of_the_aws_cli"),
    Fault("infra/script/preflight", "    REVIEW_IN_PROGRESS) ;;\n", "",
          "test_scripts.SetUp.test_setup_replaces_a_stack_whose_first_change_set_failed"),
    Fault("infra/script/common.sh", "if [[ $change_set == arn:* ]]; then", "if false; then",
          "test_scripts.SetUp.test_setup_prints_why_cloudformation_refused_a_change_set"),
    Fault("infra/script/setup", "if ! is_created network && ", "if [[ -z ${STATUS[network]} ]] && ",
          "test_scripts.SetUp.test_setup_chooses_zones_again_after_a_failed_creation_of_the_network"),
    Fault("infra/script/common.sh", "        find_foreign_target \"$@\"\n", "",
          "test_scripts.Deploy.test_update_deregisters_a_scalable_target_that_the_stack_did_not_create"),
    Fault("infra/script/common.sh", '        restore_task_definition "$service"', '        : "$service"',
          "test_scripts.Deploy.test_update_replaces_an_edited_task_definition_also_if_no_parameter_of_the_task_changes"),
    Fault("infra/script/common.sh", '-n ${OUTPUT[MonolithCloudMapName]:-}', '-n ""',
          "test_scripts.Deploy.test_update_changes_the_monoliths_address_before_it_removes_the_cloud_map_name"),
    Fault("infra/services.yml", "HasCloudMapName: !And [!Not [!Equals [!Ref MonolithAddress, alb]]", "HasCloudMapName: !And [!Condition ByCloudMap",
          "test_templates.Services.test_the_cloud_map_name_outlives_the_like_tasks_that_use_it"),
    Fault("infra/script/setup", '    ask_before_change "Delete the repository?"', '    : "Delete the repository?"',
          "test_scripts.SetUp.test_setup_asks_before_it_deletes_the_repository"),
    Fault("infra/network.yml", ", !Not [!Equals [!Ref ZoneA, !Ref ZoneB]]]", "]",
          "test_templates.Network.test_the_network_has_two_different_zones"),
    # --- Calls of the CLI ---
    Fault("infra/script/preflight", "--query 'length(Vpcs)' --output json", "--query 'length(Vpcs)' --output text", CLI),
    Fault("infra/script/cleanup", '--query "Table.TableStatus"', '--query "Table.Status"', CLI),
    Fault("infra/script/cleanup", "ec2 describe-vpcs --vpc-ids", "ec2 describe-vpcs --vpc-id", CLI),
    Fault("infra/script/common.sh", "wait stack-rollback-complete", "wait stack-rollback-completed", CLI),
]
