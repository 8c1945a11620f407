//! A local AWS X-Ray: it takes trace documents as the X-Ray daemon does, and answers as the X-Ray API does.
//!
//! It would serve any application. What it covers is what the X-Ray developer guide and the service model
//! document; where both are silent, the module says what was chosen. It keeps traces in memory, bounded, and
//! not over a restart.
//!
//! A document's way: [`Server`] receives it, `document` finds out whether it is right, `store` keeps it.
//! When somebody asks, `assembly` puts a trace's documents together, and `filter`, `summary`, `graph` and
//! `series` read what came out.

mod api;
mod arn;
mod assembly;
mod bounded;
mod document;
mod filter;
mod graph;
mod groups;
mod id;
mod interner;
mod memory;
mod options;
mod otlp;
mod root_cause;
mod sampling;
mod series;
mod server;
mod statistics;
mod store;
mod summary;
mod tags;
mod time;
mod trace;
mod udp;
mod xray;

pub use api::{Error, router};
pub use document::Refusal;
pub use options::Options;
pub use sampling::Rates;
pub use server::{Server, Sockets};
pub use store::Limits;
pub use xray::{Config, Xray};
