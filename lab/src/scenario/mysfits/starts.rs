//! The start states of the labs of the guide.

use super::super::{ServiceStart, Start};
use super::{LIKE_CONTAINER, LIKE_IN_WORKTREE, LIKE_SERVICE, MONOLITH_CONTAINER, MONOLITH_SERVICE};
use crate::runtime::X_RAY_DAEMON;
use crate::worktree::Exercise;

/// The worktree of lab 3.
pub const EXERCISE: Exercise = Exercise {
    name: "lab3",
    patches: &[
        "lab/src/scenario/mysfits/lab3/requests.patch",
        "lab/src/scenario/mysfits/lab3/calls.patch",
    ],
    commit: "Lab 3: the Like service without tracing",
};

/// All labs.
pub const STARTS: &[Start] = &[
    Start {
        lab: 0,
        title: "set-up",
        ..FIRST
    },
    FIRST,
    Start {
        lab: 2,
        title: "logs",
        ..FIRST
    },
    Start {
        lab: 3,
        title: "traces",
        services: &[
            ServiceStart {
                image: Some(LIKE_IN_WORKTREE),
                removed_container: Some(X_RAY_DAEMON.name),
                ..LIKE
            },
            MONOLITH,
        ],
        needs_worktree: true,
        summary: &[
            "The Like service has 2 tasks. They run the image like-service:worktree, and have no container x-ray-daemon.",
            "The monolith has 1 task, with the container x-ray-daemon.",
        ],
        ..FIRST
    },
    Start {
        lab: 4,
        title: "scaling",
        services: &[LIKE_WITHOUT_FAULTS, MONOLITH],
        summary: &[
            "The Like service has 2 tasks and CHAOSMODE=off, and no scaling policy. The monolith has 1 task.",
        ],
        ..FIRST
    },
    Start {
        lab: 5,
        title: "resilience",
        services: &[
            ServiceStart {
                desired_count: 1,
                ..LIKE_WITHOUT_FAULTS
            },
            MONOLITH,
        ],
        summary: &["The Like service has 1 task and CHAOSMODE=off. The monolith has 1 task."],
        ..FIRST
    },
    Start {
        lab: 6,
        title: "strangler",
        services: &[
            LIKE_WITHOUT_FAULTS,
            ServiceStart {
                variables: &[("LOGLEVEL", "ERROR"), ("LIKE_IN_MONOLITH", "on")],
                ..MONOLITH
            },
        ],
        weights: &[("LIKE_TARGET_GROUP", 0), ("MONOLITH_TARGET_GROUP", 100)],
        summary: &[
            "The monolith has 1 task and LIKE_IN_MONOLITH=on, and receives all likes.",
            "The Like service has 2 tasks and CHAOSMODE=off, and the weight 0.",
        ],
        ..FIRST
    },
];

const FIRST: Start = Start {
    lab: 1,
    title: "task metadata",
    services: &[LIKE, MONOLITH],
    rule: "LIKE_RULE",
    weights: &[("LIKE_TARGET_GROUP", 100), ("MONOLITH_TARGET_GROUP", 0)],
    needs_worktree: false,
    // The readers of the first labs find the faults themselves, so that the summary does not name the switch.
    summary: &["The Like service has 2 tasks, the monolith has 1. The log level is ERROR."],
};

const LIKE: ServiceStart = ServiceStart {
    service: LIKE_SERVICE,
    container: LIKE_CONTAINER,
    image: None,
    removed_container: None,
    desired_count: 2,
    variables: &[("LOGLEVEL", "ERROR"), ("CHAOSMODE", "on")],
};

const LIKE_WITHOUT_FAULTS: ServiceStart = ServiceStart {
    variables: &[("LOGLEVEL", "ERROR"), ("CHAOSMODE", "off")],
    ..LIKE
};

const MONOLITH: ServiceStart = ServiceStart {
    service: MONOLITH_SERVICE,
    container: MONOLITH_CONTAINER,
    image: None,
    removed_container: None,
    desired_count: 1,
    variables: &[("LOGLEVEL", "ERROR"), ("LIKE_IN_MONOLITH", "off")],
};
