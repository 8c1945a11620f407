//! Runs one exam at a time: prepares the system, sends the requests of customers, makes the fault, grades the answer, and brings
//! everything back to the start.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, sleep, timeout, timeout_at};
use tokio_util::sync::CancellationToken;

use super::answer::Answer;
use super::draw::Drawn;
use super::ended::{Changes, Ended};
use super::error::ExamError;
use super::fingerprint::{fingerprint, items};
use super::grade::Grade;
use super::inject::Injector;
use super::limits::Limits;
use super::mitigation::Mitigation;
use super::problem::Variant;
use super::run::{Run, Schedule, Submission};
use super::workload::Samples;
use crate::clock::unix_time;
use crate::reset::{KeptLedger, Reset};

/// Requests in progress at the end get this time to finish. What takes longer counts as failed.
const LAST_REQUESTS: Duration = Duration::from_millis(300);

/// Time between two looks at the requests in progress.
const POLL_INTERVAL: Duration = Duration::from_millis(10);

/// Why an answer that reports a fault cannot be graded, and no other is accepted after that.
const UNGRADABLE: &str = "the fault touched no like, or the ledger has lost records";

/// Exams of the running lab. Clones are the same.
#[derive(Clone)]
pub struct Exams(Arc<Inner>);

struct Inner {
    limits: Limits,
    injector: Injector,
    /// The URL of the load balancer.
    alb: String,
    reset: Arc<Reset>,
    /// Held while an exam starts, ends, or gets an answer.
    changing: tokio::sync::Mutex<()>,
    state: Mutex<State>,
}

/// The exam that runs, or the last one.
#[derive(Clone, Default)]
pub enum State {
    #[default]
    None,
    /// The lab is prepared for an exam.
    Starting,
    Running(Arc<Run>),
    Ended(Arc<Ended>),
}

impl Exams {
    /// No exam runs. `alb` is the URL of the load balancer.
    pub fn new(injector: Injector, limits: Limits, alb: String, reset: Arc<Reset>) -> Self {
        Self(Arc::new(Inner {
            limits,
            injector,
            alb,
            reset,
            changing: tokio::sync::Mutex::default(),
            state: Mutex::default(),
        }))
    }

    /// The exam that runs, or the last one.
    pub fn state(&self) -> State {
        self.0.state().clone()
    }

    /// Runs `action` unless an exam runs or is about to. No exam starts before `action` has ended or was dropped.
    ///
    /// # Errors
    ///
    /// If an exam runs.
    pub async fn unless_running<T>(&self, action: impl Future<Output = T>) -> Result<T, ExamError> {
        if self.is_running() {
            return Err(ExamError::StillRunning);
        }
        let _changing = self.0.changing.lock().await;
        match self.is_running() {
            true => Err(ExamError::StillRunning),
            false => Ok(action.await),
        }
    }

    /// Whether an exam runs, or is about to.
    fn is_running(&self) -> bool {
        matches!(*self.0.state(), State::Starting | State::Running(_))
    }

    /// Starts an exam. Resets the lab before. `seconds` shortens the exam: see [`Schedule::new`].
    ///
    /// # Errors
    ///
    /// If there is no such exam, if another one runs, or if the lab cannot be prepared.
    pub async fn start(
        &self,
        id: &str,
        seed: Option<u64>,
        seconds: Option<u64>,
    ) -> Result<Arc<Run>, ExamError> {
        let variant = Variant::find(id).ok_or_else(|| ExamError::NoSuchExam(id.to_owned()))?;
        self.0.limits.check(variant)?;
        let _changing = self.0.changing.lock().await;
        if let State::Running(run) = self.state() {
            return Err(ExamError::Running(run.variant.id()));
        }
        let before = std::mem::replace(&mut *self.0.state(), State::Starting);
        match self.0.prepare(variant, seed, seconds).await {
            Ok(run) => {
                *self.0.state() = State::Running(Arc::clone(&run));
                tokio::spawn(drive(self.clone(), Arc::clone(&run)));
                Ok(run)
            }
            Err(failed) => {
                // Nothing of the preparation stays.
                let reset = Arc::clone(&self.0.reset).run(KeptLedger::Nothing).await;
                *self.0.state() = before;
                reset.map_or_else(|error| Err(error.into()), |_| Err(failed))
            }
        }
    }

    /// The next hint, and how many there are.
    ///
    /// # Errors
    ///
    /// If no exam runs.
    pub fn hint(&self) -> Result<(usize, usize, &'static str), ExamError> {
        let run = self.running()?;
        let hints = &run.variant.problem.hints;
        let mut progress = run.progress();
        progress.hints = (progress.hints + 1).min(hints.len());
        let used = progress.hints;
        let hint = hints.get(used.saturating_sub(1));
        Ok((used, hints.len(), hint.map_or("", String::as_str)))
    }

    /// Grades an answer. An exam accepts one answer. The same answer again has the same grade.
    ///
    /// # Errors
    ///
    /// If no exam runs, if it is too early, if there was another answer, and if a check could not run.
    pub async fn submit(&self, answer: Answer) -> Result<Grade, ExamError> {
        let _changing = self.0.changing.lock().await;
        let run = self.running()?;
        let now = unix_time();
        let (hints, changes) = {
            let progress = run.progress();
            if let Some(failure) = &progress.failure {
                return Err(ExamError::Harness(failure.clone()));
            }
            if !progress.accepts_answers {
                return Err(ExamError::TooEarly(progress.answers_from));
            }
            match &progress.submission {
                Some(known) if known.answer == answer => return Ok(known.grade.clone()),
                Some(_) => return Err(ExamError::OtherAnswer),
                None => {}
            }
            (progress.hints, Changes::of(progress.fault.as_deref()))
        };
        let observed = run.observe(now);
        if answer.detected && !observed.can_be_graded() {
            run.progress().failure = Some(UNGRADABLE.to_owned());
            return Err(ExamError::Harness(UNGRADABLE.to_owned()));
        }
        let injector = &self.0.injector;
        let grade = injector.grade(run.variant, &observed, &changes, &answer);
        let grade = grade.await?;
        run.progress().submission = Some(Submission {
            answer,
            hints,
            observed,
            grade: grade.clone(),
        });
        Ok(grade)
    }

    /// Ends the exam, and brings the lab back to its start. With `keeps`, the lab stays as it is, and people can try what the
    /// explanation says; only the faults that are not in the configuration end.
    ///
    /// # Errors
    ///
    /// If no exam runs, or if the lab cannot be reset.
    pub async fn stop(&self, keeps: bool) -> Result<Arc<Ended>, ExamError> {
        let _changing = self.0.changing.lock().await;
        let run = self.running()?;
        self.0.stop(run, keeps).await
    }

    /// Grades the mitigation so far. `None` before an answer, and if the mitigation of this exam is not graded.
    pub async fn mitigation(&self, run: &Run) -> Option<Result<Mitigation, String>> {
        run.progress().submission.as_ref()?;
        self.0.injector.mitigation(run, unix_time()).await
    }

    /// Whether the lab is still as it was at the end of an exam.
    pub fn is_kept(&self, ended: &Ended) -> bool {
        ended.kept_since == Some(self.0.reset.count())
    }

    /// What people can change in the lab.
    ///
    /// # Errors
    ///
    /// If an operation fails.
    pub async fn fingerprint(&self) -> Result<serde_json::Value, ExamError> {
        Ok(fingerprint(&self.0.injector.aws).await?)
    }

    /// Grades another answer to the exam that has ended. It changes nothing. Unless the lab was kept as it was, queries find nothing.
    ///
    /// # Errors
    ///
    /// If no exam has ended, and if a check could not run.
    pub async fn grade_again(&self, answer: &Answer) -> Result<Grade, ExamError> {
        let ended = self.ended()?;
        let injector = &self.0.injector;
        injector
            .grade(ended.variant, &ended.observed, &ended.changes, answer)
            .await
    }

    /// The last exam.
    ///
    /// # Errors
    ///
    /// If no exam has ended, and if it has ended before answers were accepted.
    pub fn ended(&self) -> Result<Arc<Ended>, ExamError> {
        match self.state() {
            State::Ended(ended) if ended.accepted_answers => Ok(ended),
            State::Ended(_) => Err(ExamError::EndedEarly),
            State::Starting | State::Running(_) => Err(ExamError::StillRunning),
            State::None => Err(ExamError::NotEnded),
        }
    }

    fn running(&self) -> Result<Arc<Run>, ExamError> {
        match self.state() {
            State::Running(run) => Ok(run),
            State::None | State::Starting | State::Ended(_) => Err(ExamError::NotRunning),
        }
    }
}

impl Inner {
    /// Resets the lab, and prepares it for an exam.
    async fn prepare(
        &self,
        variant: Variant,
        seed: Option<u64>,
        seconds: Option<u64>,
    ) -> Result<Arc<Run>, ExamError> {
        Arc::clone(&self.reset).run(KeptLedger::Nothing).await?;
        let items = items(&self.injector.aws).await?;
        let seed = seed.unwrap_or(variant.problem.seed);
        let drawn = Drawn::new(variant.problem, seed, items.len());
        let prepared = self.injector.prepare(variant.problem, drawn.workload_seed);
        prepared.await?;
        Ok(Arc::new(Run {
            variant,
            seed,
            started_at: unix_time(),
            items,
            schedule: Schedule::new(variant, &drawn, seconds),
            drawn,
            samples: Samples::default(),
            ledger: self.injector.ledger.clone(),
            stop: CancellationToken::new(),
            finished: CancellationToken::new(),
            progress: Mutex::default(),
        }))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends the exam. [`Inner::changing`] is held.
    async fn stop(&self, run: Arc<Run>, keeps: bool) -> Result<Arc<Ended>, ExamError> {
        let now = unix_time();
        let mitigation = self.injector.mitigation(&run, now).await;
        run.stop.cancel();
        run.finished.cancelled().await;
        let last_requests = async {
            while !run.samples.open().is_empty() {
                sleep(POLL_INTERVAL).await;
            }
        };
        let _ = timeout(LAST_REQUESTS, last_requests).await;
        let kept_since = keeps.then(|| self.reset.count());
        let ended = Arc::new(Ended::new(&run, mitigation, kept_since, now));
        self.injector.clear();
        // Likes that are still in progress must not be in the table after a reset.
        self.injector.database_faults.refuse(run.samples.open());
        let reset = match keeps {
            true => Ok(Duration::ZERO),
            false => Arc::clone(&self.reset).run(KeptLedger::Everything).await,
        };
        // Also if the reset has failed: somebody can try it again.
        *self.state() = State::Ended(Arc::clone(&ended));
        reset?;
        Ok(ended)
    }
}

/// Runs an exam to its end or to its time limit.
async fn drive(exams: Exams, run: Arc<Run>) {
    let finished = run.finished.clone().drop_guard();
    let deadline = Instant::now() + run.schedule.limit;
    let Inner {
        injector,
        alb,
        reset,
        ..
    } = &*exams.0;
    let goes_on = async {
        let failure = injector.run(&run, alb, reset).await;
        run.progress().failure = Some(failure);
        std::future::pending::<()>().await;
    };
    let is_late = tokio::select! {
        () = run.stop.cancelled() => false,
        _ = timeout_at(deadline, goes_on) => true,
    };
    drop(finished);
    if is_late {
        let _changing = exams.0.changing.lock().await;
        // A person may have ended the exam in this moment.
        if !run.stop.is_cancelled() {
            // If the reset fails, the lab stays as it is until somebody resets it.
            let _ = exams.0.stop(run, false).await;
        }
    }
}
