//! The Like service of Mythical Mysfits. It receives likes, which the monolith served before, and fulfils each
//! one by a call of the monolith's hook. With `CHAOSMODE=on` it fails on purpose.

use http_shell::ACCESS_TARGET;
use telemetry::ServiceInfo;

mod app;
pub mod chaos;
mod config;
mod error;
mod metrics;
mod monolith_client;
mod routes;

pub use app::Application;
pub use config::Config;
pub use error::Error;

/// The names of this service and of its log targets in telemetry.
pub const SERVICE_INFO: ServiceInfo = ServiceInfo {
    service_name: "like service",
    log_targets: &["like_service", "http_shell"],
    access_target: ACCESS_TARGET,
};
