//! Calls operations of the local AWS services: inside this process at the same routes as all clients, or at the AWS endpoint.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::http::Request;
use axum::http::header::CONTENT_TYPE;
use axum::response::Response;
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use serde_json::{Value, json};
use thiserror::Error;
use tower::util::BoxCloneSyncService;
use tower::{BoxError, ServiceExt};

use crate::exports::Export;

/// Maximum size of a response in bytes.
const MAX_RESPONSE_BYTES: usize = 64 * 1024 * 1024;

/// Maximum number of pages that are read of a list.
const MAX_PAGES: usize = 1_000;

/// The API of Elastic Load Balancing.
const ELB_VERSION: &str = "2015-12-01";

/// An operation that has failed.
#[derive(Debug, Error)]
#[error("{operation} failed: {message}")]
pub struct Failed {
    operation: String,
    message: String,
    /// Whether the service has refused the request, for example because of a wrong filter expression.
    pub is_refusal: bool,
}

/// The AWS services, and the names of the resources. Clones are the same.
#[derive(Clone)]
pub struct Aws {
    service: BoxCloneSyncService<Request<Body>, Response, BoxError>,
    names: Arc<BTreeMap<String, String>>,
}

/// A service with the protocol AWS JSON.
#[derive(Clone, Copy, Debug)]
pub struct JsonService {
    /// The prefix of `X-Amz-Target`.
    target_prefix: &'static str,
    /// The version of the protocol.
    version: &'static str,
}

/// An operation that lists something in pages.
#[derive(Clone, Copy, Debug)]
pub struct List<'a> {
    /// `None` for X-Ray.
    pub service: Option<JsonService>,
    pub operation: &'a str,
    /// The member of a response with the items.
    pub items: &'a str,
    /// The members of a response and of a request with the start of the next page.
    pub tokens: [&'a str; 2],
}

pub const ECS: JsonService = json_1_1("AmazonEC2ContainerServiceV20141113");
pub const LOGS: JsonService = json_1_1("Logs_20140328");
pub const AUTO_SCALING: JsonService = json_1_1("AnyScaleFrontendService");
pub const CLOUDWATCH: JsonService = json_1_0("GraniteServiceVersion20100801");
pub const DYNAMODB: JsonService = json_1_0("DynamoDB_20120810");

const fn json_1_0(target_prefix: &'static str) -> JsonService {
    let version = "1.0";
    JsonService {
        target_prefix,
        version,
    }
}

const fn json_1_1(target_prefix: &'static str) -> JsonService {
    let version = "1.1";
    JsonService {
        target_prefix,
        version,
    }
}

impl Failed {
    /// An operation whose response has not what is needed.
    pub fn lacks(operation: &str, what: &str) -> Self {
        Self {
            operation: operation.to_owned(),
            message: format!("the response has no {what}"),
            is_refusal: false,
        }
    }
}

impl Aws {
    /// The services behind `router`. `exports` are the names that the verb `env` prints.
    pub fn new(router: Router, exports: &[Export]) -> Self {
        let service = ServiceExt::<Request<Body>>::map_err(router, |never| match never {});
        Self {
            service: BoxCloneSyncService::new(service),
            names: names(exports),
        }
    }

    /// The services at the AWS endpoint with this address.
    pub fn at(address: String, exports: &[Export]) -> Self {
        let client: Client<_, Body> = Client::builder(TokioExecutor::new()).build_http();
        let service = client
            .map_request(move |mut request: Request<Body>| {
                wire::set_address(&mut request, &address);
                request
            })
            .map_response(|response| response.map(Body::new))
            .map_err(BoxError::from);
        Self {
            service: BoxCloneSyncService::new(service),
            names: names(exports),
        }
    }

    /// The value of a name that the verb `env` prints.
    pub fn name(&self, name: &str) -> &str {
        self.names.get(name).map_or("", String::as_str)
    }

    /// Calls an operation of a service with the protocol AWS JSON.
    ///
    /// # Errors
    ///
    /// Fails if the response is an error.
    pub async fn json(
        &self,
        service: JsonService,
        operation: &str,
        body: &Value,
    ) -> Result<Value, Failed> {
        let JsonService {
            target_prefix,
            version,
        } = service;
        let request = Request::post("/")
            .header("x-amz-target", format!("{target_prefix}.{operation}"))
            .header(CONTENT_TYPE, format!("application/x-amz-json-{version}"))
            .body(Body::from(body.to_string()));
        parse(operation, &self.send(operation, request).await?)
    }

    /// Calls an operation of X-Ray, whose path has the name of `operation`.
    ///
    /// # Errors
    ///
    /// Fails if the response is an error.
    pub async fn xray(&self, operation: &str, body: &Value) -> Result<Value, Failed> {
        let request = Request::post(format!("/{operation}"))
            .header(CONTENT_TYPE, "application/json")
            .body(Body::from(body.to_string()));
        parse(operation, &self.send(operation, request).await?)
    }

    /// Calls an operation of Elastic Load Balancing. The values need no escapes. Returns the XML of the result.
    ///
    /// # Errors
    ///
    /// Fails if the response is an error.
    pub async fn elb(
        &self,
        operation: &str,
        parameters: &[(&str, &str)],
    ) -> Result<String, Failed> {
        let mut form = format!("Action={operation}&Version={ELB_VERSION}");
        for (name, value) in parameters {
            form += &format!("&{name}={value}");
        }
        let request = Request::post("/")
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Body::from(form));
        let xml = self.send(operation, request).await?;
        let xml = String::from_utf8_lossy(&xml);
        // The rest has the id of the request.
        let result = xml.split("<ResponseMetadata>").next();
        Ok(result.unwrap_or_default().to_owned())
    }

    /// The items of all pages of a list operation.
    ///
    /// # Errors
    ///
    /// Fails if a response is an error.
    pub async fn list(&self, list: List<'_>, mut request: Value) -> Result<Vec<Value>, Failed> {
        let mut items = Vec::new();
        for _ in 0..MAX_PAGES {
            let mut page = match list.service {
                Some(service) => self.json(service, list.operation, &request).await?,
                None => self.xray(list.operation, &request).await?,
            };
            if let Some(of_page) = page[list.items].as_array_mut() {
                items.append(of_page);
            }
            let [in_response, in_request] = list.tokens;
            if page[in_response].is_null() {
                return Ok(items);
            }
            request[in_request] = page[in_response].take();
        }
        Err(Failed {
            operation: list.operation.to_owned(),
            message: format!("the list has more than {MAX_PAGES} pages"),
            is_refusal: false,
        })
    }

    /// Describes the services with these names, in this order.
    ///
    /// # Errors
    ///
    /// Fails if the response is an error.
    pub async fn services(&self, names: &[&str]) -> Result<Vec<Value>, Failed> {
        let request = json!({ "cluster": self.name("CLUSTER"), "services": names });
        let mut response = self.json(ECS, "DescribeServices", &request).await?;
        Ok(match response["services"].take() {
            Value::Array(services) => services,
            _ => Vec::new(),
        })
    }

    async fn send(
        &self,
        operation: &str,
        request: Result<Request<Body>, axum::http::Error>,
    ) -> Result<Bytes, Failed> {
        let failed = |message: String| Failed {
            operation: operation.to_owned(),
            message,
            is_refusal: false,
        };
        let request = request.map_err(|error| failed(error.to_string()))?;
        let sent = self.service.clone().oneshot(request).await;
        let response = sent.map_err(|error| failed(error.to_string()))?;
        let status = response.status();
        let body = to_bytes(response.into_body(), MAX_RESPONSE_BYTES).await;
        let body = body.map_err(|error| failed(error.to_string()))?;
        match status.is_success() {
            true => Ok(body),
            false => Err(Failed {
                is_refusal: status.is_client_error(),
                ..failed(String::from_utf8_lossy(&body).into_owned())
            }),
        }
    }
}

fn names(exports: &[Export]) -> Arc<BTreeMap<String, String>> {
    let exports = exports.iter();
    let names = exports.map(|export| (export.name.clone(), export.value.clone()));
    Arc::new(names.collect())
}

fn parse(operation: &str, body: &[u8]) -> Result<Value, Failed> {
    if body.is_empty() {
        return Ok(json!({}));
    }
    serde_json::from_slice(body).map_err(|error| Failed {
        operation: operation.to_owned(),
        message: error.to_string(),
        is_refusal: false,
    })
}
