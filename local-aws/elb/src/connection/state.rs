//! The state of a client's connection: whether it waits for a request, and its accepted requests.

use std::collections::VecDeque;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Waker};
use std::time::SystemTime;

use tokio::net::TcpStream;
use tokio::time::Instant;

use crate::access_log::ConnectionInfo;
use crate::connections::OpenConnection;
use crate::head::Accepted;

/// State shared by a connection and its requests.
#[derive(Debug)]
pub struct ConnectionState {
    /// The addresses and the id of the connection.
    pub info: ConnectionInfo,
    /// The connection is active until its last request has ended.
    _open: OpenConnection,
    state: Mutex<State>,
}

#[derive(Debug)]
pub(super) struct State {
    /// `None` from the start of a request until its response was sent.
    pub(super) waiting_for_request: Option<Waiting>,
    /// The limit of connections is reached, and this one was selected.
    pub(super) must_close: bool,
    /// The task that waits for a request.
    idle_task: Option<Waker>,
    pub(super) accepted: VecDeque<Arrived>,
    /// The number of accepted requests whose responses have not ended.
    pub(super) under_way: usize,
    /// The task that waits until all responses have ended.
    pub(super) waiting: Option<Waker>,
    pub(super) body_is_missing: bool,
    pub(super) body_is_late: bool,
}

/// How long a connection has waited for a request. The smallest value is closed first at the limit of connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Waiting {
    /// Whether the connection had a request before.
    had_request: bool,
    since: Instant,
}

impl Waiting {
    fn new(had_request: bool) -> Self {
        Self {
            had_request,
            since: Instant::now(),
        }
    }
}

/// An accepted head.
#[derive(Debug)]
pub struct Arrived {
    pub head: Accepted,
    pub time: SystemTime,
}

impl ConnectionState {
    pub fn new(stream: &TcpStream, client: SocketAddr, open: OpenConnection) -> Self {
        let node = stream.local_addr().map(|address| address.ip());
        let info = ConnectionInfo {
            client,
            // The address is unknown if the client has already closed the connection.
            node: node.unwrap_or(Ipv4Addr::UNSPECIFIED.into()),
            trace_id: rand::random(),
        };
        Self {
            info,
            _open: open,
            state: Mutex::new(State {
                waiting_for_request: Some(Waiting::new(false)),
                must_close: false,
                idle_task: None,
                accepted: VecDeque::new(),
                under_way: 0,
                waiting: None,
                body_is_missing: false,
                body_is_late: false,
            }),
        }
    }

    /// `None` from the start of a request until its response was sent, and if the connection is closed already.
    pub fn waiting_for_request(&self) -> Option<Waiting> {
        let state = self.state();
        state.waiting_for_request.filter(|_| !state.must_close)
    }

    /// Records that all bytes of responses were sent.
    pub(super) fn flushed(&self) {
        let mut state = self.state();
        if state.under_way == 0 && state.waiting_for_request.is_none() {
            state.waiting_for_request = Some(Waiting::new(true));
        }
    }

    /// Closes the connection, unless a request arrives first.
    pub fn close(&self) {
        let mut state = self.state();
        state.must_close = true;
        if let Some(task) = state.idle_task.take() {
            task.wake();
        }
    }

    /// Whether the connection has to end. Otherwise the task is woken by [`Self::close`].
    pub(super) fn must_close(&self, cx: &Context<'_>) -> bool {
        let mut state = self.state();
        if state.waiting_for_request.is_none() {
            return false;
        }
        state.idle_task = Some(cx.waker().clone());
        state.must_close
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the head of the request that hyper has just read.
    pub fn next(&self) -> Option<Arrived> {
        self.state().accepted.pop_front()
    }

    /// Records that a response has ended, or that it was cancelled.
    pub fn end(&self) {
        let mut state = self.state();
        state.under_way -= 1;
        if state.under_way == 0
            && let Some(waiting) = state.waiting.take()
        {
            waiting.wake();
        }
    }

    /// Whether a part of the announced body is missing.
    pub fn body_is_missing(&self) -> bool {
        self.state().body_is_missing
    }

    /// Whether the time limit for the body has passed.
    pub fn body_is_late(&self) -> bool {
        self.state().body_is_late
    }
}
