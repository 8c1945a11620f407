//! The Like service of Mythical Mysfits receives likes, and calls the monolith's route `fulfill-like` for
//! each like. With `CHAOSMODE=on`, the service injects faults into likes.

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

/// The names of this service and of its log targets in telemetry data.
pub const SERVICE_INFO: ServiceInfo = ServiceInfo {
    service_name: "like service",
    log_targets: &["like_service", "http_shell"],
    access_target: ACCESS_TARGET,
};
