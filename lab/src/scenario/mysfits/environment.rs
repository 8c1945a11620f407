//! The environment in the task definitions: the template's, with the values of the lab's options, of its addresses, and of the
//! variables that the reader has set for the lab.

use std::collections::BTreeSet;

use super::super::Context;
use super::TABLE;
use super::definitions::Environment;
use super::options::{LikeIn, Options};
use crate::switch::Switch;

/// Variables of both services that the reader can set for the lab.
const OF_BOTH: Forwarded = Forwarded {
    prefixes: &["OTEL_"],
    names: &[
        "ACCESS_LOG",
        "AWS_XRAY_DAEMON_ADDRESS",
        "LOG_FORMAT",
        "SHUTDOWN_GRACE_SECONDS",
        "TRACE_HEALTH_CHECKS",
    ],
};

/// Variables of the Like service that the reader can set for the lab.
const OF_LIKE_SERVICE: Forwarded = Forwarded {
    prefixes: &["CHAOS_"],
    names: &["MONOLITH_TIMEOUT_MS"],
};

/// Variables of the monolith that the reader can set for the lab.
const OF_MONOLITH: Forwarded = Forwarded {
    prefixes: &[],
    names: &["DDB_TIMEOUT_MS", "LIKE_BATCHING", "LIKE_IN_MONOLITH"],
};

/// The lab's option `--seed` sets the seed of each task.
const SEED: &str = "CHAOS_SEED";

/// The end of the names of variables with secrets. They are added at the start of a process, not in the task definition.
const SECRET_SUFFIX: &str = "_HEADERS";

/// Names of variables.
struct Forwarded {
    prefixes: &'static [&'static str],
    names: &'static [&'static str],
}

impl Forwarded {
    fn contains(&self, name: &str) -> bool {
        let has_prefix = |prefix: &&str| name.starts_with(*prefix);
        // The services ignore names with lower-case letters.
        let is_upper_case = !name.contains(|char: char| char.is_ascii_lowercase());
        name != SEED
            && !name.ends_with(SECRET_SUFFIX)
            && is_upper_case
            && (self.names.contains(&name) || self.prefixes.iter().any(has_prefix))
    }
}

/// The environment of the monolith.
pub fn monolith(options: &Options, context: &Context<'_>) -> Environment {
    let decided = vec![("DDB_TABLE_NAME", TABLE.to_owned())];
    let like_in_monolith = on_off(options.like_in == LikeIn::Monolith);
    let mut environment = environment(
        decided,
        vec![("LIKE_IN_MONOLITH", like_in_monolith)],
        &OF_MONOLITH,
        context,
    );
    if options.like_in == LikeIn::Monolith {
        set(&mut environment, "LIKE_IN_MONOLITH", &on_off(true));
    }
    environment
}

/// The environment of the Like service.
pub fn like_service(options: &Options, context: &Context<'_>) -> Environment {
    let decided = vec![
        ("MONOLITH_URL", context.addresses.alb.clone()),
        ("CHAOSMODE", on_off(options.chaos == Switch::On)),
    ];
    let defaults = vec![("CHAOS_REVEAL", on_off(true))];
    environment(decided, defaults, &OF_LIKE_SERVICE, context)
}

/// `decided` are the lab's values. The reader can set the variables of `defaults`, and those that are `forwarded`.
fn environment(
    decided: Vec<(&str, String)>,
    defaults: Vec<(&str, String)>,
    forwarded: &Forwarded,
    context: &Context<'_>,
) -> Environment {
    let of_both = [
        ("PORT", super::PORT.to_string()),
        ("LOGLEVEL", context.log_level.to_owned()),
    ];
    let region = ("AWS_REGION", wire::REGION.to_owned());
    // CloudWatch gets the metrics from the log lines.
    let metrics = ("OTEL_METRICS_EXPORTER", "emf".to_owned());
    let grace = ("SHUTDOWN_GRACE_SECONDS", "20".to_owned());
    let owned = |(name, value): (&str, String)| (name.to_owned(), value);
    let mut environment: Environment = of_both
        .into_iter()
        .chain([grace, region, metrics])
        .chain(decided)
        .chain(defaults)
        .map(owned)
        .collect();
    // The names in order, so that each start registers the same task definition.
    let reader: BTreeSet<_> = context.reader.iter().collect();
    for (name, value) in reader {
        if forwarded.contains(name) || OF_BOTH.contains(name) {
            set(&mut environment, name, value);
        }
    }
    // These depend on the reader's variables.
    for (name, value) in context.tracing.variables() {
        set(&mut environment, name, &value);
    }
    environment
}

fn set(environment: &mut Environment, name: &str, value: &str) {
    match environment.iter_mut().find(|(known, _)| known == name) {
        Some((_, known)) => value.clone_into(known),
        None => environment.push((name.to_owned(), value.to_owned())),
    }
}

fn on_off(on: bool) -> String {
    if on { "on" } else { "off" }.to_owned()
}
