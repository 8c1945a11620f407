//! Requests to the running lab.

use std::net::Ipv4Addr;
use std::time::Duration;

use axum::body::{Body, Bytes, to_bytes};
use axum::http::header::CONTENT_TYPE;
use axum::http::request::Builder;
use axum::http::{Method, Request, StatusCode};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::time::error::Elapsed;
use tokio::time::timeout;

use crate::error::Error;

mod environment;

pub use environment::ClientEnvironment;

/// Maximum time until the lab has answered.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Maximum size of a response body in bytes. The lab's responses have a few kilobytes.
const MAX_BODY_BYTES: usize = 1024 * 1024;

/// Runs the future of `start` for at most `limit`. Must not be called inside a runtime.
///
/// # Errors
///
/// Fails if the operating system refuses what a runtime needs.
pub fn block_on<F: Future>(
    limit: Duration,
    start: impl FnOnce() -> F,
) -> std::io::Result<Result<F::Output, Elapsed>> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    Ok(runtime.block_on(async { timeout(limit, start()).await }))
}

/// A listener of the running lab.
#[derive(Clone, Copy, Debug)]
pub struct Listener {
    /// The port.
    pub port: u16,
    /// The option that sets the port.
    pub option: &'static str,
}

/// The body of an error of the lab.
#[derive(Debug, Deserialize)]
struct Failure {
    error: Description,
}

#[derive(Debug, Deserialize)]
struct Description {
    message: String,
}

/// A response of a listener.
#[derive(Debug)]
pub struct Response {
    listener: Listener,
    /// The status code.
    pub status: StatusCode,
    body: Bytes,
}

impl Listener {
    /// The AWS endpoint with this port.
    pub fn aws(port: u16) -> Self {
        let option = "--aws-port";
        Self { port, option }
    }

    /// The URL of the listener.
    pub fn url(self) -> String {
        format!("http://{}:{}", Ipv4Addr::LOCALHOST, self.port)
    }

    /// Sends a request without a body. Must not be called inside a runtime.
    ///
    /// # Errors
    ///
    /// Fails if nothing answers.
    pub fn send(self, method: Method, path: &str) -> Result<Response, Error> {
        let request = Request::builder().method(method).uri(self.url() + path);
        self.exchange(request, Body::empty())
    }

    /// Sends a request with a body of JSON. Must not be called inside a runtime.
    ///
    /// # Errors
    ///
    /// Fails if nothing answers.
    pub fn post(self, path: &str, json: Vec<u8>) -> Result<Response, Error> {
        let request = Request::post(self.url() + path).header(CONTENT_TYPE, "application/json");
        self.exchange(request, Body::from(json))
    }

    /// Sends a request with a body of JSON, inside a runtime.
    ///
    /// # Errors
    ///
    /// Fails if nothing answers in time.
    pub async fn request(
        self,
        method: Method,
        path: &str,
        json: Vec<u8>,
    ) -> Result<Response, Error> {
        let request = Request::builder()
            .method(method)
            .uri(self.url() + path)
            .header(CONTENT_TYPE, "application/json")
            .body(Body::from(json));
        let request = request.map_err(|error| self.no_answer(error))?;
        let sent = timeout(TIMEOUT, self.send_request(request)).await;
        sent.map_err(|error| self.no_answer(error))?
    }

    /// Calls an operation of ECS at the AWS endpoint. Must not be called inside a runtime.
    ///
    /// # Errors
    ///
    /// Fails if nothing answers, or if the response is an error.
    pub fn call_ecs(self, operation: &str, body: &Value) -> Result<Value, Error> {
        let target = format!("AmazonEC2ContainerServiceV20141113.{operation}");
        let request = Request::post(self.url())
            .header("x-amz-target", target)
            .header(CONTENT_TYPE, "application/x-amz-json-1.1");
        let response = self.exchange(request, Body::from(body.to_string()))?;
        if response.status == StatusCode::OK {
            return response.parse();
        }
        let Description { message } = response.parse()?;
        Err(Error::RefusedByLab(message))
    }

    /// Calls an operation of Elastic Load Balancing at the AWS endpoint. Returns the XML. Must not be called inside a runtime.
    ///
    /// # Errors
    ///
    /// Fails if nothing answers, or if the response is an error.
    pub fn call_elb(self, form: String) -> Result<String, Error> {
        let request =
            Request::post(self.url()).header(CONTENT_TYPE, "application/x-www-form-urlencoded");
        let response = self.exchange(request, Body::from(form))?;
        let text = String::from_utf8_lossy(&response.body).into_owned();
        match response.status {
            StatusCode::OK => Ok(text),
            _ => Err(Error::RefusedByLab(text)),
        }
    }

    fn exchange(self, request: Builder, body: Body) -> Result<Response, Error> {
        let request = request.body(body).map_err(|error| self.no_answer(error))?;
        let sent = block_on(TIMEOUT, || self.send_request(request))?;
        sent.map_err(|error| self.no_answer(error))?
    }

    async fn send_request(self, request: Request<Body>) -> Result<Response, Error> {
        let client = Client::builder(TokioExecutor::new()).build_http();
        let response = client.request(request).await;
        let response = response.map_err(|error| self.no_answer(error))?;
        let status = response.status();
        let body = to_bytes(Body::new(response.into_body()), MAX_BODY_BYTES).await;
        Ok(Response {
            listener: self,
            status,
            body: body.map_err(|error| self.no_answer(error))?,
        })
    }

    /// The error of a response that is not the lab's.
    pub fn other_program(self) -> Error {
        Error::OtherProgram {
            url: self.url(),
            option: self.option,
        }
    }

    fn no_answer(self, source: impl std::error::Error + Send + Sync + 'static) -> Error {
        Error::NoLab {
            url: self.url(),
            option: self.option,
            source: Box::new(source),
        }
    }
}

impl Response {
    /// The bytes of the body.
    pub fn body(&self) -> &[u8] {
        &self.body
    }

    /// Parses the body.
    ///
    /// # Errors
    ///
    /// Fails if the body is not one of the lab's.
    pub fn parse<T: DeserializeOwned>(&self) -> Result<T, Error> {
        serde_json::from_slice(&self.body).map_err(|_| self.other_program())
    }

    /// Parses the body of a successful response.
    ///
    /// # Errors
    ///
    /// Fails if the response is an error of the lab, or not the lab's.
    pub fn parse_success<T: DeserializeOwned>(&self) -> Result<T, Error> {
        match self.status {
            StatusCode::OK => self.parse(),
            StatusCode::BAD_REQUEST
            | StatusCode::LOCKED
            | StatusCode::INTERNAL_SERVER_ERROR
            | StatusCode::SERVICE_UNAVAILABLE => {
                let Failure { error } = self.parse()?;
                Err(Error::RefusedByLab(error.message))
            }
            _ => Err(self.other_program()),
        }
    }

    /// The error of a response that is not the lab's.
    pub fn other_program(&self) -> Error {
        self.listener.other_program()
    }
}
