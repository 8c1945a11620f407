//! What exams need of the options of the lab.

use std::time::Duration;

use super::error::ExamError;
use super::problem::Variant;

/// With a longer start of tasks, the effect of a new revision would begin long after the time of the fault.
const MAX_TASK_START: Duration = Duration::from_secs(10);

/// Options of the lab.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Most tasks of one service whose processes run.
    pub max_tasks: u32,
    /// How long a new task stays PENDING.
    pub task_start: Duration,
    /// Whether the tasks send traces.
    pub has_traces: bool,
}

impl Limits {
    /// Checks that the exam can run with these options.
    ///
    /// # Errors
    ///
    /// [`ExamError::Options`] with the option and what it has to be.
    pub fn check(self, variant: Variant) -> Result<(), ExamError> {
        if self.task_start > MAX_TASK_START {
            let (given, longest) = (self.task_start.as_secs(), MAX_TASK_START.as_secs());
            return Err(ExamError::Options(format!(
                "--task-start-seconds is {given}, and exams need at most {longest}"
            )));
        }
        if !self.has_traces {
            return Err(ExamError::Options(
                "--tracing is off, and exams need traces".to_owned(),
            ));
        }
        // During a deployment, the old and the new tasks run.
        let needed = 2 * variant.problem.workload.like_tasks;
        if self.max_tasks < needed {
            let given = self.max_tasks;
            return Err(ExamError::Options(format!(
                "--max-tasks is {given}, and the exam {} needs at least {needed}",
                variant.id()
            )));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(max_tasks: u32, seconds: u64, has_traces: bool) -> Result<(), String> {
        let limits = Limits {
            max_tasks,
            task_start: Duration::from_secs(seconds),
            has_traces,
        };
        let checked = limits.check(Variant::find("vole").unwrap());
        checked.map_err(|error| error.to_string())
    }

    #[test]
    fn options_with_which_an_exam_cannot_run_are_refused() {
        assert_eq!(check(20, 0, true), Ok(()));
        assert_eq!(check(6, 10, true), Ok(()));
        for (max_tasks, seconds, has_traces, named) in [
            (5, 0, true, "--max-tasks is 5"),
            (20, 30, true, "--task-start-seconds is 30"),
            (20, 0, false, "--tracing is off"),
        ] {
            let refusal = check(max_tasks, seconds, has_traces).unwrap_err();
            assert!(refusal.contains(named), "{refusal}");
        }
    }
}
