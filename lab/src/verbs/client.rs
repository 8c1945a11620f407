//! Requests of a verb to the running lab.

use std::net::Ipv4Addr;
use std::time::Duration;

use axum::body::{Body, Bytes, to_bytes};
use axum::http::{Method, Request, StatusCode};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use serde::de::DeserializeOwned;
use tokio::time::timeout;

use crate::error::Error;

/// Maximum time until the lab has answered.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Maximum size of a response body in bytes. The lab's responses have a few kilobytes.
const MAX_BODY_BYTES: usize = 1024 * 1024;

/// A listener of the running lab.
#[derive(Clone, Copy, Debug)]
pub struct Listener {
    /// The port.
    pub port: u16,
    /// The option that sets the port.
    pub option: &'static str,
}

impl Listener {
    /// The URL of the listener.
    pub fn url(self) -> String {
        format!("http://{}:{}", Ipv4Addr::LOCALHOST, self.port)
    }

    /// Sends a request without a body, and returns the parsed body of the response.
    ///
    /// # Errors
    ///
    /// Fails if nothing answers, and if the answer is not the lab's.
    pub async fn call<T: DeserializeOwned>(self, method: Method, path: &str) -> Result<T, Error> {
        let answer = timeout(TIMEOUT, self.send(method, path)).await;
        let (status, body) = answer.map_err(|error| self.no_answer(error))??;
        let parsed = serde_json::from_slice(&body).ok();
        let parsed = parsed.filter(|_| status == StatusCode::OK);
        parsed.ok_or_else(|| Error::OtherProgram {
            url: self.url(),
            option: self.option,
        })
    }

    async fn send(self, method: Method, path: &str) -> Result<(StatusCode, Bytes), Error> {
        let client = Client::builder(TokioExecutor::new()).build_http();
        let request = Request::builder()
            .method(method)
            .uri(self.url() + path)
            .body(Body::empty());
        let request = request.map_err(|error| self.no_answer(error))?;
        let response = client.request(request).await;
        let response = response.map_err(|error| self.no_answer(error))?;
        let status = response.status();
        let body = to_bytes(Body::new(response.into_body()), MAX_BODY_BYTES).await;
        Ok((status, body.map_err(|error| self.no_answer(error))?))
    }

    fn no_answer(self, source: impl std::error::Error + Send + Sync + 'static) -> Error {
        Error::NoLab {
            url: self.url(),
            option: self.option,
            source: Box::new(source),
        }
    }
}
