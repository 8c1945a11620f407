//! Tests of connections that are selected at the limit of connections.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::time::timeout;

use super::*;
use crate::connections::Connections;

const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n";

/// A connection, its state, and the client's side.
async fn connect() -> (Connection, Arc<ConnectionState>, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let client = TcpStream::connect(listener.local_addr().unwrap()).await;
    let (stream, address) = listener.accept().await.unwrap();
    let open = Arc::new(Connections::default()).open();
    let state = Arc::new(ConnectionState::new(&stream, address, open));
    let refuse: Refuse = Box::new(|_, _, _| Vec::new());
    let idle = Duration::from_secs(60);
    let connection = Connection::new(stream, Arc::clone(&state), idle, refuse);
    (connection, state, client.unwrap())
}

#[tokio::test]
async fn a_selected_connection_whose_request_arrives_first_stays_open_after_the_response() {
    let (mut connection, state, mut client) = connect().await;
    state.close();
    client.write_all(REQUEST).await.unwrap();
    connection.stream.readable().await.unwrap();
    let mut bytes = [0; 1024];
    assert_eq!(connection.read(&mut bytes).await.unwrap(), REQUEST.len());
    assert_eq!(state.waiting_for_request(), None);
    state.end();
    connection.flush().await.unwrap();
    assert!(state.waiting_for_request().is_some());
    let read = connection.read(&mut bytes);
    assert!(timeout(Duration::from_millis(20), read).await.is_err());
}

#[tokio::test]
async fn a_connection_does_not_wait_for_a_request_before_its_response_was_flushed() {
    let (mut connection, state, mut client) = connect().await;
    client.write_all(REQUEST).await.unwrap();
    let mut bytes = [0; 1024];
    assert_eq!(connection.read(&mut bytes).await.unwrap(), REQUEST.len());
    state.end();
    assert_eq!(state.waiting_for_request(), None);
    connection.flush().await.unwrap();
    state.close();
    assert_eq!(connection.read(&mut bytes).await.unwrap(), 0);
}
