//! One address for several services. A request goes to its service as AWS's clients address it; a request to another
//! service or operation is refused with an error that names it, in the form that its client reads.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::{CONTENT_TYPE, HeaderName};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::Value;
use tower::ServiceExt;
use uuid::Uuid;

use crate::body::{discard_body, read_body};
use crate::destination::{Destination, signing_name};
use crate::error::{Error, JsonProtocol};
use crate::query::{Form, Parameters, shorten};
use crate::query_compatible::{NewProtocol, QueryCompatible};
use crate::xml::{self, MemberTypes};

/// Maximum size of a request body in MiB, in the protocols that the endpoint itself reads. The largest request of AWS, `PutMetricData`, has 1 MiB.
const MAX_BODY_MIB: usize = 1;

/// Services whose clients read XML errors although the request shows no protocol: those with REST-XML.
const REST_XML_SIGNING_NAMES: [&str; 3] = ["cloudfront", "route53", "s3"];

const REQUEST_ID: HeaderName = HeaderName::from_static("x-amzn-requestid");

/// A service of an endpoint.
#[derive(Clone)]
pub struct Service {
    /// The name in credential scopes, for example `elasticloadbalancing`.
    pub signing_name: &'static str,
    /// How clients call the service.
    pub api: Api,
}

/// The protocol of a service, and its operations.
#[derive(Clone)]
pub enum Api {
    /// AWS JSON. The router gets the requests whose header `X-Amz-Target` begins with `<target_prefix>.`.
    Json {
        /// For example `DynamoDB_20120810`.
        target_prefix: &'static str,
        /// Answers all requests of the service.
        router: Router,
    },
    /// The query protocol.
    Query {
        /// The parameter `Version` of requests, for example `2011-06-15`.
        version: &'static str,
        /// The XML namespace of responses.
        namespace: &'static str,
        /// The operations.
        call: QueryCall,
    },
    /// AWS JSON 1.0, the query protocol and Smithy RPC v2 CBOR.
    QueryCompatible(QueryCompatible),
    /// REST-JSON. The router gets the requests that are signed for the service, and unsigned requests with its paths.
    Rest {
        /// Whether the service has an operation with this path.
        has_path: fn(&str) -> bool,
        /// Answers all requests of the service.
        router: Router,
    },
}

/// Calls the operation with the given name. Returns its result as an object, or `None` if there is no such operation.
pub type QueryCall = Arc<dyn Fn(&str, Parameters) -> Option<Result<Value, Error>> + Send + Sync>;

/// Returns the routes of an endpoint with these services.
pub fn endpoint(services: Vec<Service>) -> Router {
    let endpoint = Arc::new(Endpoint { services });
    Router::new().fallback(respond).with_state(endpoint)
}

struct Endpoint {
    services: Vec<Service>,
}

/// A call of an operation.
struct Call {
    service: QueryCompatible,
    protocol: NewProtocol,
    operation: String,
}

/// Runs operations on a thread that may be busy for as long as they take: the time of some operations grows with the data. An
/// operation that panics fails with the error that AWS documents for unknown failures of a service.
async fn run_blocking<T: Send + 'static>(
    operation: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Error> {
    let result = tokio::task::spawn_blocking(operation).await;
    result.map_err(|_| Error {
        status: StatusCode::INTERNAL_SERVER_ERROR,
        code: "InternalFailure",
        message: "The request processing has failed because of an unknown error.".to_owned(),
    })
}

async fn respond(State(endpoint): State<Arc<Endpoint>>, request: Request) -> Response {
    let request_id = Uuid::new_v4().to_string();
    let mut response = Arc::clone(&endpoint).respond(request, &request_id).await;
    if let Ok(request_id) = HeaderValue::try_from(request_id) {
        // The DynamoDB emulator sends its own request ids.
        response
            .headers_mut()
            .entry(REQUEST_ID)
            .or_insert(request_id);
    }
    response
}

impl Endpoint {
    async fn respond(self: Arc<Self>, request: Request, request_id: &str) -> Response {
        if let Some(call) = self.query_compatible_call(&request) {
            return self.respond_to_call(call, request, request_id).await;
        }
        let router = match Destination::of(&request) {
            Destination::Form => return self.respond_to_form(request, request_id).await,
            Destination::Target(target) => self.router_of_target(target),
            Destination::Path => self.router_of_path(&request),
            Destination::Cbor(_) => None,
        };
        match router {
            Some(router) => router.clone().oneshot(request).await.into_response(),
            None => {
                let response = self.refuse(&request, request_id);
                discard_body(request.into_body()).await;
                response
            }
        }
    }

    /// The call that a request has for a service with several protocols, if it is not in the query protocol.
    fn query_compatible_call(&self, request: &Request) -> Option<Call> {
        let (protocol, prefix, operation) = match Destination::of(request) {
            Destination::Target(target) => {
                let (prefix, operation) = target.split_once('.')?;
                (NewProtocol::Json, prefix, operation)
            }
            Destination::Cbor(path) => {
                let (service, operation) = path.split_once("/operation/")?;
                (NewProtocol::Cbor, service, operation)
            }
            Destination::Form | Destination::Path => return None,
        };
        let service = self
            .services
            .iter()
            .find_map(|service| match &service.api {
                Api::QueryCompatible(service) if service.target_prefix == prefix => Some(service),
                _ => None,
            })?;
        Some(Call {
            service: service.clone(),
            protocol,
            operation: operation.to_owned(),
        })
    }

    async fn respond_to_call(&self, call: Call, request: Request, request_id: &str) -> Response {
        let (head, body) = request.into_parts();
        let body = read_body(&head.headers, body, MAX_BODY_MIB).await;
        let headers = head.headers.clone();
        let Call {
            service,
            protocol,
            operation,
        } = call;
        let failed = service.clone();
        let response = run_blocking(move || {
            let body = match &body {
                Ok(body) => Ok(&**body),
                Err(error) => Err(error.into()),
            };
            service.respond(protocol, &operation, &headers, body)
        });
        let response = response
            .await
            .unwrap_or_else(|error| Some(failed.error_response(protocol, &error, &head.headers)));
        response
            .unwrap_or_else(|| self.refuse(&Request::from_parts(head, Body::empty()), request_id))
    }

    fn router_of_target(&self, target: &str) -> Option<&Router> {
        let (prefix, _) = target.split_once('.')?;
        self.services.iter().find_map(|service| match &service.api {
            Api::Json {
                target_prefix,
                router,
            } if *target_prefix == prefix => Some(router),
            _ => None,
        })
    }

    fn router_of_path(&self, request: &Request) -> Option<&Router> {
        let signing_name = signing_name(request.headers());
        let path = request.uri().path();
        self.services.iter().find_map(|service| match &service.api {
            Api::Rest { has_path, router } => {
                let is_addressed = signing_name
                    .map_or_else(|| has_path(path), |name| name == service.signing_name);
                is_addressed.then_some(router)
            }
            _ => None,
        })
    }

    async fn respond_to_form(self: Arc<Self>, request: Request, request_id: &str) -> Response {
        let (head, body) = request.into_parts();
        let result = match read_body(&head.headers, body, MAX_BODY_MIB).await {
            Ok(body) => {
                let request_id = request_id.to_owned();
                let call = move || self.call_query(&body, signing_name(&head.headers), &request_id);
                run_blocking(call).await.and_then(|result| result)
            }
            Err(error) => Err(error.into()),
        };
        match result {
            Ok(body) => ([(CONTENT_TYPE, "text/xml")], body).into_response(),
            Err(error) => error.xml_response(request_id),
        }
    }

    /// Calls the operation that a form names, and returns the response body.
    fn call_query(
        &self,
        body: &[u8],
        signing_name: Option<&str>,
        request_id: &str,
    ) -> Result<String, Error> {
        let Form {
            action,
            version,
            parameters,
        } = Form::parse(body)?;
        let result = self.services.iter().find_map(|service| match &service.api {
            Api::Query {
                version: of_service,
                ..
            } if *of_service == version => Some(&service.api),
            Api::QueryCompatible(api) if api.version == version => Some(&service.api),
            _ => None,
        });
        let result = result.and_then(|api| match api {
            Api::Query {
                namespace, call, ..
            } => {
                let result = call(&action, parameters)?;
                let members = MemberTypes::default();
                Some(
                    result.map(|it| {
                        xml::result_document(&action, namespace, &it, members, request_id)
                    }),
                )
            }
            Api::QueryCompatible(service) => service.call_query(&action, parameters, request_id),
            Api::Json { .. } | Api::Rest { .. } => None,
        });
        result.unwrap_or_else(|| Err(self.unknown("InvalidAction", signing_name, &action)))
    }

    /// Refuses a request that is no form, in the form of its protocol.
    fn refuse(&self, request: &Request, request_id: &str) -> Response {
        let signing_name = signing_name(request.headers());
        let error = |operation| self.unknown("UnknownOperationException", signing_name, operation);
        let path = request.uri().path();
        match Destination::of(request) {
            Destination::Cbor(_) => error(path).cbor_response(),
            Destination::Target(target) => {
                error(target).json_response(json_protocol(request.headers()))
            }
            Destination::Path | Destination::Form => {
                let operation = format!("{} {path}", request.method());
                let mut error = error(&operation);
                if operation == "POST /" {
                    error.message.push_str(
                        ". POST / needs the header X-Amz-Target, or a form with the Content-Type \
                         application/x-www-form-urlencoded",
                    );
                }
                match signing_name {
                    Some(name) if REST_XML_SIGNING_NAMES.contains(&name) => {
                        error.xml_response(request_id)
                    }
                    _ => error.json_response(JsonProtocol::Rest),
                }
            }
        }
    }

    fn unknown(&self, code: &'static str, signing_name: Option<&str>, operation: &str) -> Error {
        let operation = shorten(operation);
        let of_service = signing_name.map(|name| format!(" of the service {}", shorten(name)));
        let of_service = of_service.unwrap_or_default();
        let mut services: Vec<_> = self.services.iter().map(|it| it.signing_name).collect();
        // Two APIs can have the same signing name.
        services.dedup();
        let services = services.join(", ");
        let message = format!(
            "The operation {operation}{of_service} is not implemented. Services of this endpoint: {services}"
        );
        Error::bad_request(code, message)
    }
}

/// The version of AWS JSON that a request has.
fn json_protocol(headers: &HeaderMap) -> JsonProtocol {
    let content_type = headers
        .get(CONTENT_TYPE)
        .map_or(&b""[..], |value| value.as_bytes());
    if content_type.starts_with(b"application/x-amz-json-1.1") {
        JsonProtocol::V1_1
    } else {
        JsonProtocol::V1_0
    }
}

#[cfg(test)]
mod tests;
