//! The end of the channel in a process of a task. Threads read and write, because the runtime's own standard input would
//! hold up the exit until its last read ends.

use std::io::{self, Read, Write, stdin};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread;
use std::time::Duration;

use like_service::chaos::FaultReport;
use tokio::sync::oneshot;
use tokio::time::{sleep, timeout};

use super::{MAX_LINE, Message, Order, line_of};
use crate::logs::Lines;

/// How long a process waits for its first order. The lab has sent it before the process started, but others that start the
/// process by hand send none.
const FIRST_ORDER_TIME: Duration = Duration::from_secs(1);

/// Maximum number of reports that wait to be written. Further ones are lost.
const MAX_WAITING_REPORTS: usize = 4096;

/// How long a process that ends may take to write its last reports.
const LAST_REPORTS_TIME: Duration = Duration::from_secs(1);

/// Time between two attempts to add the end mark to a full queue.
const RETRY_INTERVAL: Duration = Duration::from_millis(10);

/// The end of the channel in a process.
pub struct TaskEnd {
    /// `None` if standard input is no socket, because a person has started the process.
    stream: Option<UnixStream>,
    /// Resolves after the first order.
    first_order: oneshot::Receiver<()>,
}

impl TaskEnd {
    /// Opens the end at standard input. `obey` gets the orders, on a thread of its own. The future resolves when no process
    /// holds the other end.
    ///
    /// # Errors
    ///
    /// When the operating system refuses a thread.
    pub fn open(
        obey: impl FnMut(Order) + Send + 'static,
    ) -> io::Result<(Self, impl Future<Output = ()>)> {
        let stream = UnixStream::from(stdin().as_fd().try_clone_to_owned()?);
        // Only a socket has an address.
        let is_socket = stream.local_addr().is_ok();
        Self::open_at(is_socket.then_some(stream), obey)
    }

    /// The same at this socket, or at standard input without a socket.
    pub(super) fn open_at(
        stream: Option<UnixStream>,
        obey: impl FnMut(Order) + Send + 'static,
    ) -> io::Result<(Self, impl Future<Output = ()>)> {
        let (obeyed, first_order) = oneshot::channel();
        let (ended, end) = oneshot::channel();
        let reader = stream.as_ref().map(UnixStream::try_clone).transpose()?;
        let read = move || {
            match reader {
                Some(reader) => read_orders(reader, obeyed, obey),
                None => {
                    drop(obeyed);
                    let _ = io::copy(&mut stdin().lock(), &mut io::sink());
                }
            }
            let _ = ended.send(());
        };
        thread::Builder::new()
            .name("stdin".to_owned())
            .spawn(read)?;
        let own = Self {
            stream,
            first_order,
        };
        let ended = async {
            let _ = end.await;
        };
        Ok((own, ended))
    }

    /// Waits until the first order has been obeyed.
    pub async fn wait_for_first_order(&mut self) {
        let _ = timeout(FIRST_ORDER_TIME, &mut self.first_order).await;
    }

    /// Starts to send reports. `None` if standard input is no socket.
    ///
    /// # Errors
    ///
    /// When the operating system refuses a thread.
    pub fn start_reports(&self) -> io::Result<Option<Reports>> {
        let Some(stream) = &self.stream else {
            return Ok(None);
        };
        let stream = stream.try_clone()?;
        let (queue, reports) = sync_channel(MAX_WAITING_REPORTS);
        let (done, written) = oneshot::channel();
        let lost = Arc::<AtomicU64>::default();
        let counted = Arc::clone(&lost);
        thread::Builder::new()
            .name("reports".to_owned())
            .spawn(move || {
                let _ = write_reports(stream, &reports, &counted);
                let _ = done.send(());
            })?;
        let sender = Sender { queue, lost };
        Ok(Some(Reports { sender, written }))
    }
}

/// The reports of a process.
pub struct Reports {
    sender: Sender,
    /// Resolves when nothing more is written.
    written: oneshot::Receiver<()>,
}

/// Sends reports. Clones share the queue.
#[derive(Clone)]
pub struct Sender {
    /// `None` ends the writer.
    queue: SyncSender<Option<FaultReport>>,
    /// The number of reports that were lost since the last message.
    lost: Arc<AtomicU64>,
}

impl Sender {
    /// Sends a report without waiting. If the queue is full, the report is lost.
    pub fn send(&self, report: FaultReport) {
        if self.queue.try_send(Some(report)).is_err() {
            self.lost.fetch_add(1, Ordering::Relaxed);
        }
    }
}

impl Reports {
    /// The sender of reports.
    pub fn sender(&self) -> Sender {
        self.sender.clone()
    }

    /// Waits until the reports are written.
    pub async fn finish(self) {
        let written = async {
            while let Err(TrySendError::Full(_)) = self.sender.queue.try_send(None) {
                sleep(RETRY_INTERVAL).await;
            }
            let _ = self.written.await;
        };
        let _ = timeout(LAST_REPORTS_TIME, written).await;
    }
}

/// Reads orders until the other end closes.
fn read_orders(mut stream: UnixStream, obeyed: oneshot::Sender<()>, mut obey: impl FnMut(Order)) {
    let mut obeyed = Some(obeyed);
    let mut lines = Lines::new(MAX_LINE);
    let mut bytes = vec![0; 4096];
    loop {
        let count = match stream.read(&mut bytes) {
            Ok(0) => return,
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(_) => return,
        };
        lines.push(&bytes[..count], |line| {
            if let Ok(order) = serde_json::from_str(line) {
                obey(order);
                // After the first order there is no sender any more.
                let _ = obeyed.take().map(|obeyed| obeyed.send(()));
            }
        });
    }
}

fn write_reports(
    mut stream: UnixStream,
    reports: &Receiver<Option<FaultReport>>,
    lost: &AtomicU64,
) -> io::Result<()> {
    let mut write = |like: Option<FaultReport>| {
        let lost = lost.swap(0, Ordering::Relaxed);
        stream.write_all(&line_of(&Message { lost, like })?)
    };
    while let Ok(Some(report)) = reports.recv() {
        write(Some(report))?;
    }
    if lost.load(Ordering::Relaxed) > 0 {
        write(None)?;
    }
    Ok(())
}
