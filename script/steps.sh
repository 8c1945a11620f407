# shellcheck shell=bash
# Sourced by the scripts beside it: steps with a heading and the seconds each took.

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$ROOT" || exit
export PATH="$ROOT/.cache/tools/bin:$PATH"

if [[ ${CI:-} == true ]]; then
    # Nothing is built a second time there, and a log has no use for a bar that moves.
    export CARGO_INCREMENTAL=0 CARGO_TERM_PROGRESS_WHEN=never
fi

current_step=""
report=()

# step TITLE COMMAND...: runs COMMAND; the script ends if it fails.
step() {
    local begun=$SECONDS
    current_step=$1
    shift
    printf '\n==> %s\n' "$current_step"
    "$@"
    report+=("$(printf '%5d s  %s' $((SECONDS - begun)) "$current_step")")
    printf '    %d s\n' $((SECONDS - begun))
    current_step=""
}

# Says what took how long, and what failed. Set as a trap, since `set -e` ends a script anywhere.
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

# bounded SECONDS COMMAND...: COMMAND, ended when it takes longer, where the system can do that.
bounded() {
    local seconds=$1
    shift
    if has timeout; then
        timeout --foreground --kill-after=30 "$seconds" "$@"
    else
        "$@"
    fi
}
