//! The AWS endpoint: one address for all local AWS services. Operations of other services are refused.

use reqwest::{RequestBuilder, Response};
use serde_json::{Value, json};

use crate::MYSFIT;
use crate::client::{client, get};
use crate::process::Lab;

const CALLER: &str = "Action=GetCallerIdentity&Version=2011-06-15";

const FORM: &str = "application/x-www-form-urlencoded; charset=utf-8";

/// A lab whose AWS endpoint is called.
struct Aws {
    lab: Lab,
    url: String,
}

impl Aws {
    fn start(options: &[&str]) -> Self {
        let lab = Lab::start(options);
        let url = lab.endpoints().aws;
        Self { lab, url }
    }

    fn post(&self, path: &str) -> RequestBuilder {
        client().post(format!("{}{path}", self.url))
    }

    async fn form(&self, body: impl Into<reqwest::Body>) -> (u16, String) {
        let request = self.post("/").header("Content-Type", FORM).body(body);
        answer(request.send().await.unwrap()).await
    }

    fn target(&self, target: &str, body: &Value) -> RequestBuilder {
        let authorization = "AWS4-HMAC-SHA256 Credential=lab/20260101/us-east-1/dynamodb/aws4_request, \
             SignedHeaders=host, Signature=00";
        self.post("/")
            .header("X-Amz-Target", target)
            .header("X-Amz-Date", "20260101T000000Z")
            .header("Authorization", authorization)
            .header("Content-Type", "application/x-amz-json-1.0")
            .body(body.to_string())
    }
}

async fn answer(response: Response) -> (u16, String) {
    (response.status().as_u16(), response.text().await.unwrap())
}

#[tokio::test]
async fn dynamodb_sts_and_x_ray_answer_at_one_address() {
    let aws = Aws::start(&["--chaos", "off"]);
    let (status, caller) = aws.form(CALLER).await;
    assert_eq!(status, 200);
    let result = "<GetCallerIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">\
        <GetCallerIdentityResult><Account>000000000000</Account><Arn>arn:aws:iam::000000000000:root</Arn>\
        <UserId>000000000000</UserId></GetCallerIdentityResult><ResponseMetadata><RequestId>";
    assert!(caller.starts_with(result), "{caller}");

    let key = json!({ "TableName": "MysfitsTable", "Key": { "MysfitId": { "S": MYSFIT } } });
    let request = aws.target("DynamoDB_20120810.GetItem", &key);
    let response = request.send().await.unwrap();
    assert!(response.headers().contains_key("x-amzn-requestid"));
    let item: Value = serde_json::from_str(&answer(response).await.1).unwrap();
    assert_eq!(item["Item"]["MysfitId"]["S"], MYSFIT);

    let groups = aws.post("/Groups").body("{}").send().await.unwrap();
    assert_eq!(answer(groups).await, (200, r#"{"Groups":[]}"#.to_owned()));
    let status: Value = serde_json::from_str(&get(&format!("{}/status", aws.url)).await).unwrap();
    assert_eq!(status["Refused"], 0);
}

#[tokio::test]
async fn operations_and_parameters_that_are_not_implemented_are_refused_by_name() {
    let aws = Aws::start(&[]);
    for (body, expected) in [
        (
            "Action=GetSessionToken&Version=2011-06-15",
            "GetSessionToken",
        ),
        (
            "Action=CreateLoadBalancer&Version=2015-12-01",
            "CreateLoadBalancer",
        ),
        (
            "Action=GetCallerIdentity&Version=2011-06-15&Verbose=true",
            "Verbose",
        ),
        (
            "Action=GetCallerIdentity&Version=2011-06-15&Tags.member.999999999=x",
            "Tags",
        ),
    ] {
        let (status, error) = aws.form(body).await;
        assert_eq!(status, 400, "{error}");
        assert!(
            error.starts_with("<ErrorResponse><Error><Type>Sender</Type>"),
            "{error}"
        );
        assert!(error.contains(expected), "{error}");
    }
    for target in [
        "AmazonEC2ContainerServiceV20141113.CreateCluster",
        "Logs_20140328.StartQuery",
        "AWSEvents.ListRules",
    ] {
        let (status, error) = answer(aws.target(target, &json!({})).send().await.unwrap()).await;
        assert_eq!(status, 400);
        let error: Value = serde_json::from_str(&error).unwrap();
        assert_eq!(error["__type"], "UnknownOperationException");
        let (_, operation) = target.split_once('.').unwrap();
        let message = error["message"].as_str().unwrap();
        assert!(message.contains(operation), "{error}");
    }
}

#[tokio::test]
async fn dynamodb_needs_no_signature_and_no_content_type_and_names_unknown_operations() {
    let aws = Aws::start(&["--chaos", "off"]);
    let dynamodb = aws.lab.endpoints().dynamodb;
    for url in [&aws.url, &dynamodb] {
        for content_type in [None, Some("application/x-amz-json-1.1"), Some("text/plain")] {
            let send = async |target: &str| {
                let request = client().post(url).header("X-Amz-Target", target).body("{}");
                let request = match content_type {
                    Some(content_type) => request.header("Content-Type", content_type),
                    None => request,
                };
                let (status, body) = answer(request.send().await.unwrap()).await;
                (status, serde_json::from_str::<Value>(&body).unwrap())
            };
            let (status, tables) = send("DynamoDB_20120810.ListTables").await;
            assert_eq!(status, 200, "{tables}");
            assert_eq!(tables["TableNames"], json!(["MysfitsTable"]));
            let (status, streams) = send("DynamoDBStreams_20120810.ListStreams").await;
            assert_eq!(status, 200, "{streams}");
            let (status, error) = send("DynamoDB_20120810.ListBackups").await;
            assert_eq!(status, 400);
            assert_eq!(error["__type"], "UnknownOperationException");
            let expected = "The operation DynamoDB_20120810.ListBackups is not implemented";
            assert_eq!(error["message"], expected);
        }
    }
}

/// A client that still sends its body when the connection is closed loses the response.
#[tokio::test]
async fn a_refused_request_with_a_large_body_gets_its_response() {
    let aws = Aws::start(&["--chaos", "off"]);
    let xray = aws.lab.endpoints().xray.api;
    let form = || aws.post("/").header("Content-Type", FORM);
    let groups = format!("{xray}/Groups");
    for (request, expected) in [
        (form().header("Content-Encoding", "br"), 415),
        (form().header("Origin", "https://evil.example"), 403),
        (client().post(format!("{xray}/Unknown")), 400),
        (client().put(groups), 400),
    ] {
        let body = "x".repeat(7 * 1024 * 1024);
        let response = request.body(body).send().await.unwrap();
        assert_eq!(response.status().as_u16(), expected);
    }
}
