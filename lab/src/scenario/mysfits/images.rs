//! The programs of this scenario, and the variables that the lab adds to their environment.

use http_shell::env::Environment;
use http_shell::process::ProcessError;

use super::{LIKE, LIKE_IN_WORKTREE, MONOLITH};
use crate::channel::{Order, TaskEnd};
use crate::runtime::{Added, Image, METADATA_PROXY, X_RAY_DAEMON};
use crate::task::{self, Bind};

/// The headers of OTLP requests. They contain the keys of vendors.
const HEADERS: &str = "OTEL_EXPORTER_OTLP_HEADERS";
const METRICS_HEADERS: &str = "OTEL_EXPORTER_OTLP_METRICS_HEADERS";
const TRACES_HEADERS: &str = "OTEL_EXPORTER_OTLP_TRACES_HEADERS";

/// All programs.
pub const IMAGES: &[Image] = &[
    LIKE_IMAGE,
    Image {
        name: LIKE_IN_WORKTREE,
        is_in_worktree: true,
        ..LIKE_IMAGE
    },
    Image {
        name: MONOLITH,
        is_in_worktree: false,
        run: monolith,
        added: &[
            ("AWS_ENDPOINT_URL_DYNAMODB", Added::DynamoDb),
            // The local DynamoDB accepts any keys.
            ("AWS_ACCESS_KEY_ID", Added::Text("lab")),
            ("AWS_SECRET_ACCESS_KEY", Added::Text("lab")),
            // The SDK finds the reader's files also without the variable HOME.
            ("AWS_CONFIG_FILE", Added::Text("/dev/null")),
            ("AWS_SHARED_CREDENTIALS_FILE", Added::Text("/dev/null")),
            ("AWS_EC2_METADATA_DISABLED", Added::Text("true")),
            (HEADERS, Added::Reader),
            (METRICS_HEADERS, Added::Reader),
            (TRACES_HEADERS, Added::Reader),
        ],
    },
    METADATA_PROXY,
    X_RAY_DAEMON,
];

const LIKE_IMAGE: Image = Image {
    name: LIKE,
    is_in_worktree: false,
    run: like_service,
    added: &[
        // A like with this fault takes more than a second here, as on AWS, where a task has a quarter of a processor.
        ("CHAOS_STRESS_CPU_MS", Added::Default("1100-2200")),
        ("CHAOS_SEED", Added::Seed),
        (HEADERS, Added::Reader),
        (METRICS_HEADERS, Added::Reader),
        (TRACES_HEADERS, Added::Reader),
    ],
};

fn like_service(env: &Environment, bind: Bind) -> Result<(), ProcessError> {
    use like_service::chaos::FaultSink;
    use like_service::{Application, Config, SERVICE_INFO};
    let config = Config::read(env)?;
    let _flushed_at_the_end = task::start_telemetry(&config.telemetry, SERVICE_INFO)?;
    bind.serve_with_channel(config.http.port, async |listener, signal| {
        let mut application = Application::build(config, listener)?;
        let chaos = application.chaos();
        let (mut channel, lab_ended) = TaskEnd::open(move |order| match order {
            Order::Faults(overrides) => chaos.override_faults(overrides),
        })?;
        channel.wait_for_first_order().await;
        let reports = channel.start_reports()?;
        if let Some(reports) = &reports {
            let sender = reports.sender();
            application =
                application.with_fault_sink(FaultSink::new(move |report| sender.send(report)));
        }
        let ended = application
            .run_until(task::stop_at(signal, lab_ended))
            .await;
        if let Some(reports) = reports {
            reports.finish().await;
        }
        Ok(ended?)
    })
}

fn monolith(env: &Environment, bind: Bind) -> Result<(), ProcessError> {
    use monolith::{Application, Config, SERVICE_INFO};
    let config = Config::read(env)?;
    let _flushed_at_the_end = task::start_telemetry(&config.telemetry, SERVICE_INFO)?;
    bind.serve(config.http.port, async |listener, stop| {
        let application = Application::build(config, listener).await?;
        Ok(application.run_until(stop).await?)
    })
}
