//! A local Amazon CloudWatch Logs: log groups, log streams and their events, filter patterns, metric filters, and operations
//! of the API (version 2014-03-28).

mod pattern;

pub use pattern::{Extracted, Pattern, PatternError};
