//! The lab's end of the channel.

use std::convert::Infallible;
use std::io::{self, Write};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream as StdStream;
use std::time::Duration;

use like_service::chaos::{Fault, FaultReport};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio::net::unix::{ReadHalf, WriteHalf};
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::{MAX_LINE, Message, Order, line_of};
use crate::faults::FaultsOfTask;
use crate::ledger::{Entry, Kind, Ledger};
use crate::logs::Lines;

/// How long the lab reads the messages of a process that has ended.
const LAST_MESSAGES_TIME: Duration = Duration::from_secs(1);

/// The parts of the lab that the channel of a process serves.
pub struct Link {
    pub ledger: Ledger,
    pub faults: FaultsOfTask,
    /// The id of the task.
    pub task: String,
    /// The short name of the service.
    pub service: &'static str,
}

/// The lab's end. Dropping it closes the channel, so that the process stops.
pub struct LabEnd(JoinSet<()>);

impl LabEnd {
    /// Opens a channel. Returns the end for the process, which already contains the first order.
    ///
    /// # Errors
    ///
    /// When the operating system refuses a socket.
    pub fn open(mut link: Link) -> io::Result<(Self, OwnedFd)> {
        let (mut own, other) = StdStream::pair()?;
        // A new socket has room for a line.
        own.write_all(&line_of(&Order::Faults(link.faults.now()))?)?;
        own.set_nonblocking(true)?;
        let own = UnixStream::from_std(own)?;
        let mut running = JoinSet::new();
        running.spawn(run(own, link));
        Ok((Self(running), other.into()))
    }

    /// Waits for the last messages of a process that has ended.
    pub async fn finish(&mut self) {
        // A child of the process can hold the other end open.
        let all = async { while self.0.join_next().await.is_some() {} };
        let _ = timeout(LAST_MESSAGES_TIME, all).await;
    }
}

/// Runs until the other end closes.
async fn run(mut stream: UnixStream, link: Link) {
    let Link {
        ledger,
        mut faults,
        task,
        service,
    } = link;
    let (reader, writer) = stream.split();
    let take = |message| record(&ledger, &task, service, message);
    tokio::select! {
        () = receive(reader, take) => {}
        never = send_orders(writer, &mut faults) => match never {},
    }
}

async fn receive(mut reader: ReadHalf<'_>, mut take: impl FnMut(Message)) {
    let mut lines = Lines::new(MAX_LINE);
    let mut bytes = vec![0; 16 * 1024];
    while let Ok(count @ 1..) = reader.read(&mut bytes).await {
        lines.push(&bytes[..count], |line| {
            if let Ok(message) = serde_json::from_str(line) {
                take(message);
            }
        });
    }
}

async fn send_orders(mut writer: WriteHalf<'_>, faults: &mut FaultsOfTask) -> Infallible {
    loop {
        let order = Order::Faults(faults.next().await);
        let sent = match line_of(&order) {
            Ok(line) => writer.write_all(&line).await,
            Err(error) => Err(error),
        };
        if sent.is_err() {
            // The process reads no more. The receiver notices its end.
            return std::future::pending().await;
        }
    }
}

fn record(ledger: &Ledger, task: &str, service: &str, message: Message) {
    ledger.count_lost(message.lost);
    let Some(FaultReport {
        arrived_at_ms,
        trace_id,
        fault,
        status,
        elapsed_ms,
    }) = message.like
    else {
        return;
    };
    ledger.push(Entry {
        time: arrived_at_ms as f64 / 1000.0,
        kind: Kind::Request,
        trace_id,
        task: Some(task.to_owned()),
        service: service.to_owned(),
        mechanism: fault.name().to_owned(),
        parameters: match fault {
            Fault::Stress { cpu_ms } => json!({ "cpu_ms": cpu_ms }),
            Fault::NotFound | Fault::None => json!({}),
        },
        status,
        milliseconds: Some(elapsed_ms),
    });
}
