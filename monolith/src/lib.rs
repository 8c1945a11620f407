//! The monolith of Mythical Mysfits: lists, filters and shows creatures, takes adoptions, and fulfils
//! the likes that the Like service passes on through the hook `fulfill-like`. Its state is one
//! DynamoDB table with two global secondary indexes.

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

/// How telemetry names this service and its log targets.
pub const SERVICE_INFO: ServiceInfo = ServiceInfo {
    service_name: "monolith",
    log_targets: &["monolith", "http_shell"],
    access_target: ACCESS_TARGET,
};
