//! The monolith of Mythical Mysfits: lists, filters and shows creatures, takes adoptions, and fulfils
//! the likes that the Like service passes on through the hook `fulfill-like`. Its state is one
//! DynamoDB table with two global secondary indexes.

mod app;
mod config;
mod error;
mod mysfit;
mod routes;
mod store;

pub use app::Application;
pub use config::Config;
pub use error::Error;

/// Prefixes of the log targets that `LOGLEVEL` speaks of.
pub const LOG_TARGETS: &[&str] = &["monolith", "http_shell"];
