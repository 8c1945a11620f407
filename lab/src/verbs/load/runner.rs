//! Runs the load: starts requests at their times, and counts how they end.

use std::panic::resume_unwind;
use std::pin::pin;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep_until};

use super::pacing::{Pacing, User};
use super::request::{Sender, Target};
use super::tally::{Ending, Tally};

/// Time between two progress lines.
const PROGRESS_INTERVAL: Duration = Duration::from_secs(1);

/// tokio's timers have a resolution of 1 ms. The latency of a request that starts within this time after its planned time
/// counts from its start, and otherwise from its planned time.
const TIMER_TOLERANCE: Duration = Duration::from_millis(2);

/// What a run does.
#[derive(Debug)]
pub struct Run {
    pub pacing: Pacing,
    pub sender: Sender,
    /// The requests, which are sent one after the other, again and again.
    pub targets: Vec<Target>,
    /// Maximum number of requests that are open at once.
    pub max_open: usize,
}

/// The result of a run.
#[derive(Debug)]
pub struct Ended {
    pub tally: Tally,
    /// The time in which requests were started.
    pub time: Duration,
    /// The number of requests that were open when the run was stopped, or `None` if the run was not stopped.
    pub unfinished: Option<usize>,
}

/// What a progress line shows.
#[derive(Clone, Copy, Debug)]
pub struct Progress<'a> {
    pub tally: &'a Tally,
    pub time: Duration,
    pub open: usize,
}

/// A request that has ended.
struct Done {
    user: Option<User>,
    ending: Ending,
    latency: Duration,
}

impl Run {
    /// Runs until the last request has ended, or until `stop` resolves. Counts in `tally`.
    pub async fn run(
        mut self,
        mut tally: Tally,
        stop: impl Future<Output = ()>,
        mut show: impl FnMut(Progress<'_>),
    ) -> Ended {
        let start = Instant::now();
        let planned = self.pacing.profile().duration();
        let mut stop = pin!(stop);
        let mut ticks = interval(PROGRESS_INTERVAL);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
        let mut requests = JoinSet::new();
        let mut targets = self.targets.iter().cycle();
        loop {
            let next = self.pacing.next();
            if next.is_none() && requests.is_empty() {
                let (time, unfinished) = (planned, None);
                return Ended {
                    tally,
                    time,
                    unfinished,
                };
            }
            let (has_next, next) = (next.is_some(), next.unwrap_or_default());
            tokio::select! {
                () = &mut stop => {
                    let time = start.elapsed().min(planned);
                    let unfinished = Some(requests.len());
                    return Ended { tally, time, unfinished };
                }
                Some(done) = requests.join_next() => {
                    // No request is aborted, so that the error is a panic. It ends the program, as the counts would be wrong.
                    let done: Done = done.unwrap_or_else(|error| resume_unwind(error.into_panic()));
                    tally.ended(done.ending, done.latency);
                    self.pacing.ended(done.user, start.elapsed());
                }
                () = sleep_until(start + next), if has_next => {
                    let delay = self.pacing.delay(start.elapsed());
                    let user = self.pacing.start();
                    tally.started(delay);
                    let Some(target) = targets.next() else { continue };
                    if requests.len() >= self.max_open {
                        tally.not_sent();
                        continue;
                    }
                    let waited = if delay > TIMER_TOLERANCE { delay } else { Duration::ZERO };
                    requests.spawn(send(self.sender.clone(), target.clone(), user, waited));
                }
                _ = ticks.tick() => {
                    let (time, open) = (start.elapsed(), requests.len());
                    show(Progress { tally: &tally, time, open });
                }
            }
        }
    }
}

/// Sends a request that has already waited for its start.
async fn send(sender: Sender, target: Target, user: Option<User>, waited: Duration) -> Done {
    let start = Instant::now();
    let ending = sender.send(&target).await;
    Done {
        user,
        ending,
        latency: waited + start.elapsed(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::failure::Failure;
    use super::super::profile::Profile;
    use super::*;
    use axum::Router;
    use axum::http::Method;
    use axum::routing::get;
    use tokio::net::TcpListener;
    use tokio::sync::watch;

    /// A service that answers no request before the value is `true`. Returns a request to it.
    async fn start_service(release: watch::Receiver<bool>) -> Target {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let handler = get(async move || {
            let mut release = release.clone();
            release.wait_for(|released| *released).await.unwrap();
        });
        let router = Router::new().route("/", handler);
        tokio::spawn(async move { axum::serve(listener, router).await });
        Target {
            method: Method::GET,
            url: format!("http://{address}/").parse().unwrap(),
        }
    }

    /// This rate, or number of users, for 100 ms.
    fn profile(level: f64) -> Profile {
        Profile::constant(level, Duration::from_millis(100))
    }

    /// Runs requests. `show` can release the responses.
    async fn run(
        pacing: Pacing,
        max_open: usize,
        show: impl Fn(Progress<'_>, &watch::Sender<bool>),
    ) -> Ended {
        let (release, released) = watch::channel(false);
        let run = Run {
            pacing,
            sender: Sender::new(max_open),
            targets: vec![start_service(released).await],
            max_open,
        };
        let stop = std::future::pending();
        let tally = Tally::new().unwrap();
        run.run(tally, stop, |progress| show(progress, &release))
            .await
    }

    #[tokio::test]
    async fn requests_beyond_the_limit_of_open_requests_are_not_sent_and_count_as_failed() {
        let ended = run(Pacing::rate(profile(1000.0)), 2, |progress, release| {
            if progress.tally.requests() == 98 {
                assert_eq!(progress.open, 2);
                release.send_replace(true);
            }
        })
        .await;
        let tally = ended.tally;
        assert_eq!(
            tally.failures.into_iter().collect::<Vec<_>>(),
            [(Failure::NotSent, 98)]
        );
        assert_eq!(tally.statuses.into_iter().collect::<Vec<_>>(), [(200, 2)]);
        assert_eq!(
            (ended.time, ended.unfinished),
            (Duration::from_millis(100), None)
        );
    }

    #[tokio::test]
    async fn a_service_that_answers_nothing_gets_all_requests() {
        let ended = run(Pacing::rate(profile(1000.0)), 100, |progress, release| {
            if progress.open == 100 {
                release.send_replace(true);
            }
        })
        .await;
        assert_eq!(
            ended.tally.statuses.into_iter().collect::<Vec<_>>(),
            [(200, 100)]
        );
    }

    /// The first progress line takes longer than the whole run.
    #[tokio::test]
    async fn a_request_of_a_user_is_never_late() {
        let users = Pacing::users(profile(50.0), Duration::ZERO);
        for (pacing, is_late) in [(Pacing::rate(profile(50.0)), true), (users, false)] {
            let ended = run(pacing, 50, |_, release| {
                let end = Instant::now() + Duration::from_millis(200);
                while Instant::now() < end {
                    std::thread::park_timeout(Duration::from_millis(20));
                }
                release.send_replace(true);
            })
            .await;
            assert_eq!(ended.tally.late > 0, is_late);
        }
    }
}
