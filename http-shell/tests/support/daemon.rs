//! An X-Ray daemon as far as its clients see it: it takes documents on a real UDP socket, and each
//! must be right by the schema.

use std::net::{SocketAddr, UdpSocket};
use std::sync::mpsc::{Receiver, channel};

use serde_json::Value;

use super::segment_schema::violations;

/// What a test sends last, to know that everything before it was read.
const END: &[u8] = b"end";

/// The daemon; it keeps what comes until it is asked.
pub struct Daemon {
    pub address: SocketAddr,
    datagrams: Receiver<Vec<u8>>,
}

impl Daemon {
    pub fn start() -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        let address = socket.local_addr().unwrap();
        let (sender, datagrams) = channel();
        std::thread::spawn(move || {
            let mut datagram = vec![0; 65_536];
            while let Ok(bytes) = socket.recv(&mut datagram) {
                if datagram[..bytes] == *END {
                    return;
                }
                let _ = sender.send(datagram[..bytes].to_vec());
            }
        });
        Self { address, datagrams }
    }

    /// The variable that leads a service here.
    pub fn variable(&self) -> (&'static str, String) {
        ("AWS_XRAY_DAEMON_ADDRESS", self.address.to_string())
    }

    /// All documents of services that have ended by now, in the order in which they came.
    pub fn documents(self) -> Vec<Value> {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        socket.send_to(END, self.address).unwrap();
        let datagrams = self.datagrams.iter();
        let documents: Vec<Value> = datagrams.map(|datagram| document(&datagram)).collect();
        for document in &documents {
            let violations = violations(document);
            assert!(violations.is_empty(), "{violations:#?} in {document:#}");
        }
        documents
    }
}

fn document(datagram: &[u8]) -> Value {
    let newline = datagram.iter().position(|byte| *byte == b'\n').unwrap();
    let header: Value = serde_json::from_slice(&datagram[..newline]).unwrap();
    assert_eq!(header["format"], "json");
    assert_eq!(header["version"], 1);
    serde_json::from_slice(&datagram[newline + 1..]).unwrap()
}

/// The documents of the trace that the header `X-Amzn-Trace-Id` of an answer names.
pub fn of_trace<'a>(documents: &'a [Value], header: &str) -> Vec<&'a Value> {
    let root = root(header);
    let of_it = documents
        .iter()
        .filter(|document| document["trace_id"] == root);
    of_it.collect()
}

/// The trace id in the header.
pub fn root(header: &str) -> &str {
    let root = header
        .split(';')
        .find_map(|field| field.strip_prefix("Root="));
    root.expect(header)
}

/// The one document with this name and namespace; segments have none.
pub fn one<'a>(documents: &[&'a Value], name: &str, namespace: Option<&str>) -> &'a Value {
    let wanted = |document: &&&Value| {
        document["name"] == name && document["namespace"].as_str() == namespace
    };
    let found: Vec<_> = documents.iter().filter(wanted).collect();
    assert_eq!(found.len(), 1, "{name} {namespace:?} in {documents:#?}");
    found[0]
}

/// Asserts that `child` hangs below `parent` and lies within its time.
pub fn assert_within(child: &Value, parent: &Value) {
    assert_eq!(
        child["parent_id"], parent["id"],
        "{child:#} below {parent:#}"
    );
    let time = |document: &Value, key| document[key].as_f64().unwrap();
    assert!(time(child, "start_time") >= time(parent, "start_time"));
    assert!(time(child, "end_time") <= time(parent, "end_time"));
}

/// The flags that are set.
pub fn flags(document: &Value) -> Vec<&'static str> {
    let mut flags = vec!["error", "throttle", "fault"];
    flags.retain(|flag| document[flag] == true);
    flags
}
