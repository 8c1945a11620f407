//! The programs of this scenario, and the variables that the lab adds to their environment.

use http_shell::env::{ConfigError, Environment};
use http_shell::process::{ProcessError, block_on};

use super::{LIKE, MONOLITH};
use crate::runtime::{Added, Image, METADATA_PROXY, X_RAY_DAEMON};
use crate::task::{self, Bind};

/// The headers of OTLP requests. They contain the keys of vendors.
const HEADERS: &str = "OTEL_EXPORTER_OTLP_HEADERS";
const METRICS_HEADERS: &str = "OTEL_EXPORTER_OTLP_METRICS_HEADERS";
const TRACES_HEADERS: &str = "OTEL_EXPORTER_OTLP_TRACES_HEADERS";

/// All programs.
pub const IMAGES: &[Image] = &[
    Image {
        name: LIKE,
        run: like_service,
        added: &[
            // A like with this fault takes more than a second here, as on AWS, where a task has a quarter of a processor.
            ("CHAOS_STRESS_CPU_MS", Added::Default("1100-2200")),
            ("CHAOS_SEED", Added::Seed),
            (HEADERS, Added::Reader),
            (METRICS_HEADERS, Added::Reader),
            (TRACES_HEADERS, Added::Reader),
        ],
    },
    Image {
        name: MONOLITH,
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

fn like_service(env: &Environment, bind: Bind) -> Result<(), ProcessError> {
    use like_service::{Application, Config, SERVICE_INFO};
    let config = Config::read(env)?;
    let _flushed_at_the_end = telemetry::init(&config.telemetry, SERVICE_INFO)
        .map_err(|error| ConfigError::Invalid(error.to_string()))?;
    block_on(async {
        let stop = task::stop()?;
        let listener = bind.listen(config.http.port)?;
        let application = Application::build(config, listener)?;
        application.run_until(stop).await?;
        Ok::<_, ProcessError>(())
    })
}

fn monolith(env: &Environment, bind: Bind) -> Result<(), ProcessError> {
    use monolith::{Application, Config, SERVICE_INFO};
    let config = Config::read(env)?;
    let _flushed_at_the_end = telemetry::init(&config.telemetry, SERVICE_INFO)
        .map_err(|error| ConfigError::Invalid(error.to_string()))?;
    block_on(async {
        let stop = task::stop()?;
        let listener = bind.listen(config.http.port)?;
        let application = Application::build(config, listener).await?;
        application.run_until(stop).await?;
        Ok::<_, ProcessError>(())
    })
}
