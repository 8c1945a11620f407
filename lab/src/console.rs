//! Standard output, written by a thread of its own: a reader who does not keep up, or who went away,
//! never holds up the lab.

use std::fmt::Display;
use std::io::{self, Write, stdout};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;
use std::time::Duration;

/// Texts that may wait for the reader.
const WAITING: usize = 10_000;

/// How long the last texts may take at the end.
const FLUSH_TIME: Duration = Duration::from_secs(1);

/// Prints the messages of the lab for people. Clones write to the same output.
#[derive(Clone, Debug)]
pub struct Console {
    texts: SyncSender<String>,
}

/// Waits for what is still to be printed; to be dropped after the last [`Console`].
#[derive(Debug)]
pub struct Flushed(Receiver<()>);

impl Console {
    /// Starts the thread that prints.
    ///
    /// # Errors
    ///
    /// When the operating system refuses the thread.
    pub fn start() -> io::Result<(Self, Flushed)> {
        let (texts, waiting) = sync_channel::<String>(WAITING);
        let (done, flushed) = sync_channel(1);
        thread::Builder::new()
            .name("console".to_owned())
            .spawn(move || {
                for text in waiting {
                    // A reader who went away does not matter to the lab.
                    let _ = writeln!(stdout(), "{text}");
                }
                let _ = done.send(());
            })?;
        Ok((Self { texts }, Flushed(flushed)))
    }

    /// Prints a line, or several; drops them if too many are waiting already.
    pub fn say(&self, text: impl Display) {
        let _ = self.texts.try_send(text.to_string());
    }
}

impl Drop for Flushed {
    fn drop(&mut self) {
        let _ = self.0.recv_timeout(FLUSH_TIME);
    }
}
