//! The operations of the API, and the path of each operation.

use serde::de::{DeserializeOwned, IgnoredAny};
use serde_json::{Value, json};

use super::requests::{IgnoredTokenRequest, PutTelemetryRecords, RefusedTokenRequest};
use super::traces;
use crate::bounded::Object;
use crate::error::Error;
use crate::groups::GroupSelector;
use crate::sampling::{
    CreateSamplingRule, GetSamplingTargets, RuleSelector, SamplingRuleUpdate, UpdateSamplingRule,
};
use crate::xray::Xray;

/// An operation: a function from the request body to the response body.
#[derive(Clone, Copy)]
pub struct Operation(fn(&Xray, &[u8]) -> Result<Value, Error>);

impl Operation {
    /// Returns the operation with the given path, such as `/TraceSummaries`.
    pub fn from_path(path: &str) -> Option<Self> {
        Some(Self(match path {
            "/TraceSegments" => |xray, body| traces::put_segments(xray, parse_body(body)?),
            "/TelemetryRecords" => |_, body| {
                let _: PutTelemetryRecords = parse_body(body)?;
                Ok(json!({}))
            },
            "/TraceSummaries" => |xray, body| traces::get_summaries(xray, &parse_body(body)?),
            "/Traces" => |xray, body| traces::batch_get(xray, &parse_body(body)?),
            "/TraceGraph" => |xray, body| traces::get_trace_graph(xray, &parse_body(body)?),
            "/ServiceGraph" => {
                |xray, body| traces::get_service_graph(xray, &parse_body(body)?, &parse_body(body)?)
            }
            "/TimeSeriesServiceStatistics" => {
                |xray, body| traces::get_time_series(xray, &parse_body(body)?, &parse_body(body)?)
            }
            "/GetSamplingRules" => |xray, body| {
                let _: IgnoredTokenRequest = parse_body(body)?;
                Ok(json!({ "SamplingRuleRecords": xray.rules.list() }))
            },
            "/CreateSamplingRule" => |xray, body| {
                let request: CreateSamplingRule = parse_body(body)?;
                let record = xray.rules.create(request.sampling_rule.0)?;
                Ok(json!({ "SamplingRuleRecord": record }))
            },
            "/UpdateSamplingRule" => |xray, body| {
                let selector: UpdateSamplingRule<RuleSelector> = parse_body(body)?;
                let update: UpdateSamplingRule<SamplingRuleUpdate> = parse_body(body)?;
                let (Object(selector), Object(update)) =
                    (selector.sampling_rule_update, update.sampling_rule_update);
                let record = xray.rules.update(&selector, update)?;
                Ok(json!({ "SamplingRuleRecord": record }))
            },
            "/DeleteSamplingRule" => |xray, body| {
                let selector: RuleSelector = parse_body(body)?;
                Ok(json!({ "SamplingRuleRecord": xray.rules.delete(&selector)? }))
            },
            "/SamplingTargets" => |xray, body| {
                let request: GetSamplingTargets = parse_body(body)?;
                let reports = request.sampling_statistics_documents.0;
                Ok(xray.targets.get_targets(&reports, &xray.rules))
            },
            "/SamplingStatisticSummaries" => |xray, body| {
                let _: IgnoredTokenRequest = parse_body(body)?;
                Ok(json!({ "SamplingStatisticSummaries": xray.targets.summaries() }))
            },
            "/CreateGroup" => {
                |xray, body| Ok(json!({ "Group": xray.groups.create(parse_body(body)?)? }))
            }
            "/GetGroup" => {
                |xray, body| Ok(json!({ "Group": xray.groups.get(&parse_body(body)?)? }))
            }
            "/Groups" => |xray, body| {
                let _: RefusedTokenRequest = parse_body(body)?;
                Ok(json!({ "Groups": xray.groups.list() }))
            },
            "/UpdateGroup" => |xray, body| {
                let selector: GroupSelector = parse_body(body)?;
                let group = xray.groups.update(&selector, parse_body(body)?)?;
                Ok(json!({ "Group": group }))
            },
            "/DeleteGroup" => |xray, body| {
                xray.groups.delete(&parse_body(body)?)?;
                Ok(json!({}))
            },
            "/EncryptionConfig" => |_, body| {
                let IgnoredAny = parse_body(body)?;
                Ok(json!({ "EncryptionConfig": { "Status": "ACTIVE", "Type": "NONE" } }))
            },
            _ => return None,
        }))
    }

    /// Runs the operation and returns the response body.
    pub fn call(self, xray: &Xray, body: &[u8]) -> Result<Value, Error> {
        self.0(xray, body)
    }
}

impl Xray {
    /// Runs the operation with the given path, such as `/TraceSummaries`, and returns the response body. The
    /// operation may take seconds, so this function must not run on an async worker thread.
    ///
    /// # Errors
    ///
    /// Fails if no operation has the given path, or if the request is invalid.
    pub fn call_operation(&self, path: &str, body: &[u8]) -> Result<Value, Error> {
        match Operation::from_path(path) {
            Some(operation) => operation.call(self, body),
            None => Err(Error::UnknownOperation(path.to_owned())),
        }
    }
}

/// Parses a request body. An empty request body means an object without members. The returned error names the
/// invalid member of the request.
fn parse_body<T: DeserializeOwned>(body: &[u8]) -> Result<T, Error> {
    let body = if body.is_empty() { b"{}" } else { body };
    let mut json = serde_json::Deserializer::from_slice(body);
    let parsed = serde_path_to_error::deserialize::<_, Object<T>>(&mut json);
    let parsed = parsed.map_err(|error| {
        let member_path = error.path().to_string();
        match error.inner() {
            inner if inner.is_data() && member_path != "." => {
                Error::invalid(format!("{member_path}: {inner}"))
            }
            inner => body_error(inner),
        }
    })?;
    json.end().map_err(|error| body_error(&error))?;
    Ok(parsed.0)
}

fn body_error(error: &serde_json::Error) -> Error {
    Error::invalid(format!("The request: {error}"))
}
