//! Runs a service's binary as a child process with its own environment variables.

use std::hash::{BuildHasher, RandomState};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream, UdpSocket};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

/// Maximum time for which a test waits for a condition before the test fails.
pub const WAIT_LIMIT: Duration = Duration::from_secs(20);

/// A shell script that runs its program and arguments on one processor.
pub const ON_ONE_PROCESSOR: &str =
    r#"exec taskset -c "$(taskset -cp $$ | sed 's/.*: //; s/[,-].*//')" "$0" "$@""#;

/// Whether the machine has the command that [`ON_ONE_PROCESSOR`] needs.
pub fn has_taskset() -> bool {
    let mut command = Command::new("taskset");
    let command = command.arg("--version").stdout(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

/// A running service. Dropping a `Service` kills the process.
pub struct Service {
    /// The process.
    pub child: Child,
    /// The port on which the service listens.
    pub port: u16,
    /// The lines of the service's standard output. The function `start_unread` does not fill this channel.
    pub lines: Receiver<String>,
    _port_reservation: UdpSocket,
}

impl Service {
    /// Starts `binary` with only the environment variables `variables`, and waits until the service
    /// listens.
    pub fn start(binary: &str, variables: &[(&str, &str)]) -> Self {
        Self::start_command(build_command(binary, variables))
    }

    fn start_command(command: Command) -> Self {
        let mut service = Self::spawn(command, Stdio::inherit());
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

    /// Starts `binary` like `start`, by a shell script that ends with `exec "$0"`.
    pub fn start_by_shell(script: &str, binary: &str, variables: &[(&str, &str)]) -> Self {
        let mut command = build_command("/bin/sh", variables);
        command.args(["-c", script, binary]);
        // The script needs the variable to find programs.
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
        Self::start_command(command)
    }

    /// Starts `binary` like `start`, but reads neither its standard output nor its standard error.
    pub fn start_unread(binary: &str, variables: &[(&str, &str)]) -> Self {
        Self::spawn(build_command(binary, variables), Stdio::piped())
    }

    fn spawn(mut command: Command, stderr: Stdio) -> Self {
        let (port, port_reservation) = reserve_port();
        let child = command
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
            _port_reservation: port_reservation,
        };
        wait_until("the service listens", || {
            assert!(
                service.child.try_wait().unwrap().is_none(),
                "the service ended before it listened"
            );
            TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok()
        });
        service
    }

    /// The URL of a path of the service.
    pub fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    /// Opens a connection whose reads time out after [`WAIT_LIMIT`].
    pub fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).unwrap();
        stream.set_read_timeout(Some(WAIT_LIMIT)).unwrap();
        stream
    }

    /// Sends `bytes` on a new connection, and returns all bytes that the service sends before the service
    /// closes the connection.
    pub fn send_raw(&self, bytes: &[u8]) -> String {
        let mut stream = self.connect();
        // The service may answer and close the connection before the service has read all bytes.
        let _ = stream.write_all(bytes);
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        String::from_utf8_lossy(&answer).into_owned()
    }

    /// Waits for a log line that `is_expected` accepts. Earlier lines are discarded.
    pub fn wait_for_line(&self, is_expected: impl Fn(&str) -> bool) -> String {
        self.wait_for_line_within(WAIT_LIMIT, is_expected)
    }

    /// Waits like `wait_for_line`, at most for `time_limit`.
    pub fn wait_for_line_within(
        &self,
        time_limit: Duration,
        is_expected: impl Fn(&str) -> bool,
    ) -> String {
        let deadline = Instant::now() + time_limit;
        loop {
            let remaining = deadline.saturating_duration_since(Instant::now());
            let line = self.lines.recv_timeout(remaining);
            let line = line.expect("the expected log line was not logged within the time limit");
            if is_expected(&line) {
                return line;
            }
        }
    }

    /// The process id of the service.
    pub fn pid(&self) -> Pid {
        Pid::from_child(&self.child)
    }

    /// Sends a signal to the service.
    pub fn signal(&self, signal: Signal) {
        kill_process(self.pid(), signal).unwrap();
    }

    /// Sends SIGTERM, and waits until the process ends. Returns the exit status and the remaining log lines.
    pub fn stop(self) -> (ExitStatus, Vec<String>) {
        self.signal(Signal::TERM);
        self.wait_for_end()
    }

    /// Waits until the process ends. Returns the exit status and the remaining log lines.
    pub fn wait_for_end(mut self) -> (ExitStatus, Vec<String>) {
        let status = self.wait();
        (status, self.lines.iter().collect())
    }

    /// Waits until the process ends.
    pub fn wait(&mut self) -> ExitStatus {
        let mut exit_status = None;
        wait_until("the service ends", || {
            exit_status = self.child.try_wait().unwrap();
            exit_status.is_some()
        });
        exit_status.unwrap()
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Runs `binary` with only the environment variables `variables`, and waits until the process ends.
pub fn run_to_end(binary: &str, variables: &[(&str, &str)], arguments: &[&str]) -> Output {
    build_command(binary, variables)
        .args(arguments)
        .output()
        .unwrap()
}

fn build_command(binary: &str, variables: &[(&str, &str)]) -> Command {
    let mut command = Command::new(binary);
    command.env_clear().envs(variables.iter().copied());
    command.stdin(Stdio::null());
    command
}

/// Reserves a TCP port on which no process is listening, so that connections to the port are refused. No
/// test that reserves a port gets the same port while the returned socket is open.
///
/// Tests run in parallel. Without a reservation, two tests could choose the same port before their services
/// listen, and one test would send its requests to the service of the other test. The reservation is a UDP
/// socket on the same port number. A UDP socket does not prevent a TCP listener on the port number. Ports
/// from 32768 are not used, because the operating system assigns the ports from 32768 to sockets that are
/// bound to port 0.
pub fn reserve_port() -> (u16, UdpSocket) {
    loop {
        let port = 10_000 + u16::try_from(RandomState::new().hash_one(()) % 20_000).unwrap();
        let address = (Ipv4Addr::LOCALHOST, port);
        let Ok(reservation) = UdpSocket::bind(address) else {
            continue;
        };
        if TcpListener::bind(address).is_ok() {
            return (port, reservation);
        }
    }
}

/// Polls `condition` until `condition` returns true. `expectation` describes the condition in the panic
/// message.
pub fn wait_until(expectation: &str, mut condition: impl FnMut() -> bool) {
    let deadline = Instant::now() + WAIT_LIMIT;
    while !condition() {
        assert!(
            Instant::now() < deadline,
            "not within the time limit: {expectation}"
        );
        std::thread::park_timeout(Duration::from_millis(2));
    }
}
