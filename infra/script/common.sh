# shellcheck shell=bash
# Sourced by the scripts beside it: options that all have, stacks and their outputs, and how a change is made.

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
STACK=mysfits
REGION=${AWS_REGION:-${AWS_DEFAULT_REGION:-}}
DRY_RUN=""
# Seconds between two looks at something that takes its time.
PAUSE=${MYSFITS_PAUSE:-10}
# On everything that the stacks make; clean-up looks for it.
TAG=mythical-mysfits
# In the order in which they are made, and removed the other way round.
STACKS=(network platform build services pipeline observability search load-generator)
export AWS_PAGER="" AWS_CLI_AUTO_PROMPT=off

say() {
    printf '%s\n' "$*"
}

heading() {
    printf '\n==> %s\n' "$*"
}

# fail WHAT [WHAT TO DO]
fail() {
    printf 'error: %s\n' "$1" >&2
    if (($# > 1)); then
        printf '       %s\n' "${@:2}" >&2
    fi
    exit 1
}

# Without this, a command that fails would end the script without a word of ours.
trap 'code=$?; ((code == 0 || code == 64)) || printf "%s stopped. Nothing that was made is lost: once the cause is gone, run it again.\n" "${0##*/}" >&2' EXIT

COMMON_OPTIONS="  --stack NAME      name of the installation, part of most names (default: mysfits)
  --region REGION   AWS region (default: AWS_REGION, AWS_DEFAULT_REGION, or the profile's)
  --dry-run         only say what would be changed
  --help            this text"

# common_option "$@": takes one of the options above from the front; says in `taken` how many words it was.
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
        # For those who call this function.
        # shellcheck disable=SC2034
        taken=2
        ;;
    esac
}

wrong() {
    printf 'error: %s\n\n' "$1" >&2
    usage >&2
    exit 64
}

# After the options are read.
ready() {
    [[ $STACK =~ ^[a-z][a-z0-9-]{1,19}$ ]] ||
        wrong "--stack $STACK: 2 to 20 small letters, digits and hyphens, a letter first"
    command -v aws >/dev/null || fail "the AWS CLI was not found" "Install it, or use CloudShell, where it is."
    [[ -n $REGION ]] || REGION=$(aws configure get region || true)
    [[ -n $REGION ]] || fail "no region is chosen" "Say --region, for instance --region eu-west-1."
    export AWS_REGION=$REGION AWS_DEFAULT_REGION=$REGION
    cd "$ROOT" || exit
}

# change COMMAND...: runs what changes something, or says it.
change() {
    if [[ -n $DRY_RUN ]]; then
        printf 'would run:'
        printf ' %q' "$@"
        printf '\n'
    else
        "$@"
    fi
}

# Options of this installation, for hints that can be pasted.
same_options() {
    printf -- '--stack %s --region %s' "$STACK" "$REGION"
}

# --- Stacks ---------------------------------------------------------------------------------------------------------

# The status of a stack, or nothing if it is not there.
status() {
    local said
    if said=$(aws cloudformation describe-stacks --stack-name "$STACK-$1" \
        --query 'Stacks[0].StackStatus' --output text 2>&1); then
        say "$said"
    elif [[ $said != *"does not exist"* ]]; then
        fail "stack $STACK-$1 cannot be asked for: $said" "Do your credentials hold, and is $REGION the right region?"
    fi
}

# All outputs of all stacks as lines of Key=Value.
outputs() {
    local name
    for name in "${STACKS[@]}"; do
        if [[ -n $(status "$name") ]]; then
            aws cloudformation describe-stacks --stack-name "$STACK-$name" \
                --query 'Stacks[0].Outputs[].[join(`=`, [OutputKey, OutputValue])]' --output text
        fi
    done | grep -v '^None$' || true
}

# output STACK KEY: one output; nothing if it is not there.
output() {
    local found
    [[ -n $(status "$1") ]] || return 0
    found=$(aws cloudformation describe-stacks --stack-name "$STACK-$1" \
        --query "Stacks[0].Outputs[?OutputKey=='$2'].OutputValue | [0]" --output text)
    [[ $found == None ]] || say "$found"
}

# needed STACK KEY: the same, where nothing goes on without it.
needed() {
    local found
    found=$(output "$1" "$2")
    if [[ -z $found ]]; then
        [[ -n $DRY_RUN ]] ||
            fail "stack $STACK-$1 has no output $2" "Run infra/script/setup $(same_options) first."
        found="<$2>"
    fi
    say "$found"
}

# deploy NAME [KEY=VALUE...]: makes or updates a stack. Parameters named like an output of an earlier stack get its
# value; others keep theirs unless they are said here. The CLI leaves out those that the template does not have.
deploy() {
    local name=$1 known=()
    shift
    heading "stack $STACK-$name"
    case $(status "$name") in
    ROLLBACK_COMPLETE | ROLLBACK_FAILED | REVIEW_IN_PROGRESS)
        say "It was never made whole: removing what is left of it first."
        change aws cloudformation delete-stack --stack-name "$STACK-$name"
        change aws cloudformation wait stack-delete-complete --stack-name "$STACK-$name"
        ;;
    *_IN_PROGRESS) fail "stack $STACK-$name is being changed" "Wait until that is done, then run this again." ;;
    DELETE_FAILED) fail "stack $STACK-$name was deleted in part" "Run infra/script/cleanup $(same_options), then this again." ;;
    esac
    mapfile -t known < <(outputs)
    change aws cloudformation deploy --stack-name "$STACK-$name" --template-file "infra/$name.yml" \
        --capabilities CAPABILITY_IAM --no-fail-on-empty-changeset --tags "$TAG=$STACK" \
        --parameter-overrides "Workshop=$STACK" "${known[@]}" "$@" || {
        reasons "$name"
        fail "stack $STACK-$name could not be made or updated" "The lines above say why; it was rolled back. Run this again when the cause is gone."
    }
}

reasons() {
    aws cloudformation describe-stack-events --stack-name "$STACK-$1" --max-items 100 --output text \
        --query "StackEvents[?contains(ResourceStatus, 'FAILED')].[LogicalResourceId, ResourceStatusReason]" >&2 || true
}

# --- Services -------------------------------------------------------------------------------------------------------

# running SERVICE CONTAINER PARAMETER: image and desired count as they are now, as lines of Parameter=Value. The
# pipeline and scaling change both without the stack's knowledge, and an update would put old ones back.
running() {
    local cluster found task count image
    cluster=Cluster-$STACK
    found=$(aws ecs describe-services --cluster "$cluster" --services "$1" --output text \
        --query "services[?status=='ACTIVE'].[taskDefinition, desiredCount]" 2>/dev/null) || true
    read -r task count <<<"$found" || true
    if [[ $task == arn:* ]]; then
        image=$(aws ecs describe-task-definition --task-definition "$task" --output text \
            --query "taskDefinition.containerDefinitions[?name=='$2'].image | [0]")
        say "$3Image=$image"
        say "$3DesiredCount=$count"
    fi
}

# deploy_services [KEY=VALUE...]: the services stack, with what runs now unless it is said otherwise.
deploy_services() {
    local now=()
    mapfile -t now < <(
        running "Mythical-Like-Service-$STACK" like-service Like
        running "Mythical-Monolith-Service-$STACK" monolith-service Monolith
    )
    if ((${#now[@]})); then
        say "Running now: ${now[*]}"
    fi
    deploy services "${now[@]}" "$@"
}
