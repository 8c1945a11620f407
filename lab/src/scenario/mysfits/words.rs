//! What people read when the lab is ready: the routes, and what to try first. Only with `--spoilers` it names the faults, their
//! shares, the seed and the filter that finds them: the readers of the first labs find out themselves.

use http_shell::env::Environment;
use like_service::chaos;

use super::super::Context;
use super::options::{LikeIn, Options};
use super::{LIKE, LIKE_PATHS, MONOLITH};
use crate::endpoints::Addresses;
use crate::ports::AWS_PORT;
use crate::report::Words;
use crate::switch::Switch;

/// A mysfit of the seed data.
const MYSFIT: &str = "4e53920c-505a-4a90-a694-b9300791f0ae";

/// Finds the likes that the workshop is about.
pub const FILTER: &str =
    r#"service("like service") { responsetime > 1 OR error } AND http.method = "POST""#;

/// What a trace tells before the labs.
const STATUS_AND_TIME: &str = "TraceSummaries[].[Id, Http.HttpStatus, ResponseTime]";

/// The words for a lab with these options.
pub fn words(options: &Options, context: &Context<'_>) -> Words {
    let (likes, monoliths) = (tasks(options.like_tasks), tasks(options.monolith_tasks));
    let receives_likes = match options.like_in {
        LikeIn::Service => format!("{LIKE} ({likes})"),
        LikeIn::Monolith => format!("{MONOLITH}; {LIKE} ({likes}) has the weight 0"),
    };
    Words {
        routes: vec![
            format!("{LIKE_PATHS} -> {receives_likes}"),
            format!("everything else -> {MONOLITH} ({monoliths})"),
        ],
        remarks: remarks(options, context),
        first_steps: first_steps(
            context.addresses,
            context.tracing.stays_here(),
            options.spoilers,
        ),
    }
}

fn remarks(options: &Options, context: &Context<'_>) -> Vec<String> {
    if options.like_in == LikeIn::Monolith {
        return vec!["The monolith serves likes.".to_owned()];
    }
    if options.chaos == Switch::Off {
        return vec!["Chaos is off: likes have no injected faults.".to_owned()];
    }
    if !options.spoilers {
        return vec![
            "Likes do not work as they should. The labs in docs/labs find out why; with --spoilers, the lab says it."
                .to_owned(),
        ];
    }
    let reader = context.reader.iter();
    let env: Environment = reader
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    let shares = match chaos::Config::read(&env) {
        Err(_) => String::new(),
        Ok(chaos) => {
            let (slow, lost) = (chaos.stress_percent, chaos.not_found_percent);
            let fine = 100u32.saturating_sub(slow + lost);
            format!(": of 100 likes about {slow} are slow, {lost} answer 404, {fine} are fine")
        }
    };
    let seed = context.seed;
    vec![
        format!("Chaos is on{shares}."),
        format!("Seed {seed}; repeat with --seed {seed}"),
    ]
}

fn first_steps(addresses: &Addresses, has_traces: bool, has_spoilers: bool) -> Vec<String> {
    let Addresses { site, alb, aws, .. } = addresses;
    let port = match aws.rsplit(':').next() {
        Some(port) if port != AWS_PORT.to_string() => format!(" --aws-port {port}"),
        _ => String::new(),
    };
    let mut steps = vec![
        format!("open {site} and click some hearts"),
        format!("curl -i -X POST {alb}/mysfits/{MYSFIT}/like"),
        format!(r#"eval "$(cargo run -q -- env{port})"   # in another terminal, for the AWS CLI"#),
        "aws ecs update-service --cluster $CLUSTER --service $LIKE_SERVICE --desired-count 3"
            .to_owned(),
        "aws dynamodb scan --table-name $TABLE".to_owned(),
    ];
    let times = "--start-time $(($(date +%s) - 300)) --end-time $(($(date +%s) + 1))";
    if has_traces {
        // Without a query, the output contains the annotations, which name the faults.
        let option = match has_spoilers {
            true => format!("--filter-expression '{FILTER}'"),
            false => format!("--output text --query '{STATUS_AND_TIME}'"),
        };
        steps.extend([
            format!("aws xray get-trace-summaries {times} \\"),
            format!("  {option}"),
        ]);
    }
    steps
}

fn tasks(count: u32) -> String {
    match count {
        1 => "1 task".to_owned(),
        count => format!("{count} tasks"),
    }
}
