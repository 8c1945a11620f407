//! Helpers for hyper clients that call other services.
//!
//! Each service has its own client, with its own pool, deadlines and errors. This module parses addresses,
//! classifies transport errors, and reads JSON bodies of limited size.

use std::error::Error;

use bytes::Bytes;
use http::uri::Authority;
use http::{Request, Response};
use http_body_util::{BodyExt, Empty, Limited};
use hyper::body::Incoming;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use serde::Deserialize;
use thiserror::Error;

/// The error of a call to another service. The caller checks the deadline and the status of the response.
#[derive(Debug, Error)]
pub enum UpstreamError {
    /// No connection to the service could be opened.
    #[error("the upstream cannot be reached")]
    Unreachable(#[source] Box<dyn Error + Send + Sync>),
    /// The response is not valid HTTP, is incomplete or too large, or is not the expected JSON.
    #[error("the upstream's response is not valid")]
    InvalidResponse(#[source] Box<dyn Error + Send + Sync>),
}

/// Parses `host` or `host:port`. `is_host` returns whether a host is valid. This function rejects port 0.
pub fn parse_authority(text: &str, is_host: impl FnOnce(&str) -> bool) -> Option<Authority> {
    let authority: Authority = text.parse().ok()?;
    // `strip_prefix` rejects user information (`user@host`). `Authority` accepts user information, and
    // hyper would send the user information in a header.
    let port = text.strip_prefix(authority.host())?;
    let is_valid_port = port.is_empty() || authority.port_u16().is_some_and(|port| port > 0);
    (is_valid_port && is_host(authority.host())).then_some(authority)
}

/// Sends `request` and returns the head of the response. The caller must read the body of the response.
///
/// # Errors
///
/// Returns an error when no connection can be opened, or no valid response head arrives.
pub async fn send(
    client: &Client<HttpConnector, Empty<Bytes>>,
    request: Request<Empty<Bytes>>,
) -> Result<Response<Incoming>, UpstreamError> {
    client.request(request).await.map_err(|error| {
        if error.is_connect() {
            UpstreamError::Unreachable(Box::new(error))
        } else {
            UpstreamError::InvalidResponse(Box::new(error))
        }
    })
}

/// Reads a body of at most `max_bytes` to its end.
///
/// # Errors
///
/// Returns an error when the body is longer than `max_bytes`, or incomplete.
pub async fn read_body(body: Incoming, max_bytes: usize) -> Result<Bytes, UpstreamError> {
    let body = Limited::new(body, max_bytes).collect().await;
    Ok(body.map_err(UpstreamError::InvalidResponse)?.to_bytes())
}

/// Parses a JSON body as `T`.
///
/// # Errors
///
/// Returns an error when the body is not JSON, or the JSON value does not deserialise to `T`.
pub fn parse_json<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<T, UpstreamError> {
    serde_json::from_slice(body).map_err(|error| UpstreamError::InvalidResponse(Box::new(error)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_authority_is_a_valid_host_with_an_optional_port() {
        let parse = |text: &str| parse_authority(text, |host| host != "invalid-host");
        for text in ["host", "host:1", "host:65535", "[::1]:80"] {
            assert_eq!(parse(text).unwrap().as_str(), text);
        }
        for text in [
            "",
            "invalid-host",
            "host:0",
            "host:65536",
            "host:",
            "user@host",
            "a b",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_body_of_another_shape_is_an_invalid_response() {
        assert_eq!(parse_json::<u8>(b"7").unwrap(), 7);
        let error = parse_json::<u8>(b"{}").unwrap_err();
        assert!(
            matches!(error, UpstreamError::InvalidResponse(_)),
            "{error}"
        );
    }
}
