//! STS, the Security Token Service: `GetCallerIdentity`. Every caller is the root user of the local account, because
//! credentials are not checked.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Value, json};
use wire::{ACCOUNT, Api, Error, Parameters, Service, arn};

pub fn service() -> Service {
    Service {
        signing_name: "sts",
        api: Api::Query {
            version: "2011-06-15",
            namespace: "https://sts.amazonaws.com/doc/2011-06-15/",
            call: Arc::new(call),
        },
    }
}

fn call(action: &str, parameters: Parameters) -> Option<Result<Value, Error>> {
    match action {
        "GetCallerIdentity" => Some(parameters.parse().map(get_caller_identity)),
        _ => None,
    }
}

/// The request has no parameters.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct GetCallerIdentity {}

fn get_caller_identity(_: GetCallerIdentity) -> Value {
    json!({ "Account": ACCOUNT, "Arn": arn("iam", "", "root"), "UserId": ACCOUNT })
}
