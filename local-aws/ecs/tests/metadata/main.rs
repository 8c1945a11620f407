//! The task metadata endpoint by HTTP: the documents, and the errors.

#![expect(clippy::unwrap_used, reason = "the functions are called by tests only")]

mod documents;
mod errors;
mod states;
mod statistics;
mod tasks;
