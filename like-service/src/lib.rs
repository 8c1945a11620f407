//! The Like service of Mythical Mysfits: one function, strangled out of the monolith. It takes a like,
//! may go wrong on purpose (`CHAOSMODE`), and fulfils the like through the monolith's hook.

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

/// How telemetry names this service and its log targets.
pub const SERVICE_INFO: ServiceInfo = ServiceInfo {
    service_name: "like service",
    log_targets: &["like_service", "http_shell"],
    access_target: ACCESS_TARGET,
};
