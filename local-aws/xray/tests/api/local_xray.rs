//! A local X-Ray in the process of the test, and functions that create test documents.

use serde_json::{Value, json};
use xray::{Config, Error, Limits, Xray};

/// Start of the test traces in seconds since 1970: 2026-11-21.
pub const START: u32 = 1_795_219_200;

/// A local X-Ray in the process of the test.
pub struct LocalXray(pub Xray);

impl LocalXray {
    pub fn new() -> Self {
        Self::with_limits(Limits::default())
    }

    pub fn with_limits(limits: Limits) -> Self {
        let config = Config {
            limits,
            ..Config::default()
        };
        Self(Xray::new(config))
    }

    pub fn with_documents(documents: &[Value]) -> Self {
        let xray = Self::new();
        xray.put_documents(documents);
        xray
    }

    /// Stores documents, and asserts that no document is refused.
    pub fn put_documents(&self, documents: &[Value]) {
        for document in documents {
            let refusals = self.0.put_document(&document.to_string());
            assert!(refusals.is_empty(), "{refusals:?}: {document:#}");
        }
    }

    /// Calls an operation and returns the response. The function panics if the operation fails.
    pub fn call(&self, path: &str, request: Value) -> Value {
        let response = self.try_call(path, request);
        response.unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    /// Calls an operation and returns the error message. The function panics if the operation succeeds.
    pub fn call_error(&self, path: &str, request: Value) -> String {
        match self.try_call(path, request) {
            Err(error) => error.to_string(),
            Ok(response) => panic!("{path}: {response:#}"),
        }
    }

    pub fn try_call(&self, path: &str, request: Value) -> Result<Value, Error> {
        let body = request.to_string();
        self.0.call_operation(path, body.as_bytes())
    }

    /// Returns the summaries of all traces that match the filter. The newest trace is first.
    pub fn summaries(&self, filter: &str) -> Vec<Value> {
        self.summaries_in(longest_range(), filter)
    }

    /// Returns the summaries of the traces in the time range that match the filter. The newest trace is
    /// first.
    pub fn summaries_in(&self, range: Value, filter: &str) -> Vec<Value> {
        let request = range.merge(json!({ "FilterExpression": filter }));
        let response = self.call("/TraceSummaries", request);
        response["TraceSummaries"].as_array().unwrap().clone()
    }

    /// Returns the summary of the only stored trace.
    pub fn only_summary(&self) -> Value {
        let response = self.call("/TraceSummaries", longest_range());
        let summaries = response["TraceSummaries"].as_array().unwrap();
        assert_eq!(summaries.len(), 1, "{summaries:#?}");
        summaries[0].clone()
    }

    /// Returns the documents of a trace in the format of `BatchGetTraces`.
    pub fn trace_documents(&self, trace_id: &str) -> Vec<Value> {
        let response = self.call("/Traces", json!({ "TraceIds": [trace_id] }));
        let segments = response["Traces"][0]["Segments"].as_array().unwrap();
        let parse_document = |segment: &Value| {
            let document: Value =
                serde_json::from_str(segment["Document"].as_str().unwrap()).unwrap();
            assert_eq!(document["id"], segment["Id"]);
            document
        };
        segments.iter().map(parse_document).collect()
    }

    /// Returns the nodes of the service graph of all traces.
    pub fn service_graph(&self) -> Vec<Value> {
        let response = self.call("/ServiceGraph", longest_range());
        response["Services"].as_array().unwrap().clone()
    }
}

/// Returns a time range of the maximum length: from one hour before [`START`] to five hours after [`START`].
pub fn longest_range() -> Value {
    json!({ "StartTime": START - 3600, "EndTime": START + 5 * 3600 })
}

/// Returns the id of a trace that began `second` seconds after [`START`].
pub fn trace_id_at(second: u32, number: u32) -> String {
    format!("1-{:08x}-{number:024x}", START + second)
}

/// Returns the id of the trace that contains the documents of [`segment`] and [`subsegment`].
pub fn trace_id() -> String {
    trace_id_at(0, 1)
}

/// Returns a segment document. `start` and `end` are milliseconds after [`START`].
pub fn segment(id: u64, name: &str, start: u32, end: u32) -> Value {
    json!({
        "trace_id": trace_id(), "id": format!("{id:016x}"), "name": name,
        "start_time": time_at(start), "end_time": time_at(end),
    })
}

/// Returns a document that contains one subsegment.
pub fn subsegment(id: u64, parent: u64, name: &str, start: u32, end: u32) -> Value {
    let subsegment = segment(id, name, start, end).merge(child_of(parent));
    subsegment.merge(json!({ "type": "subsegment" }))
}

/// Converts milliseconds after [`START`] to seconds since 1970.
pub fn time_at(milliseconds: u32) -> f64 {
    f64::from(START) + f64::from(milliseconds) / 1000.0
}

/// Adds members to a JSON object.
pub trait Merge {
    fn merge(self, members: Value) -> Self;
}

impl Merge for Value {
    fn merge(mut self, members: Value) -> Self {
        for (key, value) in members.as_object().unwrap() {
            self[key] = value.clone();
        }
        self
    }
}

/// Returns an object with the member `parent_id`, which tests add to a document.
pub fn child_of(parent: u64) -> Value {
    json!({ "parent_id": format!("{parent:016x}") })
}

/// Returns the documents of a like. A service calls a second service, and the second service calls a table.
pub fn like_documents() -> Vec<Value> {
    let http_block = |status: u32| {
        json!({ "http": {
            "request": { "method": "POST", "url": "http://shop/mysfits/1/like" },
            "response": { "status": status },
        }})
    };
    vec![
        segment(1, "like service", 0, 1500).merge(http_block(200)),
        subsegment(2, 1, "monolith", 100, 1400).merge(json!({ "namespace": "remote" })).merge(http_block(200)),
        segment(3, "monolith", 200, 1300).merge(child_of(2)).merge(http_block(200)),
        subsegment(4, 3, "DynamoDB", 300, 1200).merge(json!({
            "namespace": "aws",
            "http": { "response": { "status": 200 } },
            "aws": { "operation": "UpdateItem", "table_name": "MysfitsTable", "region": "us-east-1" },
        })),
    ]
}
