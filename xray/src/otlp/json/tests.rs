//! Tests of the JSON encoding.

mod requests;
mod values;
