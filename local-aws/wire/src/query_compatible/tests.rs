use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Request, StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};
use tower::ServiceExt;

use super::*;
use crate::endpoint::{Api, Service, endpoint};
use crate::shape::{Member, Shape, Words};

const GREET: &[Member] = &[Member {
    name: "Name",
    shape: Shape::Text { min: 1, max: 10 },
    is_required: true,
}];

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Greet {
    name: String,
}

fn call(operation: &str, input: Input) -> Option<Result<Value, Error>> {
    match operation {
        "Greet" => Some(input.parse(GREET, Words::Constraints).and_then(|Greet { name }| {
            match &*name {
                "nobody" => Err(Error::not_found("Unknown", "")),
                name => Ok(json!({
                    "Text": name, "Absent": null, "Time": 1.5, "Times": [0, 60.0], "Numbers": { "p50": 1.0 },
                })),
            }
        })),
        "Forget" => Some(Ok(Value::Null)),
        "ShowThread" => Some(Ok(json!({ "Thread": this_thread() }))),
        "Panic" => panic!("a test"),
        _ => None,
    }
}

fn this_thread() -> String {
    format!("{:?}", std::thread::current().id())
}

fn router() -> Router {
    endpoint(vec![Service {
        signing_name: "greeter",
        api: Api::QueryCompatible(QueryCompatible {
            target_prefix: "Greeter_1",
            version: "2020-01-01",
            namespace: "urn:greeter",
            errors: &[ErrorNames {
                code: "Unknown",
                query_code: "NotFound",
                error_type: "greeter#UnknownName",
            }],
            members: MemberTypes {
                timestamps: &["Time", "Times"],
                maps: &["Numbers"],
            },
            call: Arc::new(call),
        }),
    }])
}

async fn send(
    path: &str,
    headers: &[(&str, &str)],
    body: Vec<u8>,
) -> (StatusCode, HeaderMap, Vec<u8>) {
    let mut request = Request::post(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let response = router()
        .oneshot(request.body(Body::from(body)).unwrap())
        .await
        .unwrap();
    let (head, body) = response.into_parts();
    let body = to_bytes(body, usize::MAX).await.unwrap();
    (head.status, head.headers, body.to_vec())
}

const QUERY: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");
const PATH: &str = "/service/Greeter_1/operation/";

#[tokio::test]
async fn an_operation_is_called_in_three_protocols() {
    let target = ("x-amz-target", "Greeter_1.Greet");
    let (status, headers, body) = send("/", &[target], br#"{"Name":"Ann"}"#.to_vec()).await;
    assert_eq!(
        (status, &headers["content-type"]),
        (
            StatusCode::OK,
            &"application/x-amz-json-1.0".parse().unwrap()
        )
    );
    let expected =
        json!({ "Text": "Ann", "Time": 1.5, "Times": [0, 60.0], "Numbers": { "p50": 1.0 } });
    assert_eq!(serde_json::from_slice::<Value>(&body).unwrap(), expected);

    let (status, headers, body) = send(
        &format!("{PATH}Greet"),
        &[],
        cbor::encode(&json!({ "Name": "Ann" }), &[]),
    )
    .await;
    assert_eq!(
        (status, &headers["content-type"]),
        (StatusCode::OK, &"application/cbor".parse().unwrap())
    );
    assert_eq!(headers["smithy-protocol"], "rpc-v2-cbor");
    assert_eq!(body, cbor::encode(&expected, &["Time", "Times"]));

    let (status, _, body) = send(
        "/",
        &[QUERY],
        b"Action=Greet&Version=2020-01-01&Name=Ann".to_vec(),
    )
    .await;
    assert_eq!(status, StatusCode::OK);
    let body = String::from_utf8(body).unwrap();
    let result = "<GreetResult><Numbers><entry><key>p50</key><value>1.0</value></entry></Numbers><Text>Ann</Text>\
                  <Time>1970-01-01T00:00:01.500Z</Time><Times><member>1970-01-01T00:00:00Z</member>\
                  <member>1970-01-01T00:01:00Z</member></Times></GreetResult>";
    assert!(body.contains(result), "{body}");
}

#[tokio::test]
async fn an_operation_without_result_has_no_body() {
    let target = ("x-amz-target", "Greeter_1.Forget");
    for (path, headers) in [
        ("/".to_owned(), &[target][..]),
        (format!("{PATH}Forget"), &[]),
    ] {
        let (status, headers, body) = send(&path, headers, Vec::new()).await;
        assert_eq!((status, &*body), (StatusCode::OK, &b""[..]));
        assert!(!headers.contains_key("content-type"));
    }
    let (_, _, body) = send("/", &[QUERY], b"Action=Forget&Version=2020-01-01".to_vec()).await;
    let body = String::from_utf8(body).unwrap();
    assert!(
        body.starts_with("<ForgetResponse xmlns=\"urn:greeter\"><ResponseMetadata>"),
        "{body}"
    );
}

#[tokio::test]
async fn an_error_has_a_type_and_in_the_query_mode_also_a_code() {
    let target = ("x-amz-target", "Greeter_1.Greet");
    for (mode, expected) in [
        ("false", StatusCode::BAD_REQUEST),
        ("true", StatusCode::NOT_FOUND),
    ] {
        let mode = ("x-amzn-query-mode", mode);
        let (status, headers, body) =
            send("/", &[target, mode], br#"{"Name":"nobody"}"#.to_vec()).await;
        assert_eq!(status, expected);
        assert_eq!(body, br#"{"__type":"greeter#UnknownName"}"#);
        let code = headers
            .get("x-amzn-query-error")
            .map(|it| it.to_str().unwrap());
        assert_eq!(code, (mode.1 == "true").then_some("NotFound;Sender"));
    }
    let (status, _, body) = send(
        "/",
        &[QUERY],
        b"Action=Greet&Version=2020-01-01&Name=nobody".to_vec(),
    )
    .await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    let body = String::from_utf8(body).unwrap();
    assert!(
        body.contains("<Error><Type>Sender</Type><Code>NotFound</Code></Error>"),
        "{body}"
    );
}

#[tokio::test]
async fn a_body_that_is_not_of_its_protocol_is_refused() {
    let target = ("x-amz-target", "Greeter_1.Greet");
    for (path, headers, body) in [
        ("/".to_owned(), vec![target], b"{".to_vec()),
        (
            "/".to_owned(),
            vec![target, ("content-encoding", "gzip")],
            b"{}".to_vec(),
        ),
        (format!("{PATH}Greet"), vec![], b"{}".to_vec()),
    ] {
        let (status, _, body) = send(&path, &headers, body).await;
        assert_eq!(status, StatusCode::BAD_REQUEST);
        assert!(String::from_utf8_lossy(&body).contains("SerializationException"));
    }
    let (status, _, _) = send("/", &[target], vec![b' '; 1024 * 1024 + 1]).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    let mode = ("x-amzn-query-mode", "true");
    let (status, _, _) = send("/", &[target, mode], vec![b' '; 1024 * 1024 + 1]).await;
    assert_eq!(status, StatusCode::PAYLOAD_TOO_LARGE);
}

#[tokio::test]
async fn unknown_operations_are_named_in_each_protocol() {
    let target = ("x-amz-target", "Greeter_1.Bow");
    for (path, headers, body) in [
        ("/", vec![target], "{}"),
        ("/", vec![QUERY], "Action=Bow&Version=2020-01-01"),
        ("/service/Greeter_1/operation/Bow", vec![], ""),
        ("/service/Other/operation/Bow", vec![], ""),
    ] {
        let (status, _, body) = send(path, &headers, body.into()).await;
        assert_eq!(status, StatusCode::BAD_REQUEST);
        let body = String::from_utf8_lossy(&body);
        assert!(body.contains("Bow") && body.contains("greeter"), "{body}");
    }
}

/// A test runs on the one thread of its runtime, where a long operation would delay all other requests.
#[tokio::test]
async fn operations_do_not_run_on_the_threads_of_the_runtime() {
    let target = ("x-amz-target", "Greeter_1.ShowThread");
    let (_, _, body) = send("/", &[target], Vec::new()).await;
    let body: Value = serde_json::from_slice(&body).unwrap();
    assert_ne!(body["Thread"], this_thread());
    let form = b"Action=ShowThread&Version=2020-01-01".to_vec();
    let (_, _, body) = send("/", &[QUERY], form).await;
    let body = String::from_utf8(body).unwrap();
    assert!(body.contains("<Thread>ThreadId"), "{body}");
    assert!(!body.contains(&this_thread()), "{body}");
}

#[tokio::test]
async fn an_operation_that_panics_fails_in_the_form_of_the_protocol() {
    let target = ("x-amz-target", "Greeter_1.Panic");
    let (status, _, body) = send("/", &[target], Vec::new()).await;
    assert_eq!(status, StatusCode::INTERNAL_SERVER_ERROR);
    let body: Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(body["__type"], "InternalFailure");
    let (status, headers, _) = send(&format!("{PATH}Panic"), &[], Vec::new()).await;
    assert_eq!(status, StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(headers["smithy-protocol"], "rpc-v2-cbor");
    let form = b"Action=Panic&Version=2020-01-01".to_vec();
    let (status, _, body) = send("/", &[QUERY], form).await;
    assert_eq!(status, StatusCode::INTERNAL_SERVER_ERROR);
    let body = String::from_utf8(body).unwrap();
    assert!(body.contains("<Code>InternalFailure</Code>"), "{body}");
}
