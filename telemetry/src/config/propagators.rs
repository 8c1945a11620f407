//! Parses `OTEL_PROPAGATORS`, the formats of the request headers that carry a trace.

use super::variables::ExpectedValue;

/// A format of HTTP headers that carry a trace or baggage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum HeaderFormat {
    /// The header `X-Amzn-Trace-Id`.
    Xray,
    /// The W3C headers `traceparent` and `tracestate`.
    TraceContext,
    /// The W3C header `baggage`.
    Baggage,
}

/// The header formats that the propagator extracts from incoming requests and injects into outgoing requests.
/// If the headers of a request contradict each other, the first header format takes precedence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Propagators(Vec<HeaderFormat>);

impl Default for Propagators {
    fn default() -> Self {
        Self(vec![HeaderFormat::Xray, HeaderFormat::TraceContext])
    }
}

impl Propagators {
    /// Parses a list of header formats, separated by commas. A blank list means the default header formats.
    pub fn parse(value: &str) -> Result<Self, ExpectedValue> {
        if value.trim().is_empty() {
            return Ok(Self::default());
        }
        let mut formats = Vec::new();
        for name in value.split(',').map(str::trim) {
            let format = match &*name.to_ascii_lowercase() {
                "xray" => HeaderFormat::Xray,
                "tracecontext" => HeaderFormat::TraceContext,
                "baggage" => HeaderFormat::Baggage,
                "none" => continue,
                _ => {
                    return Err(ExpectedValue::new(
                        "xray, tracecontext, baggage or none, separated by commas",
                    ));
                }
            };
            if !formats.contains(&format) {
                formats.push(format);
            }
        }
        Ok(Self(formats))
    }

    /// Returns the header formats in their order of precedence, without duplicates.
    pub fn formats(&self) -> &[HeaderFormat] {
        &self.0
    }
}
