//! Page tokens of `GetTraceSummaries`. A page token is valid only for the query that returned the token. In
//! another query, the token would skip traces, because the pages of that query begin at different traces.

use std::hash::{DefaultHasher, Hash, Hasher};

use super::requests::GetTraceSummaries;
use crate::error::Error;
use crate::id::TraceId;
use crate::time::Time;
use crate::trace::Trace;

/// Hash of a query without its page token.
pub struct QueryHash(DefaultHasher);

impl QueryHash {
    /// Hashes a request. `sampled_fraction` is the fraction of the traces that the request asks for, from 0
    /// to 1.
    pub fn new(request: &GetTraceSummaries, sampled_fraction: f64) -> Self {
        let range_type = request.time_range_type.map(|it| it.0).unwrap_or_default();
        let mut hasher = DefaultHasher::new();
        (request.start_time, request.end_time, range_type).hash(&mut hasher);
        (&request.filter_expression, sampled_fraction.to_bits()).hash(&mut hasher);
        Self(hasher)
    }

    /// Returns the token of the page that begins after the trace `last`.
    pub fn token_after(&self, last: &Trace) -> String {
        self.format_token(last.index_time, last.id)
    }

    /// Parses the time and the id of the last trace on the previous page. Fails if the page token belongs to
    /// another query.
    pub fn parse_token(&self, token: &str) -> Result<(Time, TraceId), Error> {
        let position = (|| {
            let mut parts = token.split(':');
            let time = Time::from_micros(parts.next()?.parse().ok()?);
            Some((time, parts.next()?.parse().ok()?))
        })();
        let position = position.filter(|(time, id)| self.format_token(*time, *id) == token);
        position.ok_or_else(|| {
            let message = format!("Invalid token {token}: NextToken does not belong to this query");
            Error::invalid(message)
        })
    }

    fn format_token(&self, time: Time, id: TraceId) -> String {
        let mut hasher = self.0.clone();
        (time, id).hash(&mut hasher);
        format!("{}:{id}:{:016x}", time.micros(), hasher.finish())
    }
}
