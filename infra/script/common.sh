# shellcheck shell=bash
# Sourced by the scripts beside it: options that all have, stacks and their outputs, and how a change is made.
# Its variables are theirs too.
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

# A directory for the script's own files.
SCRATCH=$(mktemp -d)

# Without this, a command that fails would end the script without a word of ours.
at_exit() {
    local code=$?
    rm -rf "$SCRATCH"
    if ((code != 0 && code != 64)); then
        printf '%s stopped. Once the cause is gone, run it again: it goes on where it was.\n' "${0##*/}" >&2
    fi
}
trap at_exit EXIT

COMMON_OPTIONS="  --stack NAME      name of the installation, part of most names (default: mysfits)
  --region REGION   AWS region (default: AWS_REGION, AWS_DEFAULT_REGION, or the profile's)
  --dry-run         only say what would be changed
  --help            this text"

taken=0
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

# list_lines TEXT: its lines, in the array `listed`; none of nothing.
list_lines() {
    listed=()
    if [[ -n $1 && $1 != None ]]; then
        mapfile -t listed <<<"$1"
    fi
}

# list COMMAND...: what an AWS command says as text, word by word, in the array `listed`. Ends the script if it fails.
list() {
    local said
    said=$("$@" --output text)
    list_lines "${said//$'\t'/$'\n'}"
}

# --- Stacks ---------------------------------------------------------------------------------------------------------

declare -A STATUS OUTPUT

# Asks for all stacks at once: what state each is in, and what it tells. Who cannot be asked has not said that there is
# nothing: the script ends then.
survey() {
    local name ours said what key value
    ours=$(printf '"%s",' "${STACKS[@]/#/$STACK-}")
    ours="contains(\`[${ours%,}]\`, StackName)"
    said=$(aws cloudformation describe-stacks --output text --query "[Stacks[?$ours].['status', StackName, StackStatus],
        Stacks[?$ours].Outputs[].['output', OutputKey, OutputValue]][]") ||
        fail "the stacks cannot be asked for" "Do your credentials hold, and is $REGION the right region?"
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

# needed KEY: puts an output into `found`, and ends the script where it is not there.
needed() {
    found=${OUTPUT[$1]:-}
    if [[ -z $found ]]; then
        [[ -n $DRY_RUN ]] || fail "no stack of $STACK tells its $1" "Run infra/script/setup $(same_options) first."
        found="<$1>"
    fi
}

# deploy NAME [KEY=VALUE...]: makes or updates a stack. Parameters named like an output of another stack get its
# value; others keep theirs unless they are said here. The CLI leaves out those that the template does not have.
deploy() {
    local name=$1 key known=()
    shift
    heading "stack $STACK-$name"
    survey
    case ${STATUS[$name]} in
    ROLLBACK_COMPLETE | ROLLBACK_FAILED | REVIEW_IN_PROGRESS)
        say "It was never made whole: removing what is left of it first."
        change aws cloudformation delete-stack --stack-name "$STACK-$name"
        change aws cloudformation wait stack-delete-complete --stack-name "$STACK-$name"
        ;;
    *_IN_PROGRESS) fail "stack $STACK-$name is being changed" "Wait until that is done, then run this again." ;;
    DELETE_FAILED) fail "stack $STACK-$name was deleted in part" "Run infra/script/cleanup $(same_options), then this again." ;;
    esac
    for key in "${!OUTPUT[@]}"; do
        known+=("$key=${OUTPUT[$key]}")
    done
    change aws cloudformation deploy --stack-name "$STACK-$name" --template-file "infra/$name.yml" \
        --capabilities CAPABILITY_IAM --no-fail-on-empty-changeset --tags "$TAG=$STACK" \
        --parameter-overrides "Workshop=$STACK" "${known[@]}" "$@" || {
        reasons "$name"
        fail "stack $STACK-$name could not be made or updated" "The lines above say why; it was rolled back. Run this again when the cause is gone."
    }
    survey
}

reasons() {
    aws cloudformation describe-stack-events --stack-name "$STACK-$1" --max-items 100 --output text \
        --query "StackEvents[?contains(ResourceStatus, 'FAILED')].[LogicalResourceId, ResourceStatusReason]" >&2 || true
}

# --- Services -------------------------------------------------------------------------------------------------------

# running SERVICE CONTAINER PARAMETER: image and desired count as they are now, as lines of Parameter=Value. The
# pipeline and scaling change both without the stack's knowledge, and an update would put old ones back.
running() {
    local found task count image
    found=$(aws ecs describe-services --cluster "Cluster-$STACK" --services "$1" --output text \
        --query "services[?status=='ACTIVE'].[taskDefinition, desiredCount]")
    if [[ $found == arn:* ]]; then
        read -r task count <<<"$found"
        image=$(aws ecs describe-task-definition --task-definition "$task" --output text \
            --query "taskDefinition.containerDefinitions[?name=='$2'].image | [0]")
        say "$3Image=$image"
        say "$3DesiredCount=$count"
    fi
}

# deploy_services [KEY=VALUE...]: the services stack, with what runs now unless it is said otherwise.
deploy_services() {
    local like monolith now=()
    survey
    if [[ -n ${STATUS[services]} ]]; then
        like=$(running "Mythical-Like-Service-$STACK" like-service Like)
        monolith=$(running "Mythical-Monolith-Service-$STACK" monolith-service Monolith)
        list_lines "$like"
        now+=("${listed[@]}")
        list_lines "$monolith"
        now+=("${listed[@]}")
        say "Running now: ${now[*]}"
    fi
    deploy services "${now[@]}" "$@"
}
