//! The problems in `lab/exams`, one directory each: `problem.toml`.

use std::sync::LazyLock;

use serde::Deserialize;

#[cfg(test)]
mod tests;

macro_rules! files {
    ($($id:literal),* $(,)?) => {
        [$(($id, include_str!(concat!("../../exams/", $id, "/problem.toml")))),*]
    };
}

/// The ids and the files of all problems.
const FILES: [(&str, &str); 11] = files![
    "badger", "crane", "ferret", "gecko", "lynx", "moose", "osprey", "otter", "puffin", "tapir",
    "vole",
];

/// A problem, and the workload under which people look for its cause.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Problem {
    /// The name of the directory. It tells nothing of the cause.
    #[serde(skip)]
    pub id: String,
    /// The id of the healthy twin: the same workload and the same noise, and no fault.
    pub twin: String,
    /// What a customer says, who may be wrong.
    pub statement: String,
    /// What a customer of the healthy twin says.
    pub twin_statement: String,
    /// The seed, unless the reader gives another one.
    pub seed: u64,
    /// The exam ends after this time.
    pub time_limit_minutes: u64,
    /// Hints, the vaguest first. They hold for the twin as well.
    pub hints: Vec<String>,
    /// How the cause can be found, for people who have ended the exam.
    pub explanation: String,
    /// What ends the trouble. `None` if no AWS operation of the lab ends it; then mitigation is not graded.
    pub mitigation: Option<String>,
    /// Metrics that the fault changes, as `Namespace/MetricName`: evidence of the kind `metric`.
    #[serde(default)]
    pub metrics: Vec<String>,
    pub workload: Workload,
    pub noise: Noise,
    pub fault: Mechanism,
}

/// The requests of the customers.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Workload {
    /// Requests per second.
    pub rate: u32,
    /// Likes in percent of the requests. The rest reads the list or a mysfit.
    pub like_percent: u32,
    /// After the tasks are healthy, requests are sent for this time before the baseline begins.
    pub warm_up_seconds: u64,
    /// For this time nothing is wrong in any exam. Mitigation is compared with it.
    pub baseline_seconds: u64,
    /// Time from the end of the baseline to the start of the fault, in seconds.
    pub fault_delay_seconds: Range,
    /// Tasks of the Like service.
    #[serde(default = "default_like_tasks")]
    pub like_tasks: u32,
    /// What each like needs of its task.
    pub workers: Option<Workers>,
}

fn default_like_tasks() -> u32 {
    2
}

/// Each like occupies one of `count` workers of its task for `ms` milliseconds.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Workers {
    pub count: u32,
    pub ms: u64,
}

/// What looks like a fault and is none. It does not depend on the fault.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Noise {
    /// Requests for mysfits that do not exist, in percent of all requests. Half of them are likes.
    pub unknown_percent: u32,
    /// Each request to DynamoDB takes longer by a time from this range, in milliseconds.
    pub database_ms: Range,
    /// What changes some time after the baseline, and harms nobody.
    pub innocent_change: InnocentChange,
}

/// A change of the configuration that nobody notices.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum InnocentChange {
    /// A revision of the Like service with another `SHUTDOWN_GRACE_SECONDS`.
    LikeRevision,
    /// The same for the monolith.
    MonolithRevision,
    /// Another largest number of tasks of the Like service.
    Scaling,
}

/// A range from which the seed draws a whole number. Both ends belong to it.
pub type Range = [u64; 2];

/// What goes wrong, and the ranges of its parameters. The names of the mechanisms are those of the vocabulary.
#[derive(Clone, Debug, Deserialize)]
#[serde(tag = "mechanism", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Mechanism {
    /// A share of likes burns CPU time in each task of the Like service.
    CpuBurn { percent: Range, cpu_ms: Range },
    /// Each task of the Like service drops a share of likes: they answer 404, and the monolith is not called.
    LostLikes { percent: Range },
    /// One task of the Like service burns CPU time for a share of its likes.
    FaultyTask { percent: Range, cpu_ms: Range },
    /// A revision of the monolith is deployed whose variable has one of these values.
    BadRevision {
        variable: String,
        values: Vec<String>,
    },
    /// A revision of the Like service is deployed whose deadline for the monolith is shorter than the monolith needs.
    TimeoutTooShort { timeout_ms: Range },
    /// DynamoDB answers requests for one mysfit late.
    SlowKey { ms: Range },
    /// DynamoDB throttles a share of the requests for one mysfit.
    ThrottledKey { percent: Range },
    /// DynamoDB answers a share of the requests for one mysfit with an internal error.
    FailingKey { percent: Range },
    /// The rule sends a share of the likes to the monolith, which does not serve them.
    WrongWeights { monolith: Range },
    /// The rule has a path that no like has, so that all likes go to the monolith.
    WrongPath { paths: Vec<String> },
    /// The largest number of tasks of the Like service is too small for the likes.
    TooFewTasks { max_capacity: u32 },
}

impl Mechanism {
    /// The name of the mechanism in the vocabulary.
    pub fn name(&self) -> &'static str {
        match self {
            Self::CpuBurn { .. } => "cpu-burn",
            Self::LostLikes { .. } => "lost-likes",
            Self::FaultyTask { .. } => "faulty-task",
            Self::BadRevision { .. } => "bad-revision",
            Self::TimeoutTooShort { .. } => "timeout-too-short",
            Self::SlowKey { .. } => "slow-key",
            Self::ThrottledKey { .. } => "throttled-key",
            Self::FailingKey { .. } => "failing-key",
            Self::WrongWeights { .. } => "wrong-weights",
            Self::WrongPath { .. } => "wrong-path",
            Self::TooFewTasks { .. } => "too-few-tasks",
        }
    }
}

/// A problem, with its fault or without.
#[derive(Clone, Copy, Debug)]
pub struct Variant {
    pub problem: &'static Problem,
    /// Whether it is the healthy twin.
    pub is_healthy: bool,
}

impl Variant {
    /// All problems and their twins, in the order of their ids.
    pub fn all() -> Vec<Self> {
        let mut all: Vec<_> = PROBLEMS
            .iter()
            .flat_map(|problem| {
                [false, true].map(|is_healthy| Self {
                    problem,
                    is_healthy,
                })
            })
            .collect();
        all.sort_by(|one, other| one.id().cmp(other.id()));
        all
    }

    /// The problem or the twin with this id.
    pub fn find(id: &str) -> Option<Self> {
        Self::all().into_iter().find(|variant| variant.id() == id)
    }

    /// What a customer says, in one line.
    pub fn statement(self) -> String {
        let statement = match self.is_healthy {
            true => &self.problem.twin_statement,
            false => &self.problem.statement,
        };
        statement.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    /// The id.
    pub fn id(self) -> &'static str {
        match self.is_healthy {
            true => &self.problem.twin,
            false => &self.problem.id,
        }
    }
}

static PROBLEMS: LazyLock<Vec<Problem>> = LazyLock::new(parse_all);

/// Parses all problems.
#[expect(
    clippy::expect_used,
    reason = "the files are part of the program, a test parses them, and no input reaches them"
)]
fn parse_all() -> Vec<Problem> {
    let parse = |(id, text): (&str, &str)| {
        let mut problem: Problem = toml::from_str(text).expect("a problem is valid");
        id.clone_into(&mut problem.id);
        problem
    };
    FILES.into_iter().map(parse).collect()
}
