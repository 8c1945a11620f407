//! A stand-in for the X-Ray daemon: it receives segment documents on a UDP socket, and each document must
//! be valid by the schema.

use std::net::{SocketAddr, UdpSocket};
use std::sync::mpsc::{Receiver, channel};

use serde_json::Value;

use crate::segment_schema::violations;

/// The last datagram that a test sends: when it has been read, so have all before it.
const END: &[u8] = b"end";

/// A running daemon that keeps the datagrams it receives.
pub struct Daemon {
    /// Where it listens.
    pub address: SocketAddr,
    datagrams: Receiver<Vec<u8>>,
}

impl Daemon {
    /// Binds a free port and starts receiving.
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

    /// The environment variable that points a service at this daemon.
    pub fn address_variable(&self) -> (&'static str, String) {
        ("AWS_XRAY_DAEMON_ADDRESS", self.address.to_string())
    }

    /// Stops the daemon and returns all documents in the order of their arrival. The services must have ended.
    pub fn documents(self) -> Vec<Value> {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        socket.send_to(END, self.address).unwrap();
        let datagrams = self.datagrams.iter();
        let documents: Vec<Value> = datagrams
            .map(|datagram| parse_datagram(&datagram))
            .collect();
        for document in &documents {
            let violations = violations(document);
            assert!(violations.is_empty(), "{violations:#?} in {document:#}");
        }
        documents
    }
}

fn parse_datagram(datagram: &[u8]) -> Value {
    let newline = datagram.iter().position(|byte| *byte == b'\n').unwrap();
    let header: Value = serde_json::from_slice(&datagram[..newline]).unwrap();
    assert_eq!(header["format"], "json");
    assert_eq!(header["version"], 1);
    serde_json::from_slice(&datagram[newline + 1..]).unwrap()
}

/// The documents of the trace in `header`, the value of an answer's `X-Amzn-Trace-Id`.
pub fn documents_of_trace<'a>(documents: &'a [Value], header: &str) -> Vec<&'a Value> {
    let trace_id = trace_id(header);
    let documents = documents.iter();
    documents
        .filter(|document| document["trace_id"] == trace_id)
        .collect()
}

/// The trace id in the value of a header `X-Amzn-Trace-Id`.
pub fn trace_id(header: &str) -> &str {
    let root = header
        .split(';')
        .find_map(|field| field.strip_prefix("Root="));
    root.expect(header)
}

/// The only document with this name and namespace. Segments have no namespace.
pub fn only_document<'a>(
    documents: &[&'a Value],
    name: &str,
    namespace: Option<&str>,
) -> &'a Value {
    let wanted = |document: &&&Value| {
        document["name"] == name && document["namespace"].as_str() == namespace
    };
    let found: Vec<_> = documents.iter().filter(wanted).collect();
    assert_eq!(found.len(), 1, "{name} {namespace:?} in {documents:#?}");
    found[0]
}

/// Asserts that `parent` is the parent of `child`, and that the time of `child` lies within that of `parent`.
pub fn assert_child_within(child: &Value, parent: &Value) {
    assert_eq!(
        child["parent_id"], parent["id"],
        "{child:#} below {parent:#}"
    );
    let time = |document: &Value, key| document[key].as_f64().unwrap();
    assert!(time(child, "start_time") >= time(parent, "start_time"));
    assert!(time(child, "end_time") <= time(parent, "end_time"));
}

/// Those of the flags `error`, `throttle` and `fault` that are set.
pub fn error_flags(document: &Value) -> Vec<&'static str> {
    let mut flags = vec!["error", "throttle", "fault"];
    flags.retain(|flag| document[flag] == true);
    flags
}
