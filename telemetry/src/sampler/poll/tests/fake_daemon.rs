//! The daemon's side of the wire, answering what a test wants.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread;

use serde_json::{Value, json};

use super::sampler;
use crate::sampler::poll::Daemon;

/// From the question to the status and the body of its answer.
type Answers = dyn FnMut(&Value) -> (u16, String) + Send;

/// What the daemon was asked, and what it answers.
pub struct Script {
    pub asked: Vec<(String, Value)>,
    /// The pages of rules, of which each answer is one; the last one is repeated.
    pages: Vec<Value>,
    /// The answers to reports.
    pub targets: Box<Answers>,
}

#[derive(Clone)]
pub struct FakeDaemon {
    pub address: SocketAddr,
    script: Arc<Mutex<Script>>,
}

impl FakeDaemon {
    pub fn start(pages: impl Into<Vec<Value>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let script = Script {
            asked: Vec::new(),
            pages: pages.into(),
            targets: Box::new(|_| (200, "{}".to_owned())),
        };
        let daemon = Self {
            address: listener.local_addr().unwrap(),
            script: Arc::new(Mutex::new(script)),
        };
        let server = daemon.clone();
        thread::spawn(move || {
            for stream in listener.incoming() {
                server.answer(BufReader::new(stream.unwrap()));
            }
        });
        daemon
    }

    fn answer(&self, mut stream: BufReader<impl Read + Write>) {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            stream.read_line(&mut head).unwrap();
        }
        let lower = head.to_lowercase();
        let length = lower.split("content-length: ").nth(1).unwrap();
        let length = length.split("\r\n").next().unwrap().parse().unwrap();
        let mut body = vec![0; length];
        stream.read_exact(&mut body).unwrap();
        let question: Value = serde_json::from_slice(&body).unwrap();
        let operation = head.split(' ').nth(1).unwrap().to_owned();
        let mut script = self.script();
        let (status, answer) = match operation.as_str() {
            "/GetSamplingRules" if script.pages.len() > 1 => {
                (200, script.pages.remove(0).to_string())
            }
            "/GetSamplingRules" => (200, script.pages[0].to_string()),
            _ => (script.targets)(&question),
        };
        script.asked.push((operation, question));
        let length = answer.len();
        let head = format!("HTTP/1.1 {status} X\r\nConnection: close\r\nContent-Length:");
        let _ = write!(stream.get_mut(), "{head} {length}\r\n\r\n{answer}");
    }

    pub fn script(&self) -> MutexGuard<'_, Script> {
        self.script.lock().unwrap()
    }

    pub fn set_pages(&self, pages: impl Into<Vec<Value>>) {
        self.script().pages = pages.into();
    }

    /// Answers reports with this status and body from now on.
    pub fn set_targets(&self, status: u16, body: impl ToString) {
        let body = body.to_string();
        self.script().targets = Box::new(move |_| (status, body.clone()));
    }

    /// The statistics documents of each report so far.
    pub fn reports(&self) -> Vec<Vec<Value>> {
        let script = self.script();
        let reports = script
            .asked
            .iter()
            .filter(|(name, _)| name == "/SamplingTargets");
        let documents = |question: &Value| question["SamplingStatisticsDocuments"].clone();
        let documents = reports.map(|(_, question)| documents(question));
        documents.map(|it| it.as_array().unwrap().clone()).collect()
    }

    /// How often rules were asked for.
    pub fn refreshes(&self) -> usize {
        let script = self.script();
        let rules = script
            .asked
            .iter()
            .filter(|(name, _)| name == "/GetSamplingRules");
        rules.count()
    }

    pub fn client(&self) -> Daemon {
        Daemon::new(sampler(), self.address.to_string())
    }
}

pub fn page<'a>(names: impl IntoIterator<Item = &'a str>, more: Value) -> Value {
    let record = |name: &str| {
        let mut rule = json!({
            "RuleName": name, "Priority": 1, "FixedRate": 0.0, "ReservoirSize": 0, "Version": 1,
            "ServiceName": "*", "ServiceType": "*", "Host": "*", "HTTPMethod": "*",
            "URLPath": format!("/{name}"), "ResourceARN": "*", "Attributes": {},
        });
        for (key, value) in more.as_object().unwrap() {
            rule[key] = value.clone();
        }
        json!({"SamplingRule": rule, "CreatedAt": 0.0, "ModifiedAt": 0.0})
    };
    let records: Vec<_> = names.into_iter().map(record).collect();
    json!({"SamplingRuleRecords": records})
}
