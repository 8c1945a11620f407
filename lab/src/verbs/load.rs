//! `load`: sends load to the running lab, and prints a summary.
//!
//! The program is one thread, so that it uses at most one processor. The numbers of open requests, connections and stored values
//! have limits. docs/load.md describes the two models of load and the summary.

use std::io::{IsTerminal, Write, stderr};
use std::net::IpAddr;
use std::process::ExitCode;

use axum::http::{Method, Uri};
use http_shell::raise_open_file_limit;

use super::env::exports_of;
use super::output::{note, print};
use crate::client::Listener;
use crate::error::{EX_INTERRUPTED, Error};
use crate::ports::AWS_PORT;
use crate::scenario::load_test::{self, Kind};
use crate::signals::Signals;
use crate::track::Track;

mod cpu;
mod failure;
mod options;
mod pacing;
mod profile;
mod request;
mod runner;
mod summary;
mod tally;
mod thresholds;
mod units;

pub use options::LoadOptions;

use options::{MAX_OPEN, Path};
use pacing::Pacing;
use request::{Sender, Target};
use runner::{Ended, Run};
use summary::{Summary, progress_line};
use tally::Tally;

/// Moves the cursor of a terminal to the start of its line, and clears the line.
const CLEAR_LINE: &str = "\r\x1b[K";

/// Files that are open besides the connections of open requests.
const OTHER_FILES: u64 = 64;

/// Runs the load. The exit code is 0, 99 if a threshold has failed, or 130 after Ctrl-C.
///
/// # Errors
///
/// Fails before the first request if there is no running lab, if an option is not valid, or if a URL is one of another machine
/// and the reader has not permitted this.
pub fn load(options: &LoadOptions) -> Result<ExitCode, Error> {
    let pacing = options.pacing().map_err(Error::LoadOptions)?;
    let max_open = max_open();
    if let Pacing::Users { profile, .. } = &pacing
        && profile.maximum() > max_open as f64
    {
        let message = format!("the limit of open files permits at most {max_open} users");
        return Err(Error::LoadOptions(message));
    }
    let of_shell = load_balancer_of_shell(options, |name| std::env::var(name).ok())?;
    // The reader's own load balancer is permitted.
    let is_permitted = options.allow_remote || of_shell.is_some();
    let (base, warning) = match of_shell {
        Some(alb) => (alb, None),
        None => base(options, &pacing)?,
    };
    if !is_permitted && !is_loopback(&base) {
        return Err(Error::RemoteLoad(base.to_string()));
    }
    warn(warning.as_deref());
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let ended = runtime.block_on(run(&options.path, base, pacing, max_open));
    // A name that is still being resolved is not waited for.
    runtime.shutdown_background();
    let ended = ended?;
    let late = summary::late_warning(&ended.tally);
    warn(late.as_deref());
    let warnings = warning.into_iter().chain(late).collect();
    let summary = Summary::new(ended, &options.thresholds, warnings);
    if options.json {
        let json = serde_json::to_string_pretty(&summary).map_err(std::io::Error::other)?;
        print(format_args!("{json}\n"))?;
    } else {
        print(&summary)?;
    }
    Ok(match (summary.has_passed(), summary.was_stopped()) {
        (false, _) => ExitCode::from(thresholds::EXIT_CODE),
        (true, true) => ExitCode::from(EX_INTERRUPTED),
        (true, false) => ExitCode::SUCCESS,
    })
}

fn warn(warning: Option<&str>) {
    if let Some(warning) = warning {
        note(format_args!("warning: {warning}"));
    }
}

/// The load balancer of an installation on AWS, if neither an option nor the shell selects another one.
fn load_balancer_of_shell(
    options: &LoadOptions,
    value: impl Fn(&str) -> Option<String>,
) -> Result<Option<Uri>, Error> {
    let track = Track::new(options.aws_port, false, |name| value(name).is_some());
    match (&options.path, &options.alb, track) {
        (Path::Scenario(_), None, Track::Aws) => {
            let alb = value("ALB").unwrap_or_default();
            let alb = options::parse_url(&alb);
            let alb = alb.map_err(|error| Error::LoadOptions(format!("the variable ALB: {error}")));
            alb.map(Some)
        }
        _ => Ok(None),
    }
}

/// The URL of the path or of the load balancer, and a warning.
fn base(options: &LoadOptions, pacing: &Pacing) -> Result<(Uri, Option<String>), Error> {
    let kind = match (&options.path, &options.alb) {
        (Path::Url(url), _) => return Ok((url.clone(), None)),
        (Path::Scenario(_), Some(alb)) => return Ok((alb.clone(), None)),
        (Path::Scenario(kind), None) => *kind,
    };
    let aws = Listener::aws(options.aws_port.unwrap_or(AWS_PORT));
    let exports = exports_of(aws)?;
    let value = |name: &str| {
        let export = exports.iter().find(|export| export.name == name);
        let value = export.map(|export| export.value.as_str());
        value.ok_or_else(|| aws.other_program())
    };
    let warning = match kind {
        Kind::Likes if cpu::has_weight(aws, value("LIKE_RULE")?, value("LIKE_TARGET_GROUP")?) => {
            cpu::warning(aws, value("CLUSTER")?, value("LIKE_SERVICE")?, pacing)?
        }
        _ => None,
    };
    let alb = options::parse_url(value("ALB")?).map_err(|_| aws.other_program())?;
    Ok((alb, warning))
}

/// Reads what is requested, and sends the load. Shows the progress on a terminal.
async fn run(path: &Path, base: Uri, pacing: Pacing, max_open: usize) -> Result<Ended, Error> {
    let signals = Signals::install()?;
    let sender = Sender::new(max_open);
    let targets = tokio::select! {
        () = signals.clone().received(1) => return Err(Error::Interrupted),
        targets = targets(path, base, &sender) => targets?,
    };
    let seconds = pacing.profile().duration().as_secs_f64();
    let run = Run {
        pacing,
        sender,
        targets,
        max_open,
    };
    let tally = Tally::new().map_err(std::io::Error::other)?;
    let is_terminal = stderr().is_terminal();
    let ended = run.run(tally, signals.received(1), |progress| {
        if is_terminal {
            // A terminal that was closed does not end the run.
            let _ = write!(stderr(), "{CLEAR_LINE}{}", progress_line(progress, seconds));
        }
    });
    let ended = ended.await;
    if is_terminal {
        let _ = write!(stderr(), "{CLEAR_LINE}");
    }
    Ok(ended)
}

/// The requests of a path. `base` is the URL of the path or of the load balancer.
async fn targets(path: &Path, base: Uri, sender: &Sender) -> Result<Vec<Target>, Error> {
    let method = Method::GET;
    let kind = match path {
        Path::Url(_) => return Ok(vec![Target { method, url: base }]),
        Path::Scenario(kind) => *kind,
    };
    let invalid = |why: String| Error::NoLoadTargets {
        url: base.to_string(),
        why,
    };
    let base_text = base.to_string();
    let url = |path: &str| {
        let url = format!("{}{path}", base_text.trim_end_matches('/'));
        url.parse::<Uri>()
            .map_err(|error| invalid(error.to_string()))
    };
    let url_of_list = url(load_test::LIST)?;
    let list = Target {
        method,
        url: url_of_list,
    };
    let list = sender.fetch(&list).await;
    let list = list.map_err(|failure| invalid(failure.to_string()))?;
    let requests = load_test::requests(kind, &list).map_err(|error| invalid(error.to_string()))?;
    if requests.is_empty() {
        return Err(invalid("the list is empty".to_owned()));
    }
    let targets = requests.into_iter().map(|(method, path)| {
        let url = url(&path)?;
        Ok(Target { method, url })
    });
    targets.collect()
}

/// Whether the host of a URL is this machine by its own text: an address of the loopback range, or `localhost`.
fn is_loopback(url: &Uri) -> bool {
    let host = url.host().unwrap_or_default();
    let address = host.trim_start_matches('[').trim_end_matches(']');
    let address: Option<IpAddr> = address.parse().ok();
    host.eq_ignore_ascii_case("localhost") || address.is_some_and(|address| address.is_loopback())
}

/// The number of requests that may be open at once. The limit of open files can be below the limit of requests. There is at most
/// one connection for each open request, and as many idle ones: hyper opens a connection while it waits for one to become idle.
fn max_open() -> usize {
    let limit = u64::from(MAX_OPEN);
    let files = raise_open_file_limit(2 * limit + OTHER_FILES);
    let connections = files.map_or(u64::MAX, |files| files.saturating_sub(OTHER_FILES));
    let open = (connections / 2).clamp(1, limit);
    usize::try_from(open).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::scenario::EXPORTS;

    #[derive(Debug, Parser)]
    struct Line {
        #[command(flatten)]
        options: LoadOptions,
    }

    /// The URL in a shell with the names of an installation, and maybe with another variable.
    fn url_of_shell(options: &[&str], variable: &str) -> Option<String> {
        let line = Line::parse_from(["load"].iter().chain(options));
        let value = |name: &str| {
            let is_set = name == variable || EXPORTS.iter().any(|(known, _)| *known == name);
            is_set.then(|| "http://lb.example.com".to_owned())
        };
        let url = load_balancer_of_shell(&line.options, value).unwrap();
        url.map(|url| url.to_string())
    }

    #[test]
    fn in_a_shell_for_aws_load_goes_to_its_load_balancer_unless_an_option_or_a_lab_is_set() {
        let alb = Some("http://lb.example.com/".to_owned());
        assert_eq!(url_of_shell(&[], ""), alb);
        assert_eq!(url_of_shell(&["--path", "site"], ""), alb);
        assert_eq!(url_of_shell(&[], "AWS_ENDPOINT_URL"), None);
        assert_eq!(url_of_shell(&["--aws-port", "4570"], ""), None);
        assert_eq!(url_of_shell(&["--alb", "http://other.example"], ""), None);
        assert_eq!(url_of_shell(&["--path", "http://other.example"], ""), None);
    }

    #[test]
    fn only_loopback_addresses_and_localhost_are_this_machine() {
        for (url, expected) in [
            ("http://127.0.0.1:8080/", true),
            ("http://127.1.2.3/", true),
            ("http://[::1]:8080/", true),
            ("http://localhost:8080", true),
            ("http://LocalHost", true),
            ("http://example.com/", false),
            ("http://127.0.0.1.example.com/", false),
            ("http://localhost.example.com/", false),
            ("http://192.168.0.1/", false),
            ("http://0.0.0.0:8080/", false),
            ("http://[::]/", false),
            ("http://[::ffff:8.8.8.8]/", false),
            ("http://2130706433/", false),
        ] {
            assert_eq!(is_loopback(&url.parse().unwrap()), expected, "{url}");
        }
    }
}
