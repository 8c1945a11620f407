//! A stand-in for the X-Ray daemon that receives segment documents on a UDP socket, and validates each
//! document with the schema.

use std::net::{SocketAddr, UdpSocket};
use std::sync::mpsc::{Receiver, channel};

use serde_json::Value;

use crate::segment_schema::violations;

/// The datagram that stops the daemon. The daemon reads all earlier datagrams before the stop datagram.
const END_DATAGRAM: &[u8] = b"end";

/// A running daemon that stores the received datagrams.
pub struct Daemon {
    /// The UDP address on which the daemon listens.
    pub address: SocketAddr,
    datagrams: Receiver<Vec<u8>>,
}

impl Daemon {
    /// Binds a free UDP port and starts to receive datagrams.
    pub fn start() -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        let address = socket.local_addr().unwrap();
        let (sender, datagrams) = channel();
        std::thread::spawn(move || {
            let mut datagram = vec![0; 65_536];
            while let Ok(bytes) = socket.recv(&mut datagram) {
                if datagram[..bytes] == *END_DATAGRAM {
                    return;
                }
                let _ = sender.send(datagram[..bytes].to_vec());
            }
        });
        Self { address, datagrams }
    }

    /// The environment variable that makes a service send its segments to this daemon.
    pub fn address_variable(&self) -> (&'static str, String) {
        ("AWS_XRAY_DAEMON_ADDRESS", self.address.to_string())
    }

    /// Stops the daemon, and returns all documents in the order of their arrival. The services must have
    /// ended before this call.
    pub fn documents(self) -> Vec<Value> {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        socket.send_to(END_DATAGRAM, self.address).unwrap();
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

/// The documents of one trace. `header` is the value of an answer's header `X-Amzn-Trace-Id`.
pub fn documents_of_trace<'a>(documents: &'a [Value], header: &str) -> Vec<&'a Value> {
    let trace_id = trace_id(header);
    let documents = documents.iter();
    documents
        .filter(|document| document["trace_id"] == trace_id)
        .collect()
}

/// The trace id in `header`, the value of a header `X-Amzn-Trace-Id`.
pub fn trace_id(header: &str) -> &str {
    let root_field = header
        .split(';')
        .find_map(|field| field.strip_prefix("Root="));
    root_field.expect(header)
}

/// The only document with the given name and namespace. A segment, unlike a subsegment, has no namespace.
pub fn only_document<'a>(
    documents: &[&'a Value],
    name: &str,
    namespace: Option<&str>,
) -> &'a Value {
    let has_name_and_namespace = |document: &&&Value| {
        document["name"] == name && document["namespace"].as_str() == namespace
    };
    let matching: Vec<_> = documents.iter().filter(has_name_and_namespace).collect();
    assert_eq!(matching.len(), 1, "{name} {namespace:?} in {documents:#?}");
    matching[0]
}

/// Asserts that `parent` is the parent of `child`, and that `child` starts and ends while `parent` is
/// running.
pub fn assert_child_within(child: &Value, parent: &Value) {
    assert_eq!(
        child["parent_id"], parent["id"],
        "{child:#} below {parent:#}"
    );
    let time = |document: &Value, key| document[key].as_f64().unwrap();
    assert!(time(child, "start_time") >= time(parent, "start_time"));
    assert!(time(child, "end_time") <= time(parent, "end_time"));
}

/// The names of the flags `error`, `throttle` and `fault` that are set in a document.
pub fn error_flags(document: &Value) -> Vec<&'static str> {
    let mut flags = vec!["error", "throttle", "fault"];
    flags.retain(|flag| document[flag] == true);
    flags
}
