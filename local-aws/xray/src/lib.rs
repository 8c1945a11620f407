//! A local AWS X-Ray: this crate receives trace documents like the X-Ray daemon, and serves the X-Ray API.
//!
//! The crate works with any application. The behaviour of the crate follows the X-Ray developer guide and the
//! service model. If neither the guide nor the service model specifies a behaviour, the documentation of the
//! module describes the behaviour that this crate chose. The crate stores a limited number of traces, in
//! memory only, so a restart deletes all traces.
//!
//! [`Server`] receives a document, the module `document` validates the document, and the module `store`
//! stores the document. For queries, the module `assembly` builds a trace from its documents. The modules
//! `filter`, `summary`, `graph` and `series` read the assembled trace.

mod api;
mod arn;
mod assembly;
mod bounded;
mod document;
mod error;
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

pub use api::{has_path, router};
pub use document::Refusal;
pub use error::Error;
pub use options::Options;
pub use sampling::SamplingRates;
pub use server::{Server, Sockets};
pub use store::Limits;
pub use xray::{Config, Xray};
