# shellcheck shell=bash
# The other scripts source this file. It parses the common options, reads the stacks' outputs, and contains the functions that
# deploy stacks and push the source. The other scripts use its variables.
# shellcheck disable=SC2034

# macOS contains bash 3.2 of 2007, which reports an error for the expansion of an empty array.
if ((BASH_VERSINFO[0] < 5)); then
    printf 'error: bash 5 is required, this is bash %s\n       Use CloudShell, or install a newer bash (brew install bash).\n' "$BASH_VERSION" >&2
    exit 1
fi

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
STACK=mysfits
REGION=${AWS_REGION:-${AWS_DEFAULT_REGION:-}}
DRY_RUN=""
# Seconds between two polls of a build or a deletion.
POLL_SECONDS=${MYSFITS_POLL_SECONDS:-10}
# The key of the tag on all resources of the stacks. The tag's value is the installation's name.
TAG=mythical-mysfits
# The stacks in the order of their creation. `cleanup` deletes them in reverse order.
STACKS=(network platform build services pipeline observability search site load-generator)
export AWS_PAGER="" AWS_CLI_AUTO_PROMPT=off

print_message() {
    printf '%s\n' "$*"
}

print_heading() {
    printf '\n==> %s\n' "$*"
}

# fail MESSAGE [ADVICE...]: prints the error and ends the script.
fail() {
    printf 'error: %s\n' "$1" >&2
    if (($# > 1)); then
        printf '       %s\n' "${@:2}" >&2
    fi
    exit 1
}

# A directory for temporary files.
SCRATCH=$(mktemp -d)

# Deletes temporary files. After a failed command, which ends the script (set -e), it prints how to continue.
on_exit() {
    local code=$?
    rm -rf "$SCRATCH"
    if ((code != 0 && code != 64)); then
        printf '%s stopped. Correct the error and run the script again. It continues at the failed step.\n' "${0##*/}" >&2
    fi
}
trap on_exit EXIT

COMMON_OPTIONS="  --stack NAME      name of the installation; most resource names contain it (default: mysfits)
  --region REGION   AWS region (default: AWS_REGION, AWS_DEFAULT_REGION, or the region of the AWS profile)
  --dry-run         print the commands that would change something, and do not run them
  --help            print this text"

parsed_words=0
# parse_common_option "$@": parses the first word if it is one of the common options. Sets `parsed_words` to the number of parsed
# words, or to 0 for another option.
parse_common_option() {
    parsed_words=0
    case $1 in
    --help | -h)
        usage
        exit 0
        ;;
    --dry-run)
        DRY_RUN=yes
        parsed_words=1
        ;;
    --stack | --region)
        (($# > 1)) || usage_error "$1 requires a value"
        if [[ $1 == --stack ]]; then STACK=$2; else REGION=$2; fi
        parsed_words=2
        ;;
    esac
}

# check_setting KEY=VALUE: the parameter Workshop must have the name of the stacks. Another value would replace the table and all other
# resources with names.
check_setting() {
    [[ $1 != Workshop=* ]] || usage_error "use the option --stack for the name of the installation"
}

usage_error() {
    printf 'error: %s\n\n' "$1" >&2
    usage >&2
    exit 64
}

# is_allowed_name NAME: succeeds if AWS accepts all resource names that contain the installation's NAME. The parameter Workshop
# of the templates has the same rule.
is_allowed_name() {
    [[ $1 =~ ^[a-z][a-z0-9-]{0,18}[a-z0-9]$ ]] || return 1
    case $1 in
    sg-* | internal-* | sthree-* | amzn-s3-demo-* | xn--* | *aws* | *amazon* | *cognito*) return 1 ;;
    esac
}

# Checks the common options and exports the region. Scripts call this function after they have parsed their options.
check_common_options() {
    is_allowed_name "$STACK" ||
        usage_error "--stack $STACK: a name consists of 2 to 20 lower-case letters, digits and hyphens, begins with a letter and does
       not end with a hyphen. It does not contain aws, amazon or cognito, and does not begin with sg-, internal-, sthree-,
       amzn-s3-demo- or xn--"
    # The lab accepts any keys. `cargo run -- env` sets these.
    [[ ${AWS_ACCESS_KEY_ID:-} != lab ]] || fail "the variables of this shell select the lab, not AWS" "Open a new shell and run this script there."
    command -v aws >/dev/null || fail "the AWS CLI was not found" "Install the AWS CLI, or use CloudShell, which contains it."
    [[ -n $REGION ]] || REGION=$(aws configure get region || true)
    [[ -n $REGION ]] || fail "no AWS region is given" "Add the option --region, for instance --region eu-west-1."
    export AWS_REGION=$REGION AWS_DEFAULT_REGION=$REGION
    cd "$ROOT" || exit
}

# run_change COMMAND...: runs a command that changes AWS resources. With --dry-run it prints the command and does not run it.
run_change() {
    if [[ -n $DRY_RUN ]]; then
        printf 'would run:'
        printf ' %q' "$@"
        printf '\n'
    else
        "$@"
    fi
}

# Prints the options that select this installation, for commands in messages.
print_installation_options() {
    printf -- '--stack %s --region %s' "$STACK" "$REGION"
}

# split_lines TEXT: stores the lines of TEXT in the array `results`. The array is empty if TEXT is empty or None.
split_lines() {
    results=()
    if [[ -n $1 && $1 != None ]]; then
        mapfile -t results <<<"$1"
    fi
}

# has_parameter KEY=VALUE TEMPLATE...: succeeds if one of the templates has the parameter KEY. The AWS CLI would ignore an unknown
# parameter without an error.
has_parameter() {
    local names
    # The section ends at the next line that begins with a letter.
    names=$(sed -n '/^Parameters:/,/^[A-Z]/s/^  \([A-Za-z0-9]*\):.*/\1/p' "${@:2}")
    [[ $'\n'$names$'\n' == *$'\n'"${1%%=*}"$'\n'* ]]
}

# collect_results COMMAND...: stores the words that an AWS command prints in the array `results`. Ends the script if the command
# fails.
collect_results() {
    local output
    output=$("$@" --output text)
    split_lines "${output//$'\t'/$'\n'}"
}

# --- Stacks ---------------------------------------------------------------------------------------------------------

declare -A STATUS OUTPUT BUILD_PARAMETER
# The parameters that several stacks have. A new stack gets the values of the build stack.
SHARED_PARAMETERS=(CpuArchitecture LogRetentionDays SourceProvider)

# Reads the status and the outputs of all stacks, and the parameters of the build stack, in one call. A failed call ends the script,
# because it does not prove that no stack exists.
read_stacks() {
    local name stack_filter response kind key value
    stack_filter=$(printf '"%s",' "${STACKS[@]/#/$STACK-}")
    stack_filter="contains(\`[${stack_filter%,}]\`, StackName)"
    response=$(aws cloudformation describe-stacks --output text --query "[Stacks[?$stack_filter].['status', StackName, StackStatus],
        Stacks[?$stack_filter].Outputs[].['output', OutputKey, OutputValue],
        Stacks[?StackName=='$STACK-build'].Parameters[].['parameter', ParameterKey, ParameterValue]][]") ||
        fail "the stacks in $REGION cannot be read" "Check that your credentials are valid and that $REGION is the region of the installation."
    STATUS=() OUTPUT=() BUILD_PARAMETER=()
    for name in "${STACKS[@]}"; do
        STATUS[$name]=""
    done
    while IFS=$'\t' read -r kind key value; do
        case $kind in
        status) STATUS[${key#"$STACK-"}]=$value ;;
        output) OUTPUT[$key]=$value ;;
        parameter) BUILD_PARAMETER[$key]=$value ;;
        esac
    done <<<"$response"
}

# require_output KEY: stores the value of a stack output in `output_value`. Ends the script if no stack has this output.
require_output() {
    output_value=${OUTPUT[$1]:-}
    if [[ -z $output_value ]]; then
        [[ -n $DRY_RUN ]] || fail "no stack of the installation '$STACK' has the output $1" "Run infra/script/setup $(print_installation_options) first."
        output_value="<$1>"
    fi
}

# is_created NAME: succeeds if a stack exists and its creation did not fail. A failed change set of a new stack leaves the status
# REVIEW_IN_PROGRESS: https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_CreateChangeSet.html (ChangeSetType)
is_created() {
    case ${STATUS[$1]} in
    "" | ROLLBACK_COMPLETE | ROLLBACK_FAILED | REVIEW_IN_PROGRESS) return 1 ;;
    esac
}

# deploy_stack NAME [KEY=VALUE...]: creates or updates a stack. A parameter gets the value of another stack's output of the same
# name. KEY=VALUE sets other parameters. Parameters that are not set keep their values. The CLI ignores parameters that the
# template does not contain.
deploy_stack() {
    local name=$1 key output_parameters=() shared_parameters=()
    shift
    print_heading "stack $STACK-$name"
    read_stacks
    # CloudFormation refuses every update of a stack whose rollback failed, until the rollback is complete.
    if [[ ${STATUS[$name]} == UPDATE_ROLLBACK_FAILED ]]; then
        print_message "The last rollback of this stack failed. Completing the rollback before the update."
        run_change aws cloudformation continue-update-rollback --stack-name "$STACK-$name"
        wait_twice aws cloudformation wait stack-rollback-complete --stack-name "$STACK-$name" || {
            print_failed_events "$name"
            fail "the rollback of stack $STACK-$name failed again" \
                "The lines above contain the resource that cannot be restored. Correct the resource, or skip it with this command:" \
                "aws cloudformation continue-update-rollback --region $REGION --stack-name $STACK-$name --resources-to-skip NAME"
        }
        read_stacks
    fi
    if [[ -n ${STATUS[$name]} ]] && ! is_created "$name"; then
        print_message "The last creation of this stack failed. Deleting the failed stack before creating it again."
        remove_stack "$name"
        STATUS[$name]=""
    fi
    case ${STATUS[$name]} in
    *_IN_PROGRESS) fail "another operation is changing stack $STACK-$name" "Wait until the operation is complete, then run this script again." ;;
    DELETE_FAILED) fail "stack $STACK-$name is partly deleted" "Run infra/script/cleanup $(print_installation_options), then run this script again." ;;
    esac
    for key in "${!OUTPUT[@]}"; do
        output_parameters+=("$key=${OUTPUT[$key]}")
    done
    # The CLI keeps previous values only of the same stack. With its defaults, a new pipeline of an installation with GitHub would read
    # from CodeCommit, for instance.
    if [[ -z ${STATUS[$name]} ]] && is_created build; then
        for key in "${SHARED_PARAMETERS[@]}"; do
            if [[ -n ${BUILD_PARAMETER[$key]:-} ]]; then shared_parameters+=("$key=${BUILD_PARAMETER[$key]}"); fi
        done
    fi
    # The tags never change. An update of the tags would remove the provider that OpenSearch added to the identity pool of the log search:
    # https://github.com/aws-solutions-library-samples/qnabot-on-aws/issues/833
    run_change aws cloudformation deploy --stack-name "$STACK-$name" --template-file "infra/$name.yml" \
        --capabilities CAPABILITY_IAM --no-fail-on-empty-changeset --tags "$TAG=$STACK" \
        --parameter-overrides "Workshop=$STACK" "${output_parameters[@]}" "${shared_parameters[@]}" "$@" || {
        print_refusal "$name"
        print_failed_events "$name"
        fail "stack $STACK-$name could not be created or updated" \
            "The lines above contain the reason. CloudFormation refused the change or rolled it back. Correct the error and run this script again." ${site_advice:+"$site_advice"}
    }
    read_stacks
}

# wait_twice COMMAND...: runs a waiter, and runs it again if it fails. Just after a call of DeleteStack or ContinueUpdateRollback,
# DescribeStacks can still return the old status of the stack. The waiters fail at some of these statuses, for instance
# UPDATE_COMPLETE, DELETE_FAILED and UPDATE_ROLLBACK_FAILED.
wait_twice() {
    run_change "$@" || {
        sleep "$POLL_SECONDS"
        run_change "$@"
    }
}

# remove_stack NAME: deletes a stack and waits until it is deleted.
remove_stack() {
    run_change aws cloudformation delete-stack --stack-name "$STACK-$1" || return
    wait_twice aws cloudformation wait stack-delete-complete --stack-name "$STACK-$1"
}

# print_failed_events NAME: prints the failed resources among a stack's last 100 events, with the reasons.
print_failed_events() {
    aws cloudformation describe-stack-events --stack-name "$STACK-$1" --max-items 100 --output text \
        --query "StackEvents[?contains(ResourceStatus, 'FAILED')].[LogicalResourceId, ResourceStatusReason]" >&2 || true
}

# print_refusal NAME: if CloudFormation refused a stack's newest change set, prints the resources with the reasons, for instance that a
# resource's name already exists. Only the change set's events contain these reasons:
# https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/validate-stack-deployments.html
# Older versions of the CLI have no command for these events, so the function ignores failed calls.
print_refusal() {
    local change_set
    # With --output text, the CLI would apply the query to each page of the response.
    change_set=$(aws cloudformation list-change-sets --stack-name "$STACK-$1" --output json \
        --query "(Summaries[?Status=='FAILED'] | sort_by(@, &CreationTime))[-1].ChangeSetId" 2>/dev/null) || change_set=null
    change_set=${change_set//\"/}
    if [[ $change_set == arn:* ]]; then
        aws cloudformation describe-events --change-set-name "$change_set" --output text \
            --query "OperationEvents[?EventType=='VALIDATION_ERROR' && ValidationFailureMode!='WARN'].[LogicalResourceId, ValidationStatusReason]" \
            >&2 2>/dev/null || true
    fi
}

# --- Zones ------------------------------------------------------------------------------------------------------------

# Ids of zones in which the tasks of these stacks cannot run. A zone has the same id, but not the same name, in every account.
# use1-az3: no ARM64, https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-arm64.html
# usw1-az2 and apne1-az3: no Fargate, https://docs.aws.amazon.com/AmazonECS/latest/developerguide/AWS_Fargate-Regions.html
UNUSABLE_ZONES=(use1-az3 usw1-az2 apne1-az3)

# find_usable_zones: stores the names of the zones in which tasks can run in the array `results`, sorted by zone id.
find_usable_zones() {
    local zones id name usable=()
    zones=$(aws ec2 describe-availability-zones --output text \
        --filters Name=zone-type,Values=availability-zone Name=state,Values=available \
        --query 'sort_by(AvailabilityZones, &ZoneId)[].[ZoneId, ZoneName]')
    while read -r id name; do
        [[ -z $name || " ${UNUSABLE_ZONES[*]} " == *" $id "* ]] || usable+=("$name")
    done <<<"$zones"
    results=("${usable[@]}")
}

# --- Services -------------------------------------------------------------------------------------------------------

# read_running_task SERVICE: stores the ARN of the service's task definition in `task`, and the service's desired count in
# `count`. Both variables are empty if the service does not exist.
read_running_task() {
    local found
    task="" count=""
    found=$(aws ecs describe-services --cluster "Cluster-$STACK" --services "$1" --output text \
        --query "services[?status=='ACTIVE'].[taskDefinition, desiredCount]")
    if [[ $found == arn:* ]]; then
        read -r task count <<<"$found"
    fi
}

get_containers() {
    aws ecs describe-task-definition --task-definition "$1" --query taskDefinition.containerDefinitions --output json
}

# print_edits DEPLOYED RUNNING: prints the differences between the container definitions in two files. DEPLOYED contains those of
# the stack's task definition, RUNNING those of the running task definition. Images are not compared, because the pipeline
# changes images and every update keeps the running image.
print_edits() {
    python3 - "$1" "$2" <<'PYTHON'
import json
import sys


def read_containers(path):
    with open(path, encoding="utf-8") as file:
        return {container.pop("name"): container for container in json.load(file)}


def pop_variables(container):
    return {variable["name"]: variable["value"] for variable in container.pop("environment", [])}


deployed, running = read_containers(sys.argv[1]), read_containers(sys.argv[2])
for name in sorted(set(deployed) - set(running)):
    print(f"container {name} was removed")
for name in sorted(set(running) - set(deployed)):
    print(f"container {name} was added")
for name in sorted(set(deployed) & set(running)):
    before, after = pop_variables(deployed[name]), pop_variables(running[name])
    for key in sorted(set(before) | set(after)):
        if key not in after:
            print(f"{name}: variable {key} was removed")
        elif before.get(key) != after[key]:
            print(f"{name}: variable {key} is {after[key]!r}")
    deployed[name].pop("image", None), running[name].pop("image", None)
    for key in sorted(set(deployed[name]) | set(running[name])):
        # ECS adds empty lists and zeros to a registered container definition.
        if (deployed[name].get(key) or None) != (running[name].get(key) or None):
            print(f"{name}: {key} was changed")
PYTHON
}

# preserve_running_values SERVICE CONTAINER NAME: appends a service's running image and desired count to the array
# `running_values`, as the parameters NAMEImage and NAMEDesiredCount of the services stack. Without these parameters an update
# would replace values that the pipeline or scaling has set. The function appends edits of the task definition made in the console
# to the array `edits`, and the service with the output of its task definition to `edited_services`.
preserve_running_values() {
    local task count deployed=${OUTPUT[$3TaskDefinition]:-} image changes
    read_running_task "$1"
    [[ -n $task ]] || return 0
    image=$(aws ecs describe-task-definition --task-definition "$task" --output text \
        --query "taskDefinition.containerDefinitions[?name=='$2'].image | [0]")
    running_values+=("$3Image=$image" "$3DesiredCount=$count")
    if [[ -n $deployed && $deployed != "$task" ]]; then
        # If the revision that the stack deployed has been deleted, edits cannot be found.
        get_containers "$deployed" >"$SCRATCH/deployed.json" 2>/dev/null || return 0
        get_containers "$task" >"$SCRATCH/running.json"
        changes=$(print_edits "$SCRATCH/deployed.json" "$SCRATCH/running.json")
        split_lines "$changes"
        edits+=("${results[@]}")
        if ((${#results[@]})); then edited_services["$1"]=$3TaskDefinition; fi
    fi
}

# find_foreign_target KEY=VALUE...: stores the id of the Like service's scalable target in `foreign_target` if KEY=VALUE sets Scaling
# and the services stack does not contain the target. Participants create it in lab 4. CloudFormation cannot create a target that
# exists. With none and alarms, the target would keep the number of tasks within its bounds, and its policies would continue to scale:
# https://docs.aws.amazon.com/autoscaling/application/APIReference/API_RegisterScalableTarget.html
find_foreign_target() {
    local owned target="service/Cluster-$STACK/Mythical-Like-Service-$STACK"
    foreign_target=""
    [[ " $* " == *" Scaling="* ]] || return 0
    owned=$(aws cloudformation describe-stack-resources --stack-name "$STACK-services" --output text \
        --query "StackResources[?LogicalResourceId=='LikeScalableTarget' && ResourceStatus!='DELETE_COMPLETE'].LogicalResourceId")
    [[ -z $owned ]] || return 0
    foreign_target=$(aws application-autoscaling describe-scalable-targets --service-namespace ecs --resource-ids "$target" \
        --scalable-dimension ecs:service:DesiredCount --query 'ScalableTargets[].ResourceId' --output text)
}

# The option --yes sets this variable: an update then discards edits made in the console, and deletes the repository, without asking.
discard_edits=""

# ask_before_change QUESTION ADVICE: ends the script unless the user answers the question with yes or has given --yes.
ask_before_change() {
    local answer
    if [[ -z $DRY_RUN && -z $discard_edits ]]; then
        read -r -p "$1 Type yes: " answer || fail "no answer could be read" "$2"
        [[ $answer == yes ]] || fail "nothing was changed"
    fi
}

# restore_task_definition SERVICE OUTPUT: gives a service the stack's task definition if CloudFormation has not done so. CloudFormation
# does not compare the new template with the running service, only with the last template and parameters:
# https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/drift-aware-change-sets.html
restore_task_definition() {
    local task count deployed=${OUTPUT[$2]:-}
    read_running_task "$1"
    [[ -n $task && -n $deployed && $task != "$deployed" ]] || return 0
    print_message "No parameter of this task definition has changed. Replacing the edited task definition of $1."
    run_change aws ecs update-service --cluster "Cluster-$STACK" --service "$1" --task-definition "$deployed" --query service.serviceName
    run_change aws ecs wait services-stable --cluster "Cluster-$STACK" --services "$1" ||
        fail "the service $1 does not become stable with the task definition $deployed" "Read the service's events in the ECS console."
}

# deploy_services [KEY=VALUE...]: creates or updates the services stack. An update keeps the running images and desired counts
# unless KEY=VALUE sets them.
deploy_services() {
    local running_values=() edits=() destination foreign_target="" service
    local -A edited_services=()
    if [[ " $* " == *" Tracing=cloudwatch "* ]]; then
        destination=$(aws xray get-trace-segment-destination --query Destination --output text)
        [[ $destination == CloudWatchLogs ]] ||
            fail "Tracing=cloudwatch requires Transaction Search, but the trace destination of this account is $destination" \
                "Run infra/script/transaction-search on. The script changes a setting of the whole account."
    fi
    read_stacks
    if is_created services; then
        preserve_running_values "Mythical-Like-Service-$STACK" like-service Like
        preserve_running_values "Mythical-Monolith-Service-$STACK" monolith-service Monolith
        print_message "Running images and desired counts: ${running_values[*]}"
        find_foreign_target "$@"
        if [[ -n $foreign_target ]]; then edits+=("the Like service has a scalable target, with the scaling policies that were created by hand"); fi
    fi
    if ((${#edits[@]})); then
        print_message "Resources were edited in the console. This update would discard these edits:"
        printf '  %s\n' "${edits[@]}"
        ask_before_change "Discard these edits?" "Set parameters instead of edits (LogLevel=DEBUG, Tracing=daemon, ...), or discard the edits with --yes."
    fi
    # This also deletes the target's policies: https://docs.aws.amazon.com/autoscaling/application/APIReference/API_DeregisterScalableTarget.html
    if [[ -n $foreign_target ]]; then
        run_change aws application-autoscaling deregister-scalable-target --service-namespace ecs \
            --scalable-dimension ecs:service:DesiredCount --resource-id "$foreign_target"
    fi
    # CloudFormation updates the monolith before the Like service, which depends on it. Like tasks that use the Cloud Map name would
    # lose the monolith until they are replaced, so a first update changes the address and keeps the name:
    # https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-attribute-dependson.html
    if [[ " $* " == *" MonolithAddress=alb "* && -n ${OUTPUT[MonolithCloudMapName]:-} ]]; then
        deploy_stack services "${running_values[@]}" "$@" MonolithAddress=alb-registered
    fi
    deploy_stack services "${running_values[@]}" "$@"
    for service in "${!edited_services[@]}"; do
        restore_task_definition "$service" "${edited_services[$service]}"
    done
}

# --- Source -------------------------------------------------------------------------------------------------------

# With these options git signs in to CodeCommit with the credentials of the AWS CLI. The empty helper removes the helpers of git's
# configuration: the keychain of macOS would store the password, which is valid for some minutes, and return it for later pushes.
codecommit_git=(git -c credential.helper= -c "credential.helper=!aws codecommit credential-helper \$@" -c credential.UseHttpPath=true)

# source_tree: prints the id of a git tree with all tracked files, including changes that are not committed.
source_tree() {
    local commit
    git rev-parse --git-dir >/dev/null 2>&1 ||
        fail "$ROOT is not a git repository" "Get the source with git clone. The script uses git to find the files of the source."
    commit=$(git stash create)
    git rev-parse "${commit:-HEAD}^{tree}"
}

# push_tree TREE URL BRANCH MESSAGE: commits a tree on top of the branch and pushes the commit. If the branch does not exist, the
# commit has no parent. The commit's parent comes from URL, so a shallow local clone suffices.
push_tree() {
    local commit parent=()
    if "${codecommit_git[@]}" fetch --quiet --depth 1 "$2" "refs/heads/$3" 2>/dev/null; then
        parent=(-p FETCH_HEAD)
    fi
    commit=$(GIT_AUTHOR_NAME="Mythical Mysfits" GIT_AUTHOR_EMAIL=mysfits@example.com \
        GIT_COMMITTER_NAME="Mythical Mysfits" GIT_COMMITTER_EMAIL=mysfits@example.com \
        git commit-tree "$1" "${parent[@]}" -m "$4")
    run_change "${codecommit_git[@]}" push --quiet "$2" "$commit:refs/heads/$3"
}
