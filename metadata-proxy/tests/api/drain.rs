use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpStream};

use rustix::process::Signal;

use crate::endpoint::{Endpoint, Reply, TASK, TASK_STATS};
use crate::service::eventually;
use crate::start_before;

#[test]
fn requests_under_way_at_sigterm_are_answered_whole_and_then_the_proxy_ends_well() {
    let endpoint = Endpoint::start();
    let mut proxy = start_before(&endpoint, &[]);
    endpoint.reply(Reply::Held);
    let asked: Vec<_> = [("/v2/metadata", TASK), ("/v4/task/stats", TASK_STATS)]
        .into_iter()
        .map(|(path, document)| {
            let mut stream = proxy.connect();
            let request = format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n");
            stream.write_all(request.as_bytes()).unwrap();
            (stream, document)
        })
        .collect();
    endpoint.wait_for(asked.len());
    proxy.signal(Signal::TERM);
    proxy.line(|line| line.contains("draining"));
    eventually("no more connections", || {
        TcpStream::connect((Ipv4Addr::LOCALHOST, proxy.port)).is_err()
    });
    endpoint.reply(Reply::Document);
    for (mut stream, document) in asked {
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        assert!(answer.ends_with(document), "{answer}");
    }
    assert!(proxy.wait().success());
}
