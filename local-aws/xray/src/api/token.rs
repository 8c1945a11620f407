//! Page tokens of `GetTraceSummaries`.

use wire::PageTokens;

use super::requests::GetTraceSummaries;
use crate::error::Error;
use crate::id::TraceId;
use crate::time::Time;
use crate::trace::Trace;

/// The page tokens of one request, without its own page token.
pub struct QueryTokens(PageTokens);

impl QueryTokens {
    /// The tokens of a request. `sampled_fraction` is the fraction of the traces that the request asks for, from 0
    /// to 1.
    pub fn new(request: &GetTraceSummaries, sampled_fraction: f64) -> Self {
        let range_type = request.time_range_type.map(|it| it.0).unwrap_or_default();
        let time_range = (request.start_time, request.end_time, range_type);
        let filter = (&request.filter_expression, sampled_fraction.to_bits());
        Self(PageTokens::new((time_range, filter)))
    }

    /// Returns the token of the page that begins after the trace `last`.
    pub fn token_after(&self, last: &Trace) -> String {
        let position = format!("{}:{}", last.index_time.micros(), last.id);
        self.0.token_after(&position)
    }

    /// Parses the time and the id of the last trace on the previous page. Fails if the page token belongs to
    /// another query.
    pub fn parse_token(&self, token: &str) -> Result<(Time, TraceId), Error> {
        let position = self.0.position(token).and_then(|position| {
            let (time, id) = position.split_once(':')?;
            Some((Time::from_micros(time.parse().ok()?), id.parse().ok()?))
        });
        position.ok_or_else(|| {
            let message = format!("Invalid token {token}: NextToken does not belong to this query");
            Error::invalid(message)
        })
    }
}
