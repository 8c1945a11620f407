"""Faults that templates and scripts once had, or nearly: one row each. test_faults.py puts each fault back into a copy of the source,
and the named test must fail there."""

from typing import NamedTuple


class Fault(NamedTuple):
    file: str
    right: str
    wrong: str
    # The test that must fail: module.Class.test
    check: str
    # How often `right` is in the file; each place is changed.
    times: int = 1


LIMITS = "test_limits.Limits.test_every_value_of_every_variant_is_one_that_its_service_documents"
MODELS = "test_limits.Models.test_every_property_of_every_variant_is_one_that_its_services_api_accepts"
REFERENCE = "test_authorization.Authorization.test_every_policy_has_only_actions_resources_and_condition_keys_of_the_reference"
PERMISSIONS = "test_policies.Policies.test_each_role_has_exactly_the_permissions_of_the_table"
TRUST = "test_policies.Policies.test_a_role_is_assumed_by_one_service_of_this_account_only"
CLI = "test_cli_calls.Calls.test_every_call_of_the_scripts_is_one_that_the_cli_accepts"
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
    Fault("infra/build.yml", "TimeoutInMinutes: 180", "TimeoutInMinutes: 2400", MODELS, times=2),
    Fault("infra/services.yml", "PropagateTags: SERVICE", "PropagateTags: Service", MODELS, times=2),
    Fault("infra/pipeline.yml", "RoleArn: !GetAtt PipelineRole.Arn", "Role: !GetAtt PipelineRole.Arn", MODELS),
    Fault("infra/platform.yml", WORKSHOP_PATTERN, "^[a-z][a-z0-9-]{0,19}$",
          "test_limits.Workshop.test_a_name_that_some_service_refuses_is_refused_by_every_template_and_script"),
    Fault("infra/script/common.sh", "*aws* | *amazon* | *cognito*", "*amazon*",
          "test_limits.Workshop.test_a_name_that_some_service_refuses_is_refused_by_every_template_and_script"),
    # --- Policies ---
    Fault("infra/pipeline.yml", "Action: codeconnections:UseConnection", "Action: codestar-connections:UseConnection", REFERENCE),
    Fault("infra/pipeline.yml", 'StringEqualsIfExists: { "codeconnections:', '"ForAllValues:StringEquals": { "codeconnections:', REFERENCE),
    Fault("infra/pipeline.yml", 'StringEqualsIfExists: { "codeconnections:', 'StringEquals: { "codeconnections:',
          "test_policies.Policies.test_the_pipelines_role_may_use_only_its_own_connection_and_repository"),
    Fault("infra/pipeline.yml", '- ecs:RegisterTaskDefinition\n                Resource: "*"',
          "- ecs:RegisterTaskDefinition\n                Resource: !Sub arn:${AWS::Partition}:ecs:${AWS::Region}:${AWS::AccountId}:task-definition/*",
          "test_policies.Policies.test_a_resource_is_named_exactly_where_the_action_supports_resources"),
    Fault("infra/search.yml", '# The action supports no resources.\n                Resource: "*"',
          "Resource: !Sub arn:${AWS::Partition}:cognito-identity:${AWS::Region}:${AWS::AccountId}:identitypool/${IdentityPool}", REFERENCE),
    Fault("infra/search.yml", "                  - cognito-idp:UpdateUserPoolClient\n", "", PERMISSIONS),
    Fault("infra/search.yml", "              - Effect: Allow\n                Action: [es:ESHttpGet, es:ESHttpHead]",
          "              - Effect: Allow\n                Action: [es:ESHttpDelete, es:ESHttpGet, es:ESHttpHead]",
          "test_policies.Policies.test_no_signed_in_person_can_delete_an_index"),
    Fault("infra/search.yml", "DependsOn: [UserPoolDomain, IdentityPoolRoles]", "DependsOn: [UserPoolDomain]",
          "test_policies.Policies.test_the_domain_is_created_after_the_sign_in_is_complete"),
    Fault("infra/pipeline.yml", 'StringEqualsIfExists: { "aws:SourceAccount"', 'StringEquals: { "aws:SourceAccount"', TRUST, times=2),
    Fault("infra/build.yml", "ServiceRole: !GetAtt PipelineBuildRole.Arn", "ServiceRole: !GetAtt ImagesRole.Arn",
          "test_policies.Policies.test_each_build_project_has_a_role_of_its_own"),
    Fault("infra/network.yml", 'StringEquals: { "aws:PrincipalAccount": !Ref AWS::AccountId }', 'StringLike: { "aws:PrincipalAccount": "*" }',
          "test_policies.Policies.test_data_leaves_through_the_s3_endpoint_only_with_credentials_of_this_account"),
    Fault("infra/platform.yml", "/index/LawChaosIndex\n", "/indexes/LawChaosIndex\n", PERMISSIONS),
    # --- What the exercises and fresh accounts need ---
    Fault("infra/services.yml", "Default: alarms", "Default: step",
          "test_scaling.OtherScaling.test_by_default_there_are_the_alarms_of_lab_4_without_policies"),
    Fault("infra/services.yml", "  LikeMetadata:\n    Type: AWS::EC2::SecurityGroupIngress\n    Condition: OnAws",
          "  LikeMetadata:\n    Type: AWS::EC2::SecurityGroupIngress\n    Condition: WithMetadataProxy",
          "test_templates.Services.test_in_lab_1_the_shells_reach_a_sidecar_that_was_added_by_hand"),
    Fault("infra/services.yml", "      FromPort: 8001\n      ToPort: 8001\n", "      FromPort: 8002\n      ToPort: 8002\n",
          "test_templates.Services.test_in_lab_1_the_shells_reach_a_sidecar_that_was_added_by_hand", times=2),
    Fault("infra/services.yml", "  TracingImageUri:", "  CollectorImageUri:",
          "test_templates.Services.test_the_outputs_name_every_image_that_a_participant_writes_into_a_task_definition"),
    Fault("infra/services.yml", "Value: !Ref TraceHealthChecks", 'Value: "off"',
          "test_templates.Services.test_each_parameter_sets_its_environment_variable", times=2),
    Fault("infra/script/common.sh", "if [[ -z $DRY_RUN && -z $discard_edits ]]; then", "if false; then",
          "test_scripts.Deploy.test_edits_of_the_console_are_named_and_not_discarded_without_a_yes"),
    Fault("infra/platform.yml", "\nResources:\n",
          "\nResources:\n  Access:\n    Type: AWS::CloudFront::OriginAccessControl\n    Properties:\n      OriginAccessControlConfig:\n"
          "        { Name: x, OriginAccessControlOriginType: s3, SigningBehavior: always, SigningProtocol: sigv4 }\n",
          "test_templates.Site.test_nothing_but_the_site_needs_cloudfront"),
    Fault("infra/script/common.sh", "UNUSABLE_ZONES=(use1-az3 ", "UNUSABLE_ZONES=(",
          "test_scripts.SetUp.test_a_new_network_gets_the_two_first_zones_in_which_tasks_can_run"),
    Fault("infra/network.yml", "!If [ZoneAGiven, !Ref ZoneA, !Select [0, !GetAZs \"\"]]", "!Select [0, !GetAZs \"\"]",
          "test_templates.Network.test_subnets_are_in_the_zones_that_were_chosen", times=2),
    Fault("infra/script/preflight", 'if [[ $architecture == ARM64 && " ${ARM_BUILD_REGIONS', 'if [[ $architecture == X && " ${ARM_BUILD_REGIONS',
          "test_scripts.Preflight.test_a_region_of_which_no_arm_builds_are_known_is_noted_only_for_arm"),
    Fault("infra/script/preflight", "if [[ $indexed == 100 || $indexed == 100.0 ]]; then", "if true; then",
          "test_scripts.Preflight.test_transaction_search_with_the_default_index_is_noted_with_the_command_that_changes_it"),
    Fault("infra/script/preflight", 'check_quota "concurrent builds', ': "concurrent builds',
          "test_scripts.Preflight.test_the_quota_of_concurrent_builds_is_checked_for_the_size_that_set_up_will_use"),
    Fault("infra/script/preflight", "((vcpus < 12))", "((vcpus < 3))",
          "test_scripts.Preflight.test_a_small_quota_of_fargate_says_at_how_many_tasks_a_deployment_finds_no_room"),
    Fault("infra/workshop.yml", "bash infra/script/cleanup --yes", "true --yes", "test_workshop.Build.test_deletion_runs_clean_up"),
    Fault("infra/workshop.yml", "Step '{steps[-1] if steps else 'start'}': {what}", "{what}",
          "test_workshop.Build.test_a_failure_names_the_step_and_the_error"),
    # --- Builds and containers ---
    Fault("infra/script/build-images", '    "public.ecr.aws/vend/moby/buildkit@$BUILDKIT_DIGEST"\n', "",
          "test_build.BuildImages.test_buildkit_comes_from_the_public_gallery_and_a_registry_that_refuses_it_is_passed_over"),
    Fault("buildspec_prod.yml", "- bash infra/script/build-images", "- infra/script/build-images",
          "test_build.BuildImages.test_no_script_of_the_source_is_started_by_its_executable_bit"),
    Fault("infra/services.yml", "@sha256:d2bdfff2c377c3d71d78bd5d9ce9862fd535b12134a5739d87a07801297cf9fd", "",
          "test_build.BuildImages.test_an_image_that_is_pulled_has_a_version_and_a_digest"),
    Fault("infra/services.yml", "            RestartPolicy: { Enabled: true, RestartAttemptPeriod: 60 }\n", "", COLLECTOR, times=2),
    Fault("infra/services.yml", "            Memory: 256\n", "            Memory: 128\n", COLLECTOR, times=2),
    Fault("infra/build.yml", "TimeoutInMinutes: 180", "TimeoutInMinutes: 60",
          "test_templates.Build.test_a_first_build_on_the_smallest_machine_has_the_time_that_it_needs", times=2),
    Fault("infra/load-generator.yml", "              mode: non-blocking\n", "",
          "test_templates.EveryContainer.test_every_container_is_unprivileged_and_logs_without_blocking"),
    Fault("infra/services.yml", 'Expression: "FILL(requests, 0)"', 'Expression: "requests"',
          "test_scaling.StepScaling.test_without_requests_the_idle_policy_scales_in_by_its_one_documented_step"),
    # --- Clean-up and failed stacks ---
    Fault("infra/script/cleanup", 'if resource_exists "$arn"; then', "if true; then",
          "test_scripts.CleanUp.test_resources_that_the_tagging_api_still_lists_after_their_deletion_are_not_reported"),
    Fault("infra/script/cleanup", """--query "logGroups[?logGroupName=='$group'].logGroupName"
        if ((${#results[@]})); then""", """--query "logGroups[].logGroupName"
        for group in "${results[@]}"; do true; done
        if ((${#results[@]})); then""", "test_scripts.CleanUp.test_log_groups_and_task_definitions_of_longer_names_are_not_touched"),
    Fault("infra/script/cleanup", 'if [[ ${arn##*/} == "$1":* ]]; then', 'if [[ ${arn##*/} == "$1"* ]]; then',
          "test_scripts.CleanUp.test_log_groups_and_task_definitions_of_longer_names_are_not_touched"),
    Fault("infra/script/cleanup", "[[ -n $token && $token != last ]] || break", "break",
          "test_scripts.CleanUp.test_a_user_pool_on_the_second_page_is_found"),
    Fault("infra/script/common.sh", "if [[ ${STATUS[$name]} == UPDATE_ROLLBACK_FAILED ]]; then", "if false; then",
          "test_scripts.Deploy.test_a_failed_rollback_is_completed_before_the_update"),
    # --- Calls of the CLI ---
    Fault("infra/script/preflight", "--query 'length(Vpcs)' --output json", "--query 'length(Vpcs)' --output text", CLI),
    Fault("infra/script/cleanup", '--query "Table.TableStatus"', '--query "Table.Status"', CLI),
    Fault("infra/script/cleanup", "ec2 describe-vpcs --vpc-ids", "ec2 describe-vpcs --vpc-id", CLI),
    Fault("infra/script/common.sh", "wait stack-rollback-complete", "wait stack-rollback-completed", CLI),
]
