//! A service as it runs in production: its own binary, its own process, real sockets.
//!
//! Shared by the services' tests, which include it by path.

use std::hash::{BuildHasher, RandomState};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream, UdpSocket};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

/// How long a test waits for anything before it fails.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// A running service. Dropping it kills the process.
pub struct Service {
    pub child: Child,
    pub port: u16,
    pub lines: Receiver<String>,
    _reserved: UdpSocket,
}

impl Service {
    /// Starts `binary` with this environment and no other, and waits until it listens.
    pub fn start(binary: &str, variables: &[(&str, &str)]) -> Self {
        let mut service = Self::spawn(binary, variables, Stdio::inherit());
        let stdout = BufReader::new(service.child.stdout.take().unwrap());
        let (sender, lines) = channel();
        service.lines = lines;
        std::thread::spawn(move || {
            for line in stdout.lines().map_while(Result::ok) {
                let _ = sender.send(line);
            }
        });
        service
    }

    /// The same, with nobody who reads its standard output and standard error.
    pub fn start_unread(binary: &str, variables: &[(&str, &str)]) -> Self {
        Self::spawn(binary, variables, Stdio::piped())
    }

    fn spawn(binary: &str, variables: &[(&str, &str)], stderr: Stdio) -> Self {
        let (port, reserved) = reserve();
        let child = command(binary, variables)
            .env("PORT", port.to_string())
            .stdout(Stdio::piped())
            .stderr(stderr)
            .spawn()
            .unwrap();
        let (_, lines) = channel();
        let mut service = Self {
            child,
            port,
            lines,
            _reserved: reserved,
        };
        eventually("the service listens", || {
            assert!(service.child.try_wait().unwrap().is_none(), "it ended");
            TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok()
        });
        service
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    /// A new connection, with a bound on reads.
    pub fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream
    }

    /// Sends these bytes on a connection of their own and reads until the service closes it.
    pub fn raw(&self, bytes: &[u8]) -> String {
        let mut stream = self.connect();
        // The service may answer and close before it has read all of it.
        let _ = stream.write_all(bytes);
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        String::from_utf8_lossy(&answer).into_owned()
    }

    /// The next log line that `wanted` accepts; those before it are dropped.
    pub fn line(&self, wanted: impl Fn(&str) -> bool) -> String {
        self.line_within(PATIENCE, wanted)
    }

    /// The same, with another bound on the wait.
    pub fn line_within(&self, patience: Duration, wanted: impl Fn(&str) -> bool) -> String {
        let deadline = Instant::now() + patience;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let line = self.lines.recv_timeout(left).expect("no such log line");
            if wanted(&line) {
                return line;
            }
        }
    }

    pub fn pid(&self) -> Pid {
        Pid::from_child(&self.child)
    }

    pub fn signal(&self, signal: Signal) {
        kill_process(self.pid(), signal).unwrap();
    }

    /// Asks it to stop, waits until it has, and returns how it ended and what it still logged.
    pub fn stop(self) -> (ExitStatus, Vec<String>) {
        self.signal(Signal::TERM);
        self.ended()
    }

    /// Waits until the process has ended, and returns how it did and what it still logged.
    pub fn ended(mut self) -> (ExitStatus, Vec<String>) {
        let status = self.wait();
        (status, self.lines.iter().collect())
    }

    /// Waits until the process has ended.
    pub fn wait(&mut self) -> ExitStatus {
        let mut ended = None;
        eventually("the service ends", || {
            ended = self.child.try_wait().unwrap();
            ended.is_some()
        });
        ended.unwrap()
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Runs `binary` to its end.
pub fn output(binary: &str, variables: &[(&str, &str)], arguments: &[&str]) -> Output {
    command(binary, variables).args(arguments).output().unwrap()
}

fn command(binary: &str, variables: &[(&str, &str)]) -> Command {
    let mut command = Command::new(binary);
    command.env_clear().envs(variables.iter().copied());
    command.stdin(Stdio::null());
    command
}

/// A port that nothing listens on, for a moment at least.
pub fn free_port() -> u16 {
    reserve().0
}

/// A port that nothing listens on, and that no other test is given as long as the socket lives.
///
/// Tests run beside each other, and from here until the service listens there is time enough for two
/// of them to get the same: one would ask the other's service. The mark that it is taken is a socket
/// for UDP, whose ports are others. From 32768 on the system gives them to who asks for any.
pub fn reserve() -> (u16, UdpSocket) {
    loop {
        let port = 10_000 + u16::try_from(RandomState::new().hash_one(()) % 20_000).unwrap();
        let address = (Ipv4Addr::LOCALHOST, port);
        let Ok(mark) = UdpSocket::bind(address) else {
            continue;
        };
        if TcpListener::bind(address).is_ok() {
            return (port, mark);
        }
    }
}

/// Looks again and again until `happened`.
pub fn eventually(what: &str, mut happened: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !happened() {
        assert!(Instant::now() < deadline, "never: {what}");
        std::thread::park_timeout(Duration::from_millis(2));
    }
}
