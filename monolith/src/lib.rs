//! The monolith of Mythical Mysfits lists, filters and shows mysfits, and records adoptions and likes. The
//! Like service calls the monolith's route `fulfill-like` for each like. All data is stored in one DynamoDB
//! table with two global secondary indexes.

use http_shell::ACCESS_TARGET;
use telemetry::ServiceInfo;

mod app;
mod config;
mod error;
mod mysfit;
mod routes;
mod store;

pub use app::Application;
pub use config::Config;
pub use error::Error;

/// The names of this service and of its log targets in telemetry data.
pub const SERVICE_INFO: ServiceInfo = ServiceInfo {
    service_name: "monolith",
    log_targets: &["monolith", "http_shell"],
    access_target: ACCESS_TARGET,
};
