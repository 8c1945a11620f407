# shellcheck shell=bash
# Sourced by the other scripts: runs steps, each with a heading and its duration in seconds.

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$ROOT" || exit
export PATH="$ROOT/.cache/tools/bin:$PATH"

if [[ ${CI:-} == true ]]; then
    # CI builds each crate once, so incremental compilation has no benefit. The log of CI does not show progress bars.
    export CARGO_INCREMENTAL=0 CARGO_TERM_PROGRESS_WHEN=never
fi

current_step=""
report=()

# step TITLE COMMAND...: runs COMMAND. The script ends if COMMAND fails.
step() {
    local start_seconds=$SECONDS
    current_step=$1
    shift
    printf '\n==> %s\n' "$current_step"
    "$@"
    report+=("$(printf '%5d s  %s' $((SECONDS - start_seconds)) "$current_step")")
    printf '    %d s\n' $((SECONDS - start_seconds))
    current_step=""
}

# Prints the duration of each step and the step that failed. This function is an exit trap, because `set -e` can end a script at any line.
finish() {
    local code=$?
    printf '\n'
    if ((${#report[@]})); then
        printf '%s\n' "${report[@]}"
    fi
    if ((code == 0)); then
        printf '%5d s  in all: %s passed\n' "$SECONDS" "$NAME"
    elif [[ -n $current_step ]]; then
        printf '%s FAILED after %d s at: %s\n' "$NAME" "$SECONDS" "$current_step" >&2
    fi
}

has() {
    command -v "$1" >/dev/null 2>&1
}

fail() {
    printf 'error: %s\n' "$1" >&2
    exit 1
}

# bounded SECONDS COMMAND...: runs COMMAND and ends it after SECONDS, if the system has `timeout`.
bounded() {
    local seconds=$1
    shift
    if has timeout; then
        timeout --foreground --kill-after=30 "$seconds" "$@"
    else
        "$@"
    fi
}

# Installs boto3 and version 1 of the AWS CLI in .cache/clients/venv, in the versions that the tests need.
install_python_clients() {
    local to=.cache/clients/venv
    [[ -x $to/bin/python ]] || python3 -m venv "$to"
    "$to/bin/pip" install --quiet --disable-pip-version-check --requirement local-aws/xray/tests/clients/requirements.txt \
        --requirement lab/tests/clients/requirements.txt
}

# Builds the programs of the workspace and the tests, so that cargo compiles each crate once: with the features that the tests need.
build_all() {
    cargo build --workspace --bins --tests --locked
}

# Prints the path of a program of the workspace.
binary() {
    build_all
    realpath "${CARGO_TARGET_DIR:-target}/debug/$1"
}
