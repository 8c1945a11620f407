//! An X-Ray to ask, and documents to tell it.

use serde_json::{Value, json};
use xray::{Config, Error, Limits, Xray};

/// When all traces begin that do not say otherwise: 2026-11-21.
pub const START: u32 = 1_795_219_200;

/// An X-Ray in this process.
pub struct World(pub Xray);

impl World {
    pub fn new() -> Self {
        Self::with(Limits::default())
    }

    pub fn with(limits: Limits) -> Self {
        let config = Config {
            limits,
            ..Config::default()
        };
        Self(Xray::new(config))
    }

    /// One that has taken these.
    pub fn of(documents: &[Value]) -> Self {
        let world = Self::new();
        world.put(documents);
        world
    }

    pub fn put(&self, documents: &[Value]) {
        for document in documents {
            let refused = self.0.put(&document.to_string());
            assert!(refused.is_empty(), "{refused:?}: {document:#}");
        }
    }

    pub fn ask(&self, path: &str, request: Value) -> Value {
        let answer = self.answer(path, request);
        answer.unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    /// What the API says when it cannot.
    pub fn error(&self, path: &str, request: Value) -> String {
        match self.answer(path, request) {
            Err(error) => error.to_string(),
            Ok(answer) => panic!("{path}: {answer:#}"),
        }
    }

    pub fn answer(&self, path: &str, request: Value) -> Result<Value, Error> {
        self.0.answer(path, request.to_string().as_bytes())
    }

    /// The summaries that match, the newest first.
    pub fn summaries(&self, filter: &str) -> Vec<Value> {
        self.summaries_of(always(), filter)
    }

    /// Those of this time range.
    pub fn summaries_of(&self, mut request: Value, filter: &str) -> Vec<Value> {
        request["FilterExpression"] = json!(filter);
        let answer = self.ask("/TraceSummaries", request);
        answer["TraceSummaries"].as_array().unwrap().clone()
    }

    /// The only trace's summary.
    pub fn summary(&self) -> Value {
        let answer = self.ask("/TraceSummaries", always());
        let summaries = answer["TraceSummaries"].as_array().unwrap();
        assert_eq!(summaries.len(), 1, "{summaries:#?}");
        summaries[0].clone()
    }

    /// The documents of a trace, put together.
    pub fn documents(&self, trace: &str) -> Vec<Value> {
        let answer = self.ask("/Traces", json!({ "TraceIds": [trace] }));
        let segments = answer["Traces"][0]["Segments"].as_array().unwrap();
        let document = |segment: &Value| {
            let document: Value =
                serde_json::from_str(segment["Document"].as_str().unwrap()).unwrap();
            assert_eq!(document["id"], segment["Id"]);
            document
        };
        segments.iter().map(document).collect()
    }

    /// The nodes of the graph of all traces.
    pub fn graph(&self) -> Vec<Value> {
        let answer = self.ask("/ServiceGraph", always());
        answer["Services"].as_array().unwrap().clone()
    }
}

/// The longest range that X-Ray answers: from an hour before [`START`] to five hours after it.
pub fn always() -> Value {
    json!({ "StartTime": START - 3600, "EndTime": START + 5 * 3600 })
}

/// The id of a trace that began `second` seconds after [`START`].
pub fn trace_at(second: u32, number: u32) -> String {
    format!("1-{:08x}-{number:024x}", START + second)
}

/// The id of the only trace.
pub fn trace() -> String {
    trace_at(0, 1)
}

/// A segment of the only trace, which took from `from` to `to` milliseconds.
pub fn segment(id: u64, name: &str, from: u32, to: u32) -> Value {
    json!({
        "trace_id": trace(), "id": format!("{id:016x}"), "name": name,
        "start_time": at(from), "end_time": at(to),
    })
}

/// A subsegment, sent for itself.
pub fn subsegment(id: u64, parent: u64, name: &str, from: u32, to: u32) -> Value {
    let mut document = segment(id, name, from, to);
    document["type"] = json!("subsegment");
    document["parent_id"] = json!(format!("{parent:016x}"));
    document
}

/// Milliseconds after [`START`].
pub fn at(milliseconds: u32) -> f64 {
    f64::from(START) + f64::from(milliseconds) / 1000.0
}

/// A document with more in it.
pub trait With {
    fn with(self, more: Value) -> Self;
}

impl With for Value {
    fn with(mut self, more: Value) -> Self {
        for (key, value) in more.as_object().unwrap() {
            self[key] = value.clone();
        }
        self
    }
}

/// The parent's id, to be added.
pub fn below(parent: u64) -> Value {
    json!({ "parent_id": format!("{parent:016x}") })
}

/// A like: service, call, service, call of the table.
pub fn like() -> Vec<Value> {
    let post = |status: u32| {
        json!({ "http": {
            "request": { "method": "POST", "url": "http://shop/mysfits/1/like" },
            "response": { "status": status },
        }})
    };
    vec![
        segment(1, "like service", 0, 1500).with(post(200)),
        subsegment(2, 1, "monolith", 100, 1400).with(json!({ "namespace": "remote" })).with(post(200)),
        segment(3, "monolith", 200, 1300).with(below(2)).with(post(200)),
        subsegment(4, 3, "DynamoDB", 300, 1200).with(json!({
            "namespace": "aws",
            "http": { "response": { "status": 200 } },
            "aws": { "operation": "UpdateItem", "table_name": "MysfitsTable", "region": "us-east-1" },
        })),
    ]
}
