# shellcheck shell=bash
# Sourced by the scripts beside it: the options that all of them take, the stacks and their outputs, and the functions that
# change something. The scripts use its variables.
# shellcheck disable=SC2034

# macOS brings a bash of 2007, for which an empty array is an error.
if ((BASH_VERSINFO[0] < 5)); then
    printf 'error: bash 5 is needed, this is %s\n       Use CloudShell, or install a newer one (brew install bash).\n' "$BASH_VERSION" >&2
    exit 1
fi

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
STACK=mysfits
REGION=${AWS_REGION:-${AWS_DEFAULT_REGION:-}}
DRY_RUN=""
# Seconds between two polls of something that takes its time.
PAUSE=${MYSFITS_PAUSE:-10}
# The key of the tag on everything that the stacks create; its value is the installation's name.
TAG=mythical-mysfits
# In the order of creation. Clean-up deletes them in reverse.
STACKS=(network platform build services pipeline observability search site load-generator)
export AWS_PAGER="" AWS_CLI_AUTO_PROMPT=off

say() {
    printf '%s\n' "$*"
}

heading() {
    printf '\n==> %s\n' "$*"
}

# fail MESSAGE [ADVICE...]: ends the script.
fail() {
    printf 'error: %s\n' "$1" >&2
    if (($# > 1)); then
        printf '       %s\n' "${@:2}" >&2
    fi
    exit 1
}

# A directory for temporary files.
SCRATCH=$(mktemp -d)

# A command that fails ends the script (set -e); this line says how to go on.
at_exit() {
    local code=$?
    rm -rf "$SCRATCH"
    if ((code != 0 && code != 64)); then
        printf '%s stopped. Remove the cause and run it again: it continues where it stopped.\n' "${0##*/}" >&2
    fi
}
trap at_exit EXIT

COMMON_OPTIONS="  --stack NAME      name of the installation, part of most names (default: mysfits)
  --region REGION   AWS region (default: AWS_REGION, AWS_DEFAULT_REGION, or the profile's)
  --dry-run         only say what would be changed
  --help            this text"

taken=0
# common_option "$@": handles one of the options above at the front; `taken` is the number of words that it used, or 0.
common_option() {
    taken=0
    case $1 in
    --help | -h)
        usage
        exit 0
        ;;
    --dry-run)
        DRY_RUN=yes
        taken=1
        ;;
    --stack | --region)
        (($# > 1)) || wrong "$1 wants a value"
        if [[ $1 == --stack ]]; then STACK=$2; else REGION=$2; fi
        taken=2
        ;;
    esac
}

wrong() {
    printf 'error: %s\n\n' "$1" >&2
    usage >&2
    exit 64
}

# is_allowed_name NAME: whether every name derived from NAME is one that its service accepts. The templates' parameter
# Workshop has the same rule.
is_allowed_name() {
    [[ $1 =~ ^[a-z][a-z0-9-]{0,18}[a-z0-9]$ ]] || return 1
    case $1 in
    sg-* | internal-* | sthree-* | amzn-s3-demo-* | xn--* | *aws* | *amazon* | *cognito*) return 1 ;;
    esac
}

# After the options are read.
ready() {
    is_allowed_name "$STACK" ||
        wrong "--stack $STACK: wanted are 2 to 20 lower-case letters, digits and hyphens; a letter first, no hyphen last;
       without aws, amazon and cognito; not beginning with sg-, internal-, sthree-, amzn-s3-demo- or xn--"
    command -v aws >/dev/null || fail "the AWS CLI was not found" "Install it, or use CloudShell, where it is."
    [[ -n $REGION ]] || REGION=$(aws configure get region || true)
    [[ -n $REGION ]] || fail "no region is chosen" "Say --region, for instance --region eu-west-1."
    export AWS_REGION=$REGION AWS_DEFAULT_REGION=$REGION
    cd "$ROOT" || exit
}

# change COMMAND...: runs a command that changes something; with --dry-run only prints it.
change() {
    if [[ -n $DRY_RUN ]]; then
        printf 'would run:'
        printf ' %q' "$@"
        printf '\n'
    else
        "$@"
    fi
}

# The options that choose this installation, for commands in messages.
same_options() {
    printf -- '--stack %s --region %s' "$STACK" "$REGION"
}

# list_lines TEXT: puts the lines of TEXT into the array `listed`; an empty text has no lines.
list_lines() {
    listed=()
    if [[ -n $1 && $1 != None ]]; then
        mapfile -t listed <<<"$1"
    fi
}

# list COMMAND...: puts the words that an AWS command prints into the array `listed`. Ends the script if the command fails.
list() {
    local said
    said=$("$@" --output text)
    list_lines "${said//$'\t'/$'\n'}"
}

# --- Stacks ---------------------------------------------------------------------------------------------------------

declare -A STATUS OUTPUT

# Reads the status and the outputs of all stacks in one call. The script ends if the call fails, since a failure does not
# mean that there are no stacks.
survey() {
    local name ours said what key value
    ours=$(printf '"%s",' "${STACKS[@]/#/$STACK-}")
    ours="contains(\`[${ours%,}]\`, StackName)"
    said=$(aws cloudformation describe-stacks --output text --query "[Stacks[?$ours].['status', StackName, StackStatus],
        Stacks[?$ours].Outputs[].['output', OutputKey, OutputValue]][]") ||
        fail "the stacks cannot be read" "Are your credentials valid, and is $REGION the right region?"
    STATUS=() OUTPUT=()
    for name in "${STACKS[@]}"; do
        STATUS[$name]=""
    done
    while IFS=$'\t' read -r what key value; do
        case $what in
        status) STATUS[${key#"$STACK-"}]=$value ;;
        output) OUTPUT[$key]=$value ;;
        esac
    done <<<"$said"
}

# needed KEY: puts the value of an output into `found`, and ends the script if no stack has this output.
needed() {
    found=${OUTPUT[$1]:-}
    if [[ -z $found ]]; then
        [[ -n $DRY_RUN ]] || fail "no stack of $STACK has the output $1" "Run infra/script/setup $(same_options) first."
        found="<$1>"
    fi
}

# deploy NAME [KEY=VALUE...]: creates or updates a stack. A parameter named like an output of another stack gets its value.
# Other parameters keep their values unless they are given here. The CLI omits those that the template does not have.
deploy() {
    local name=$1 key known=()
    shift
    heading "stack $STACK-$name"
    survey
    # A rollback that failed blocks every update until it is completed.
    if [[ ${STATUS[$name]} == UPDATE_ROLLBACK_FAILED ]]; then
        say "Its last rollback failed: completing it first."
        change aws cloudformation continue-update-rollback --stack-name "$STACK-$name"
        change aws cloudformation wait stack-rollback-complete --stack-name "$STACK-$name" || {
            reasons "$name"
            fail "the rollback of stack $STACK-$name failed again" \
                "The lines above say which resource cannot be restored. Correct it, or skip it:" \
                "aws cloudformation continue-update-rollback --region $REGION --stack-name $STACK-$name --resources-to-skip NAME"
        }
        survey
    fi
    case ${STATUS[$name]} in
    ROLLBACK_COMPLETE | ROLLBACK_FAILED | REVIEW_IN_PROGRESS)
        say "Its creation failed: deleting what is left of it first."
        change aws cloudformation delete-stack --stack-name "$STACK-$name"
        change aws cloudformation wait stack-delete-complete --stack-name "$STACK-$name"
        ;;
    *_IN_PROGRESS) fail "stack $STACK-$name is being changed" "Wait until the change is complete, then run this again." ;;
    DELETE_FAILED) fail "stack $STACK-$name is partly deleted" "Run infra/script/cleanup $(same_options), then this again." ;;
    esac
    for key in "${!OUTPUT[@]}"; do
        known+=("$key=${OUTPUT[$key]}")
    done
    change aws cloudformation deploy --stack-name "$STACK-$name" --template-file "infra/$name.yml" \
        --capabilities CAPABILITY_IAM --no-fail-on-empty-changeset --tags "$TAG=$STACK" \
        --parameter-overrides "Workshop=$STACK" "${known[@]}" "$@" || {
        reasons "$name"
        fail "stack $STACK-$name could not be created or updated" \
            "The lines above say why. It was rolled back. Remove the cause and run this again." ${site_advice:+"$site_advice"}
    }
    survey
}

# reasons NAME: prints the failures among a stack's last events.
reasons() {
    aws cloudformation describe-stack-events --stack-name "$STACK-$1" --max-items 100 --output text \
        --query "StackEvents[?contains(ResourceStatus, 'FAILED')].[LogicalResourceId, ResourceStatusReason]" >&2 || true
}

# --- Zones ------------------------------------------------------------------------------------------------------------

# Zone ids in which tasks of these stacks cannot run. A zone's name differs between accounts, its id does not.
# use1-az3: no ARM64, https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-arm64.html
# usw1-az2 and apne1-az3: no Fargate, https://docs.aws.amazon.com/AmazonECS/latest/developerguide/AWS_Fargate-Regions.html
UNUSABLE_ZONES=(use1-az3 usw1-az2 apne1-az3)

# usable_zones: puts the names of the zones in which tasks can run into the array `listed`, in the order of their ids.
usable_zones() {
    local zones id name usable=()
    zones=$(aws ec2 describe-availability-zones --output text \
        --filters Name=zone-type,Values=availability-zone Name=state,Values=available \
        --query 'sort_by(AvailabilityZones, &ZoneId)[].[ZoneId, ZoneName]')
    while read -r id name; do
        [[ -z $name || " ${UNUSABLE_ZONES[*]} " == *" $id "* ]] || usable+=("$name")
    done <<<"$zones"
    listed=("${usable[@]}")
}

# --- Services -------------------------------------------------------------------------------------------------------

# running_task SERVICE: puts the task definition that a service runs and its desired count into `task` and `count`. Both are
# empty if there is no such service.
running_task() {
    local found
    task="" count=""
    found=$(aws ecs describe-services --cluster "Cluster-$STACK" --services "$1" --output text \
        --query "services[?status=='ACTIVE'].[taskDefinition, desiredCount]")
    if [[ $found == arn:* ]]; then
        read -r task count <<<"$found"
    fi
}

containers_of() {
    aws ecs describe-task-definition --task-definition "$1" --query taskDefinition.containerDefinitions --output json
}

# print_edits OWN RUNNING: prints how the containers in the file RUNNING differ from those in the file OWN. Images do not
# count: the pipeline changes them, and every update keeps them.
print_edits() {
    python3 - "$1" "$2" <<'PYTHON'
import json
import sys


def read(path):
    with open(path, encoding="utf-8") as file:
        return {container.pop("name"): container for container in json.load(file)}


def variables(container):
    return {each["name"]: each["value"] for each in container.pop("environment", [])}


own, running = read(sys.argv[1]), read(sys.argv[2])
for name in sorted(set(own) - set(running)):
    print(f"container {name} was removed")
for name in sorted(set(running) - set(own)):
    print(f"container {name} was added")
for name in sorted(set(own) & set(running)):
    before, after = variables(own[name]), variables(running[name])
    for key in sorted(set(before) | set(after)):
        if key not in after:
            print(f"{name}: variable {key} was removed")
        elif before.get(key) != after[key]:
            print(f"{name}: variable {key} is {after[key]!r}")
    own[name].pop("image", None), running[name].pop("image", None)
    for key in sorted(set(own[name]) | set(running[name])):
        # ECS adds empty lists and zeros to what a person registers.
        if (own[name].get(key) or None) != (running[name].get(key) or None):
            print(f"{name}: {key} was changed")
PYTHON
}

# keep_running SERVICE CONTAINER NAME: appends the image and the desired count that a service has now to the array `now`, as
# parameters of the services stack. The pipeline and scaling change both without CloudFormation, and an update would reset
# them. Appends changes that somebody made to the task definition in the console to the array `edits`.
keep_running() {
    local task count own=${OUTPUT[$3TaskDefinition]:-} image changes
    running_task "$1"
    [[ -n $task ]] || return 0
    image=$(aws ecs describe-task-definition --task-definition "$task" --output text \
        --query "taskDefinition.containerDefinitions[?name=='$2'].image | [0]")
    now+=("$3Image=$image" "$3DesiredCount=$count")
    if [[ -n $own && $own != "$task" ]]; then
        # The stack's own revision may be deleted: there is nothing to compare with then.
        containers_of "$own" >"$SCRATCH/own.json" 2>/dev/null || return 0
        containers_of "$task" >"$SCRATCH/running.json"
        changes=$(print_edits "$SCRATCH/own.json" "$SCRATCH/running.json")
        list_lines "$changes"
        edits+=("${listed[@]}")
    fi
}

# Set by --yes: changes that were made in the console may be discarded.
discard_edits=""

# deploy_services [KEY=VALUE...]: the services stack, with the images and desired counts that run now unless others are given.
deploy_services() {
    local now=() edits=() answer destination
    if [[ " $* " == *" Tracing=cloudwatch "* ]]; then
        destination=$(aws xray get-trace-segment-destination --query Destination --output text)
        [[ $destination == CloudWatchLogs ]] ||
            fail "Tracing=cloudwatch needs Transaction Search, and this account keeps its traces in $destination" \
                "Run infra/script/transaction-search on: it changes a setting of the whole account."
    fi
    survey
    if [[ -n ${STATUS[services]} ]]; then
        keep_running "Mythical-Like-Service-$STACK" like-service Like
        keep_running "Mythical-Monolith-Service-$STACK" monolith-service Monolith
        say "Running now: ${now[*]}"
    fi
    if ((${#edits[@]})); then
        say "Task definitions were edited in the console. This update discards these edits:"
        printf '  %s\n' "${edits[@]}"
        if [[ -z $DRY_RUN && -z $discard_edits ]]; then
            read -r -p "Discard them? Type yes: " answer ||
                fail "there is no answer" "Give the edits as parameters (LogLevel=DEBUG, Tracing=daemon, ...), or discard them with --yes."
            [[ $answer == yes ]] || fail "nothing was changed"
        fi
    fi
    deploy services "${now[@]}" "$@"
}

# --- Source -------------------------------------------------------------------------------------------------------

# git with the options that let it sign in to CodeCommit with the credentials of the AWS CLI.
codecommit_git=(git -c "credential.helper=!aws codecommit credential-helper \$@" -c credential.UseHttpPath=true)

# source_tree: prints the id of the tree that git knows: committed files with the changes that are not committed yet.
source_tree() {
    local commit
    git rev-parse --git-dir >/dev/null 2>&1 ||
        fail "this is not a git repository" "Get the source with git clone: git knows which files belong to it."
    commit=$(git stash create)
    git rev-parse "${commit:-HEAD}^{tree}"
}

# push_tree TREE URL BRANCH MESSAGE: pushes a tree as a commit on top of the branch, or without a parent if there is no such
# branch. It needs no history, so a shallow clone can push.
push_tree() {
    local commit parent=()
    if "${codecommit_git[@]}" fetch --quiet --depth 1 "$2" "refs/heads/$3" 2>/dev/null; then
        parent=(-p FETCH_HEAD)
    fi
    commit=$(GIT_AUTHOR_NAME="Mythical Mysfits" GIT_AUTHOR_EMAIL=mysfits@example.com \
        GIT_COMMITTER_NAME="Mythical Mysfits" GIT_COMMITTER_EMAIL=mysfits@example.com \
        git commit-tree "$1" "${parent[@]}" -m "$4")
    change "${codecommit_git[@]}" push --quiet "$2" "$commit:refs/heads/$3"
}
