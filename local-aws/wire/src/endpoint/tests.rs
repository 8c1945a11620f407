use axum::body::{Body, to_bytes};
use axum::http::StatusCode;
use axum::routing::post;
use serde::Deserialize;
use serde_json::json;

use super::*;

const FORM: (&str, &str) = (
    "content-type",
    "application/x-www-form-urlencoded; charset=utf-8",
);

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
struct Greet {
    name: String,
}

/// An endpoint with one service of each protocol.
fn test_endpoint() -> Router {
    let call: QueryCall = Arc::new(|action, parameters| match action {
        "Greet" => Some(
            parameters
                .parse()
                .map(|Greet { name }| json!({ "Text": name })),
        ),
        _ => None,
    });
    let echo = |name: &'static str| {
        Router::new().fallback(async move |request: Request| format!("{name} {}", request.uri()))
    };
    let rest = Router::new().route("/Things", post(async || "things"));
    endpoint(vec![
        Service {
            signing_name: "tables",
            api: Api::Json {
                target_prefix: "Tables_1",
                router: echo("tables"),
            },
        },
        Service {
            signing_name: "greeter",
            api: Api::Query {
                version: "2020-01-01",
                namespace: "urn:greeter",
                call,
            },
        },
        Service {
            signing_name: "things",
            api: Api::Rest {
                has_path: |path| path == "/Things",
                router: rest,
            },
        },
    ])
}

struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: String,
}

async fn send(method: &str, path: &str, headers: &[(&str, &str)], body: impl Into<Body>) -> Answer {
    let mut request = Request::builder().method(method).uri(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let request = request.body(body.into()).unwrap();
    let response = test_endpoint().oneshot(request).await.unwrap();
    let (parts, body) = response.into_parts();
    let body = to_bytes(body, usize::MAX).await.unwrap();
    Answer {
        status: parts.status,
        headers: parts.headers,
        body: String::from_utf8_lossy(&body).into_owned(),
    }
}

async fn send_form(body: impl Into<Body>) -> Answer {
    send("POST", "/", &[FORM], body).await
}

fn signed_for(service: &str) -> String {
    format!(
        "AWS4-HMAC-SHA256 Credential=lab/20261126/us-east-1/{service}/aws4_request, Signature=0"
    )
}

#[tokio::test]
async fn a_target_a_version_a_signature_and_a_path_lead_to_their_service() {
    let target = ("x-amz-target", "Tables_1.List");
    assert_eq!(send("POST", "/", &[target], "{}").await.body, "tables /");
    // The target decides, not the content type.
    assert_eq!(
        send("POST", "/", &[target, FORM], "{}").await.body,
        "tables /"
    );
    let greeting = send_form("Action=Greet&Version=2020-01-01&Name=Ann").await;
    assert!(
        greeting
            .body
            .contains("<GreetResult><Text>Ann</Text></GreetResult>")
    );
    assert_eq!(greeting.headers["content-type"], "text/xml");
    assert_eq!(send("POST", "/Things", &[], "{}").await.body, "things");
    let signature = signed_for("things");
    let signature = ("authorization", &*signature);
    assert_eq!(
        send("POST", "/Things", &[signature], "{}").await.body,
        "things"
    );
    // The service itself answers requests that are signed for it, also with an unknown path.
    let unknown = send("POST", "/Others", &[signature], "{}").await;
    assert_eq!(
        (unknown.status, &*unknown.body),
        (StatusCode::NOT_FOUND, "")
    );
    // A signature for another service is no mistake of the path.
    let signature = signed_for("lambda");
    let other = send("POST", "/Things", &[("authorization", &signature)], "{}").await;
    assert_eq!(other.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn each_response_has_a_request_id_of_its_own() {
    let target = ("x-amz-target", "Tables_1.List");
    let first = send("POST", "/", &[target], "{}").await;
    let second = send_form("Action=Greet&Version=2020-01-01&Name=Ann").await;
    let id = |answer: &Answer| {
        answer.headers["x-amzn-requestid"]
            .to_str()
            .unwrap()
            .to_owned()
    };
    assert_ne!(id(&first), id(&second));
    let in_body = format!("<RequestId>{}</RequestId>", id(&second));
    assert!(second.body.contains(&in_body), "{}", second.body);
}

#[tokio::test]
async fn an_unknown_service_or_operation_is_refused_by_name_in_its_own_protocol() {
    let ecs = (
        "x-amz-target",
        "AmazonEC2ContainerServiceV20141113.ListClusters",
    );
    let json_1_1 = ("content-type", "application/x-amz-json-1.1");
    let json_1_0 = ("content-type", "application/x-amz-json-1.0");
    let (s3, lambda) = (signed_for("s3"), signed_for("lambda"));
    for (path, headers, body, content_type, expected) in [
        (
            "/",
            &[ecs, json_1_1][..],
            "{}",
            json_1_1.1,
            "AmazonEC2ContainerServiceV20141113.ListClusters",
        ),
        (
            "/",
            &[("x-amz-target", "Tables_2.List"), json_1_0],
            "{}",
            json_1_0.1,
            "Tables_2.List",
        ),
        (
            "/",
            &[("x-amz-target", "Tables_1"), json_1_0],
            "{}",
            json_1_0.1,
            "Tables_1",
        ),
        (
            "/",
            &[FORM],
            "Action=DescribeRules&Version=2015-12-01",
            "text/xml",
            "DescribeRules",
        ),
        (
            "/",
            &[FORM],
            "Action=Bow&Version=2020-01-01",
            "text/xml",
            "Bow",
        ),
        ("/", &[FORM], "Action=Greet", "text/xml", "Greet"),
        (
            "/service/S/operation/Get",
            &[],
            "",
            "application/cbor",
            "/service/S/operation/Get",
        ),
        (
            "/2015-03-31/functions",
            &[("authorization", &*lambda)],
            "",
            "application/json",
            "of the service lambda",
        ),
        (
            "/bucket",
            &[("authorization", &*s3)],
            "",
            "text/xml",
            "of the service s3",
        ),
        (
            "/",
            &[("content-type", "text/plain")],
            "Action=Greet",
            "application/json",
            "Content-Type",
        ),
    ] {
        let answer = send("POST", path, headers, body).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{path} {headers:?}");
        assert_eq!(answer.headers["content-type"], content_type);
        for text in [expected, "is not implemented", "tables, greeter, things"] {
            assert!(answer.body.contains(text), "{text}: {}", answer.body);
        }
    }
}

#[tokio::test]
async fn an_error_has_the_form_of_its_protocol() {
    let json = send("POST", "/", &[("x-amz-target", "Other.List")], "{}").await;
    let body: Value = serde_json::from_str(&json.body).unwrap();
    assert_eq!(body["__type"], "UnknownOperationException");
    assert!(body["message"].is_string());

    let rest = send("POST", "/Other", &[], "{}").await;
    let body: Value = serde_json::from_str(&rest.body).unwrap();
    assert_eq!(
        rest.headers["x-amzn-errortype"],
        "UnknownOperationException"
    );
    assert!(body["Message"].is_string());

    let query = send_form("Action=Greet&Version=2020-01-01&Nmae=%3CAnn%3E").await;
    let start = "<ErrorResponse><Error><Type>Sender</Type><Code>ValidationError</Code><Message>Nmae: unknown field `Nmae`";
    assert!(query.body.starts_with(start), "{}", query.body);

    let cbor = send("POST", "/service/S/operation/Get", &[], "").await;
    assert_eq!(cbor.headers["smithy-protocol"], "rpc-v2-cbor");
    assert!(cbor.body.contains("UnknownOperationException"));
}

#[tokio::test]
async fn a_form_that_is_too_large_or_not_gzip_is_refused_in_xml() {
    let large = "x".repeat(8 * 1024 * 1024);
    let answer = send_form(large).await;
    assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE);
    assert!(answer.body.contains("larger than 1 MiB"), "{}", answer.body);
    let gzip = ("content-encoding", "gzip");
    let answer = send("POST", "/", &[FORM, gzip], "Action=Greet").await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
    assert!(answer.body.contains("<Code>SerializationException</Code>"));
}

#[tokio::test]
async fn a_long_name_is_shortened_in_the_error() {
    let name = "N".repeat(500_000);
    let answer = send_form(format!("Action={name}&Version=2020-01-01")).await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
    assert!(answer.body.len() < 1000, "{}", answer.body.len());
}
