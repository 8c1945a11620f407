//! The operations, by their paths.

use serde::de::{DeserializeOwned, IgnoredAny};
use serde_json::{Value, json};

use super::Error;
use super::requests::{IgnoresToken, PutTelemetryRecords, RefusesToken};
use super::traces;
use crate::bounded::Object;
use crate::groups::Selector;
use crate::sampling::{
    Change, CreateSamplingRule, GetSamplingTargets, RuleSelector, UpdateSamplingRule,
};
use crate::xray::Xray;

/// An operation, which reads a body and answers.
#[derive(Clone, Copy)]
pub struct Operation(fn(&Xray, &[u8]) -> Result<Value, Error>);

impl Operation {
    /// The operation of this path.
    pub fn find(path: &str) -> Option<Self> {
        Some(Self(match path {
            "/TraceSegments" => |xray, body| traces::put(xray, read(body)?),
            "/TelemetryRecords" => |_, body| {
                let _: PutTelemetryRecords = read(body)?;
                Ok(json!({}))
            },
            "/TraceSummaries" => |xray, body| traces::summaries(xray, &read(body)?),
            "/Traces" => |xray, body| traces::batch(xray, &read(body)?),
            "/TraceGraph" => |xray, body| traces::graph_of(xray, &read(body)?),
            "/ServiceGraph" => |xray, body| traces::graph(xray, &read(body)?, &read(body)?),
            "/TimeSeriesServiceStatistics" => {
                |xray, body| traces::series(xray, &read(body)?, &read(body)?)
            }
            "/GetSamplingRules" => |xray, body| {
                let _: IgnoresToken = read(body)?;
                Ok(json!({ "SamplingRuleRecords": xray.rules.all() }))
            },
            "/CreateSamplingRule" => |xray, body| {
                let request: CreateSamplingRule = read(body)?;
                let record = xray.rules.create(request.sampling_rule.0)?;
                Ok(json!({ "SamplingRuleRecord": record }))
            },
            "/UpdateSamplingRule" => |xray, body| {
                let selector: UpdateSamplingRule<RuleSelector> = read(body)?;
                let change: UpdateSamplingRule<Change> = read(body)?;
                let (Object(selector), Object(change)) =
                    (selector.sampling_rule_update, change.sampling_rule_update);
                let record = xray.rules.update(&selector, change)?;
                Ok(json!({ "SamplingRuleRecord": record }))
            },
            "/DeleteSamplingRule" => |xray, body| {
                let selector: RuleSelector = read(body)?;
                Ok(json!({ "SamplingRuleRecord": xray.rules.delete(&selector)? }))
            },
            "/SamplingTargets" => |xray, body| {
                let request: GetSamplingTargets = read(body)?;
                let reports = request.sampling_statistics_documents.0;
                Ok(xray.targets.report(&reports, &xray.rules))
            },
            "/SamplingStatisticSummaries" => |xray, body| {
                let _: IgnoresToken = read(body)?;
                Ok(json!({ "SamplingStatisticSummaries": xray.targets.summaries() }))
            },
            "/CreateGroup" => |xray, body| Ok(json!({ "Group": xray.groups.create(read(body)?)? })),
            "/GetGroup" => |xray, body| Ok(json!({ "Group": xray.groups.get(&read(body)?)? })),
            "/Groups" => |xray, body| {
                let _: RefusesToken = read(body)?;
                Ok(json!({ "Groups": xray.groups.all() }))
            },
            "/UpdateGroup" => |xray, body| {
                let selector: Selector = read(body)?;
                Ok(json!({ "Group": xray.groups.update(&selector, read(body)?)? }))
            },
            "/DeleteGroup" => |xray, body| {
                xray.groups.delete(&read(body)?)?;
                Ok(json!({}))
            },
            "/EncryptionConfig" => |_, body| {
                let IgnoredAny = read(body)?;
                Ok(json!({ "EncryptionConfig": { "Status": "ACTIVE", "Type": "NONE" } }))
            },
            _ => return None,
        }))
    }

    /// Answers a request.
    pub fn call(self, xray: &Xray, body: &[u8]) -> Result<Value, Error> {
        self.0(xray, body)
    }
}

/// Reads a body; an empty one is an object without members. The error names the member.
fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Error> {
    let body = if body.is_empty() { b"{}" } else { body };
    let mut json = serde_json::Deserializer::from_slice(body);
    let read = serde_path_to_error::deserialize::<_, Object<T>>(&mut json);
    let read = read.map_err(|error| {
        let path = error.path().to_string();
        match error.inner() {
            inner if inner.is_data() && path != "." => Error::invalid(format!("{path}: {inner}")),
            inner => not_read(inner),
        }
    })?;
    json.end().map_err(|error| not_read(&error))?;
    Ok(read.0)
}

fn not_read(error: &serde_json::Error) -> Error {
    Error::invalid(format!("The request: {error}"))
}
