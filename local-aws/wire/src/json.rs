//! AWS JSON 1.1: an operation is a POST with a JSON body. The header `X-Amz-Target` names the operation after its dot.

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::Request;
use axum::http::HeaderMap;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::body::read_body;
use crate::error::{Error, JsonProtocol};
use crate::query::shorten;

/// Returns the routes of a service with the protocol AWS JSON 1.1. `call` gets the name of the operation and the body of
/// the request, at most `max_body_mib` MiB.
pub fn json_router<C, F>(max_body_mib: usize, call: C) -> Router
where
    C: Fn(String, JsonBody) -> F + Send + Sync + 'static,
    F: Future<Output = Result<Value, Error>> + Send + 'static,
{
    let call = Arc::new(call);
    Router::new().fallback(move |request: Request| {
        let call = Arc::clone(&call);
        async move {
            let (head, body) = request.into_parts();
            let result = match read_body(&head.headers, body, max_body_mib).await {
                Ok(body) => call(operation(&head.headers), JsonBody(body)).await,
                Err(error) => Err(error.into()),
            };
            respond(result)
        }
    })
}

/// The error of an operation that `service` does not have.
pub fn unknown_operation(service: &str, operation: &str) -> Error {
    let operation = shorten(operation);
    let message = format!("The operation {operation} of the service {service} is not implemented");
    Error::bad_request("UnknownOperationException", message)
}

/// The body of a request.
#[derive(Clone, Debug)]
pub struct JsonBody(Bytes);

impl JsonBody {
    /// Parses the body. A member that is null is the same as an absent one, as on AWS.
    ///
    /// # Errors
    ///
    /// Fails with `SerializationException` if the body is no JSON, and with `invalid_code` if `T` refuses a parameter. The
    /// message begins with the path of the parameter, for example `containerDefinitions[0].name: `.
    pub fn parse<T: DeserializeOwned>(&self, invalid_code: &'static str) -> Result<T, Error> {
        let mut value = serde_json::from_slice(&self.0).map_err(|error| malformed(&error))?;
        remove_nulls(&mut value);
        parse_json_value(&value, invalid_code)
    }
}

/// Removes members that are null. Items of lists stay.
fn remove_nulls(value: &mut Value) {
    match value {
        Value::Object(members) => {
            members.retain(|_, member| !member.is_null());
            members.values_mut().for_each(remove_nulls);
        }
        Value::Array(items) => items.iter_mut().for_each(remove_nulls),
        _ => {}
    }
}

/// Converts a JSON value.
///
/// # Errors
///
/// Fails with `invalid_code` if `T` refuses a parameter.
pub fn parse_json_value<T: DeserializeOwned>(
    value: &Value,
    invalid_code: &'static str,
) -> Result<T, Error> {
    serde_path_to_error::deserialize(value).map_err(|error| refusal(&error, invalid_code))
}

fn refusal(
    error: &serde_path_to_error::Error<serde_json::Error>,
    invalid_code: &'static str,
) -> Error {
    let inner = error.inner();
    let path = error.path().to_string();
    let message = match path.as_str() {
        "." => inner.to_string(),
        _ => format!("{path}: {inner}"),
    };
    Error::bad_request(invalid_code, shorten(&message))
}

fn malformed(error: &serde_json::Error) -> Error {
    let message = format!("The request body is not valid JSON: {error}");
    Error::bad_request("SerializationException", message)
}

/// The name of the operation in the header `X-Amz-Target`.
fn operation(headers: &HeaderMap) -> String {
    let target = headers.get("x-amz-target");
    let target = target.and_then(|target| target.to_str().ok());
    let operation = target.and_then(|target| target.split_once('.'));
    operation.map_or_else(String::new, |(_, operation)| operation.to_owned())
}

fn respond(result: Result<Value, Error>) -> Response {
    match result {
        Ok(body) => {
            let content_type = [(CONTENT_TYPE, "application/x-amz-json-1.1")];
            (content_type, body.to_string()).into_response()
        }
        Err(error) => error.json_response(JsonProtocol::V1_1),
    }
}

#[cfg(test)]
mod tests {
    use axum::body::{Body, to_bytes};
    use axum::http::StatusCode;
    use serde::Deserialize;
    use serde_json::json;
    use tower::ServiceExt;

    use super::*;

    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Greet {
        names: Vec<String>,
        #[serde(default)]
        tone: Tone,
    }

    #[derive(Default, Deserialize)]
    enum Tone {
        #[default]
        Quiet,
        Loud,
    }

    async fn send(target: &str, body: impl Into<Body>) -> (StatusCode, Value) {
        let router = json_router(1, async |operation: String, body: JsonBody| {
            if operation != "Greet" {
                return Err(unknown_operation("greeter", &operation));
            }
            let Greet { names, tone } = body.parse("ValidationException")?;
            let text = names.join(" ");
            Ok(match tone {
                Tone::Quiet => json!({ "text": text }),
                Tone::Loud => json!({ "text": text.to_uppercase() }),
            })
        });
        let request = Request::builder().header("x-amz-target", target);
        let request = request.body(body.into()).unwrap();
        let response = router.oneshot(request).await.unwrap();
        assert_eq!(
            response.headers()[CONTENT_TYPE],
            "application/x-amz-json-1.1"
        );
        let status = response.status();
        let body = to_bytes(response.into_body(), usize::MAX).await.unwrap();
        (status, serde_json::from_slice(&body).unwrap())
    }

    #[tokio::test]
    async fn an_operation_gets_its_parameters_and_returns_json() {
        let response = send("Greeter_1.Greet", r#"{"names": ["Ann", "Bob"]}"#).await;
        assert_eq!(response, (StatusCode::OK, json!({ "text": "Ann Bob" })));
    }

    #[tokio::test]
    async fn a_member_that_is_null_is_the_same_as_an_absent_one() {
        let response = send("Greeter_1.Greet", r#"{"names": ["Ann"], "tone": null}"#).await;
        assert_eq!(response, (StatusCode::OK, json!({ "text": "Ann" })));
    }

    #[tokio::test]
    async fn errors_name_what_is_refused() {
        for (target, body, code, text) in [
            ("G.Bow", "{}", "UnknownOperationException", "Bow"),
            (
                "G.Greet",
                r#"{"names": [], "age": 1}"#,
                "ValidationException",
                "`age`",
            ),
            (
                "G.Greet",
                r#"{"names": ["Ann", 7]}"#,
                "ValidationException",
                "names[1]: invalid type",
            ),
            (
                "G.Greet",
                r#"{"names": [], "tone": 7}"#,
                "ValidationException",
                "tone: invalid type",
            ),
            (
                "G.Greet",
                r#"{"names": [null]}"#,
                "ValidationException",
                "names[0]: invalid type: null",
            ),
            (
                "G.Greet",
                r#"{"names": null}"#,
                "ValidationException",
                "`names`",
            ),
            ("G.Greet", "{}", "ValidationException", "`names`"),
            ("G.Greet", "", "SerializationException", "EOF"),
            (
                "G.Greet",
                r#"{"names": []} x"#,
                "SerializationException",
                "trailing",
            ),
        ] {
            let (status, response) = send(target, body).await;
            assert_eq!(status, StatusCode::BAD_REQUEST);
            assert_eq!(response["__type"], code, "{body}");
            let message = response["message"].as_str().unwrap();
            assert!(message.contains(text), "{message}");
        }
    }

    #[tokio::test]
    async fn a_body_over_the_limit_is_refused() {
        let (status, _) = send("G.Greet", vec![b' '; 1024 * 1024 + 1]).await;
        assert_eq!(status, StatusCode::PAYLOAD_TOO_LARGE);
    }
}
