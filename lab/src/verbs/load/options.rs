//! The options of `load`.

use std::time::Duration;

use axum::http::Uri;
use clap::{Args, value_parser};

use super::pacing::Pacing;
use super::profile::{Profile, Stage};
use super::thresholds::Thresholds;
use super::units::parse_duration;
use crate::scenario::load_test::Kind;

/// The rate without options, in requests per second: 1,500 per minute, which is the default of `infra/load-generator.yml`.
const DEFAULT_RATE: f64 = 25.0;

/// The length of a run without options.
const DEFAULT_DURATION: Duration = Duration::from_secs(30);

/// Maximum rate, in requests per second.
const MAX_RATE: f64 = 10_000.0;

/// Maximum number of users, and of requests that are open at once.
pub const MAX_OPEN: u16 = 1000;

/// Maximum number of stages.
const MAX_STAGES: usize = 100;

/// Maximum length of a run.
const MAX_DURATION: Duration = Duration::from_secs(24 * 3600);

/// The options of `load`.
#[derive(Clone, Debug, Args)]
pub struct LoadOptions {
    /// Requests per second, which start at planned times, whether or not earlier requests have ended [default: 25]. With
    /// --stages: the rate at the start [default: 0]
    #[arg(long, value_name = "RATE", value_parser = parse_rate, conflicts_with = "users")]
    rate: Option<f64>,
    /// Users instead of a rate: each user sends a request, waits for its end, and sends the next one. With --stages: the
    /// number of users at the start
    #[arg(long, value_name = "N", value_parser = value_parser!(u16).range(..=i64::from(MAX_OPEN)))]
    users: Option<u16>,
    /// Time that a user waits after the end of a request, for example 1s
    #[arg(long, value_name = "TIME", value_parser = parse_duration, default_value = "0s", requires = "users", conflicts_with = "rate")]
    pause: Duration,
    /// Length of the run, for example 30s or 10m [default: 30s]
    #[arg(long, value_name = "TIME", value_parser = parse_duration, conflicts_with = "stages")]
    duration: Option<Duration>,
    /// Stages like 10:30s,50:2m: the rate, or the number of users, changes on a straight line to 10 within 30 s, and then to
    /// 50 within 2 minutes. A stage of 0s is a step
    #[arg(long, value_name = "TARGET:TIME,...", value_parser = parse_stage, value_delimiter = ',')]
    stages: Vec<Stage>,
    /// What is requested: likes (POST), site (GET of the list and the profiles), or a URL (GET)
    #[arg(long, value_name = "likes|site|URL", value_parser = parse_path, default_value = "likes")]
    pub path: Path,
    /// URL of a load balancer for likes and site, instead of the one of the running lab
    #[arg(long, value_name = "URL", value_parser = parse_url, conflicts_with = "aws_port")]
    pub alb: Option<Uri>,
    /// Permit URLs of other machines. Send load only to machines whose owner agrees
    #[arg(long)]
    pub allow_remote: bool,
    /// Print the summary as JSON
    #[arg(long)]
    pub json: bool,
    /// The thresholds.
    #[command(flatten)]
    pub thresholds: Thresholds,
    /// Port of the running lab's AWS endpoint [default: 4566]. A shell that `infra/script/env` has set up sends to its load balancer on
    /// AWS instead
    #[arg(long, value_name = "PORT", value_parser = value_parser!(u16).range(1..))]
    pub aws_port: Option<u16>,
}

/// What is requested.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Path {
    /// Requests of the scenario.
    Scenario(Kind),
    /// One URL.
    Url(Uri),
}

impl LoadOptions {
    /// Checks options that depend on each other, and returns the rates or users of the run.
    ///
    /// # Errors
    ///
    /// The message names the option.
    pub fn pacing(&self) -> Result<Pacing, String> {
        let start = self.users.map(f64::from).or(self.rate);
        let profile = if self.stages.is_empty() {
            let duration = self.duration.unwrap_or(DEFAULT_DURATION);
            Profile::constant(start.unwrap_or(DEFAULT_RATE), duration)
        } else {
            Profile::ramps(start.unwrap_or(0.0), &self.stages)
        };
        if self.stages.len() > MAX_STAGES {
            return Err(format!("--stages: at most {MAX_STAGES} stages"));
        }
        if profile.duration() > MAX_DURATION {
            return Err("--stages: a run of at most a day".to_owned());
        }
        if self.users.is_some() && profile.maximum() > f64::from(MAX_OPEN) {
            return Err(format!("--stages: at most {MAX_OPEN} users"));
        }
        let pacing = match self.users {
            Some(_) => Pacing::users(profile, self.pause),
            None => Pacing::rate(profile),
        };
        if self.alb.is_some() && matches!(self.path, Path::Url(_)) {
            return Err("--alb: has no meaning if --path is a URL".to_owned());
        }
        if pacing.next().is_none() {
            return Err("the run would contain no request: set a longer time, or a higher rate or number of users".to_owned());
        }
        Ok(pacing)
    }
}

fn parse_rate(text: &str) -> Result<f64, String> {
    let rate: Option<f64> = text.parse().ok();
    rate.filter(|rate| (0.0..=MAX_RATE).contains(rate))
        .ok_or_else(|| format!("expected a number of requests per second from 0 to {MAX_RATE}"))
}

fn parse_stage(text: &str) -> Result<Stage, String> {
    let (target, duration) = text
        .split_once(':')
        .ok_or("expected a target and a time, like 10:30s")?;
    Ok(Stage {
        target: parse_rate(target)?,
        duration: parse_duration(duration)?,
    })
}

fn parse_path(text: &str) -> Result<Path, String> {
    Ok(match text {
        "likes" => Path::Scenario(Kind::Likes),
        "site" => Path::Scenario(Kind::Site),
        url => {
            let url = parse_url(url);
            Path::Url(url.map_err(|error| format!("expected likes, site or a URL: {error}"))?)
        }
    })
}

/// Parses an absolute URL with the scheme `http`, without user information. With user information, a reader can mistake the host:
/// the host of `http://127.0.0.1@example.com` is `example.com`.
pub fn parse_url(text: &str) -> Result<Uri, String> {
    let url: Option<Uri> = text.parse().ok();
    let url = url.filter(|url| {
        let has_host = url.host().is_some_and(|host| !host.is_empty());
        let has_user = url.authority().is_some_and(|it| it.as_str().contains('@'));
        url.scheme_str() == Some("http") && has_host && !has_user
    });
    url.ok_or_else(|| {
        "expected a URL that begins with http://, without user information".to_owned()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Debug, Parser)]
    struct Line {
        #[command(flatten)]
        options: LoadOptions,
    }

    fn parse(line: &str) -> Result<LoadOptions, String> {
        let words = ["load"].into_iter().chain(line.split_whitespace());
        let line = Line::try_parse_from(words).map_err(|error| error.to_string())?;
        Ok(line.options)
    }

    fn pacing(line: &str) -> Result<Pacing, String> {
        parse(line)?.pacing()
    }

    #[test]
    fn without_options_25_likes_per_second_arrive_for_30_seconds() {
        let options = parse("").unwrap();
        assert_eq!(options.path, Path::Scenario(Kind::Likes));
        let pacing = options.pacing().unwrap();
        assert!(matches!(pacing, Pacing::Rate { .. }));
        let profile = pacing.profile();
        assert_eq!(profile.duration(), Duration::from_secs(30));
        assert_eq!(profile.maximum(), 25.0);
    }

    #[test]
    fn stages_ramp_from_the_rate_or_the_users_at_the_start() {
        for (line, first_second) in [("--stages 10:10s", 1), ("--rate 10 --stages 10:10s", 10)] {
            let pacing = pacing(line).unwrap();
            let profile = pacing.profile();
            let times = (0..).map_while(|index| profile.arrival(index));
            let first = times.filter(|time| *time < Duration::from_secs(1)).count();
            assert_eq!(first, first_second, "{line}");
        }
        let pacing = pacing("--users 0 --stages 4:4s,0:4s").unwrap();
        assert!(matches!(pacing, Pacing::Users { .. }));
        assert_eq!(pacing.next(), Some(Duration::from_secs(1)));
        assert!(parse("--users 1 --pause 1s").is_ok());
    }

    #[test]
    fn values_that_make_no_sense_are_refused() {
        for line in [
            "--rate -1",
            "--rate NaN",
            "--rate 10001",
            "--rate 5 --users 5",
            "--users 1001",
            "--pause 1s",
            "--rate 5 --pause 1s",
            "--duration 25h",
            "--stages 10",
            "--stages 10:1s, --stages",
            "--stages 10:1s --duration 1s",
            "--path https://127.0.0.1/",
            "--path /list",
            "--path http://127.0.0.1@example.com/",
            "--alb 127.0.0.1:8080",
            "--fail-above 101%",
            "--aws-port 0",
            "--aws-port 4566 --alb http://127.0.0.1",
        ] {
            assert!(parse(line).is_err(), "{line}");
        }
        for line in [
            "--rate 0",
            "--users 0",
            "--duration 0s",
            "--stages 0:10s",
            "--stages 10:0s",
            "--users 1 --stages 1001:1s",
            "--alb http://127.0.0.1 --path http://127.0.0.1/",
            "--stages 10:23h,10:2h",
        ] {
            assert!(pacing(line).is_err(), "{line}");
        }
    }
}
