//! The operations, by their paths.

use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::Error;
use super::requests::{
    CreateSamplingRule, GetSamplingTargets, PutTelemetryRecords, UpdateSamplingRule,
};
use super::traces;
use crate::groups::{Definition, Selector};
use crate::sampling::RuleSelector;
use crate::xray::Xray;

/// An operation, which reads a body and answers.
#[derive(Clone, Copy)]
pub struct Operation(fn(&Xray, &[u8]) -> Result<Value, Error>);

/// So many statistics may be reported at once.
const MAX_REPORTS: usize = 25;

impl Operation {
    /// The operation of this path.
    pub fn find(path: &str) -> Option<Self> {
        Some(Self(match path {
            "/TraceSegments" => |xray, body| traces::put(xray, read(body)?),
            "/TelemetryRecords" => |_, body| {
                let records: PutTelemetryRecords = read(body)?;
                drop(records.telemetry_records);
                Ok(json!({}))
            },
            "/TraceSummaries" => |xray, body| traces::summaries(xray, &read(body)?),
            "/Traces" => |xray, body| traces::batch(xray, &read(body)?),
            "/TraceGraph" => |xray, body| traces::graph_of(xray, &read(body)?),
            "/ServiceGraph" => |xray, body| traces::graph(xray, &read(body)?),
            "/TimeSeriesServiceStatistics" => |xray, body| traces::series(xray, &read(body)?),
            "/GetSamplingRules" => |xray, _| Ok(json!({ "SamplingRuleRecords": xray.rules.all() })),
            "/CreateSamplingRule" => |xray, body| {
                let request: CreateSamplingRule = read(body)?;
                let record = xray.rules.create(request.sampling_rule)?;
                Ok(json!({ "SamplingRuleRecord": record }))
            },
            "/UpdateSamplingRule" => |xray, body| {
                let request: UpdateSamplingRule = read(body)?;
                let record = xray.rules.update(request.sampling_rule_update)?;
                Ok(json!({ "SamplingRuleRecord": record }))
            },
            "/DeleteSamplingRule" => |xray, body| {
                let selector: RuleSelector = read(body)?;
                Ok(json!({ "SamplingRuleRecord": xray.rules.delete(&selector)? }))
            },
            "/SamplingTargets" => |xray, body| {
                let request: GetSamplingTargets = read(body)?;
                let reports = request.sampling_statistics_documents;
                if reports.len() > MAX_REPORTS {
                    let message = "SamplingStatisticsDocuments are at most 25";
                    return Err(Error::invalid(message));
                }
                Ok(xray.targets.report(&reports, &xray.rules))
            },
            "/SamplingStatisticSummaries" => {
                |xray, _| Ok(json!({ "SamplingStatisticSummaries": xray.targets.summaries() }))
            }
            "/CreateGroup" => |xray, body| {
                let definition: Definition = read(body)?;
                Ok(json!({ "Group": xray.groups.create(definition)? }))
            },
            "/GetGroup" => |xray, body| {
                let selector: Selector = read(body)?;
                Ok(json!({ "Group": xray.groups.get(&selector)? }))
            },
            "/Groups" => |xray, _| Ok(json!({ "Groups": xray.groups.all() })),
            "/UpdateGroup" => |xray, body| {
                let definition: Definition = read(body)?;
                Ok(json!({ "Group": xray.groups.update(definition)? }))
            },
            "/DeleteGroup" => |xray, body| {
                let selector: Selector = read(body)?;
                xray.groups.delete(&selector)?;
                Ok(json!({}))
            },
            "/EncryptionConfig" => {
                |_, _| Ok(json!({ "EncryptionConfig": { "Status": "ACTIVE", "Type": "NONE" } }))
            }
            _ => return None,
        }))
    }

    /// Answers a request.
    pub fn call(self, xray: &Xray, body: &[u8]) -> Result<Value, Error> {
        self.0(xray, body)
    }
}

/// Reads a body; an empty one is an object without anything.
fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Error> {
    let body = if body.is_empty() { b"{}" } else { body };
    serde_json::from_slice(body).map_err(|error| Error::invalid(format!("The request: {error}")))
}
