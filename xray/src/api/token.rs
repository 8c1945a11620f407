//! Page tokens. A token is of one query: with another one, it would skip traces.

use std::hash::{DefaultHasher, Hash, Hasher};

use super::Error;
use super::requests::GetTraceSummaries;
use crate::id::TraceId;
use crate::time::Time;
use crate::trace::Trace;

/// What a page of summaries is a part of.
pub struct Query(DefaultHasher);

impl Query {
    /// The query of this request, whatever its page.
    pub fn of(request: &GetTraceSummaries, share: f64) -> Self {
        let range_type = request.time_range_type.map(|it| it.0).unwrap_or_default();
        let mut hasher = DefaultHasher::new();
        (request.start_time, request.end_time, range_type).hash(&mut hasher);
        (&request.filter_expression, share.to_bits()).hash(&mut hasher);
        Self(hasher)
    }

    /// The token of the page after this trace.
    pub fn token(&self, last: &Trace) -> String {
        self.written(last.index_time, last.id)
    }

    /// The position where the previous page ended, from a token of the same query.
    pub fn read(&self, token: &str) -> Result<(Time, TraceId), Error> {
        let place = (|| {
            let mut parts = token.split(':');
            let time = Time::from_micros(parts.next()?.parse().ok()?);
            Some((time, parts.next()?.parse().ok()?))
        })();
        let place = place.filter(|(time, id)| self.written(*time, *id) == token);
        place.ok_or_else(|| {
            let message =
                format!("Invalid token {token}: NextToken is not of a page of this query");
            Error::invalid(message)
        })
    }

    fn written(&self, time: Time, id: TraceId) -> String {
        let mut hasher = self.0.clone();
        (time, id).hash(&mut hasher);
        format!("{}:{id}:{:016x}", time.micros(), hasher.finish())
    }
}
