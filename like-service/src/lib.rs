//! The Like service of Mythical Mysfits: one function, strangled out of the monolith. It takes a like,
//! may go wrong on purpose (`CHAOSMODE`), and fulfils the like through the monolith's hook.

mod app;
pub mod chaos;
mod config;
mod error;
mod monolith_client;
mod routes;

pub use app::Application;
pub use config::Config;
pub use error::Error;

/// Prefixes of the log targets that `LOGLEVEL` speaks of.
pub const LOG_TARGETS: &[&str] = &["like_service", "http_shell"];
