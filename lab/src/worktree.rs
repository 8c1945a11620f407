//! The git worktree in which a reader changes the code of an image: where it is, and how `goto` creates it.
//!
//! It has a directory and a branch of its own, so that the reader's checkout does not change. The directory is not below `target`,
//! because `cargo clean` would delete the reader's changes.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use crate::error::Error;

/// The directory of worktrees in a checkout.
const DIRECTORY: &str = ".lab";

/// Settings of git. The reader may not have told git a name yet. Hooks and signatures are for the reader's own commits.
const SETTINGS: [&str; 4] = [
    "user.name=lab",
    "user.email=lab@localhost",
    "core.hooksPath=/dev/null",
    "commit.gpgSign=false",
];

/// The variables that select another repository or other settings, from `git rev-parse --local-env-vars`. git sets them for hooks
/// and for the commands of a rebase.
const LOCAL_VARIABLES: [&str; 15] = [
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_COMMON_DIR",
    "GIT_CONFIG",
    "GIT_CONFIG_COUNT",
    "GIT_CONFIG_PARAMETERS",
    "GIT_DIR",
    "GIT_GRAFT_FILE",
    "GIT_IMPLICIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_NO_REPLACE_OBJECTS",
    "GIT_OBJECT_DIRECTORY",
    "GIT_PREFIX",
    "GIT_REPLACE_REF_BASE",
    "GIT_SHALLOW_FILE",
    "GIT_WORK_TREE",
];

/// A git worktree in which the reader changes the code of an image.
#[derive(Clone, Copy, Debug)]
pub struct Exercise {
    /// The name of its directory and of its branch.
    pub name: &'static str,
    /// Files in the checkout: patches that take out what the reader adds.
    pub patches: &'static [&'static str],
    /// The message of the commit with the patches.
    pub commit: &'static str,
}

/// A worktree, which may not exist.
#[derive(Clone, Debug)]
pub struct Worktree {
    /// The directory of the checkout.
    sources: PathBuf,
    exercise: &'static Exercise,
}

/// What [`Worktree::prepare`] has done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Prepared {
    /// The worktree and its branch are new.
    Created,
    /// The worktree, or its branch, existed. No commit and no file of it has changed.
    Kept {
        /// Whether it has the last commit of the checkout.
        is_current: bool,
    },
}

impl Worktree {
    /// The worktree of an exercise for the checkout in the directory `sources`, which is absolute.
    pub fn new(sources: PathBuf, exercise: &'static Exercise) -> Self {
        Self { sources, exercise }
    }

    /// The directory of the checkout.
    pub fn sources(&self) -> &Path {
        &self.sources
    }

    /// The directory of the worktree.
    pub fn path(&self) -> PathBuf {
        self.sources.join(DIRECTORY).join(self.exercise.name)
    }

    /// The program that `cargo build` creates in the worktree.
    pub fn program(&self) -> PathBuf {
        self.path().join("target/debug/lab")
    }

    /// The shell command that deletes the worktree and its branch.
    pub fn removal(&self) -> String {
        let quote =
            |path: &Path| format!("'{}'", path.display().to_string().replace('\'', r"'\''"));
        let (sources, path) = (quote(&self.sources), quote(&self.path()));
        let branch = self.exercise.name;
        format!(
            "git -C {sources} worktree remove --force {path} && git -C {sources} branch -D {branch}"
        )
    }

    /// Creates the worktree from the last commit of the checkout, and commits the patches of the exercise on a new branch. Keeps a
    /// worktree that exists. If only its branch exists, checks out this branch.
    ///
    /// # Errors
    ///
    /// When git is not installed, the sources are not a checkout, the branch is not one of the exercise, or git refuses. Then nothing
    /// of the reader's has changed.
    pub fn prepare(&self) -> Result<Prepared, Error> {
        let (path, branch) = (self.path(), self.exercise.name);
        self.check_checkout()?;
        if path.join(".git").exists() {
            return self.kept(&path);
        }
        if path.exists() {
            return Err(self.error("the directory exists and is not a git worktree"));
        }
        // git finds a worktree also by the end of its path, so that a relative path could mean that of another checkout.
        let unfinished = path.with_extension("unfinished");
        // From a `goto` that was interrupted. Fails if there is none.
        let _ = self.remove(&unfinished);
        // The reader may have deleted the directory, but not the worktree in git. Fails if git does not know it.
        let _ = self.remove(&path);
        let reference = format!("refs/heads/{branch}");
        let verify = ["rev-parse", "--verify", &reference];
        if !run(self.git(&self.sources).args(verify))?.status.success() {
            self.create(&path, &unfinished)?;
            return Ok(Prepared::Created);
        }
        let find = ["log", "-1", "--format=%H", "--fixed-strings", "--grep"];
        let find = find.into_iter().chain([self.exercise.commit, &reference]);
        if self
            .checked(self.git(&self.sources).args(find))?
            .stdout
            .is_empty()
        {
            return Err(self.error(&format!(
                "the branch {branch} exists and is not one of goto. Rename it: git branch -m {branch} NEW_NAME"
            )));
        }
        let add = ["worktree", "add", "--quiet"];
        self.checked(self.git(&self.sources).args(add).arg(&path).arg(branch))?;
        self.kept(&path)
    }

    /// Creates the worktree in the directory `unfinished`, and then moves it, so that the directory `path` is always complete.
    fn create(&self, path: &Path, unfinished: &Path) -> Result<(), Error> {
        let add = ["worktree", "add", "--quiet", "--detach"];
        self.checked(
            self.git(&self.sources)
                .args(add)
                .arg(unfinished)
                .arg("HEAD"),
        )?;
        let finish = || {
            for patch in self.exercise.patches {
                let apply = ["apply", "--index", "--whitespace=nowarn", patch];
                self.checked(self.git(unfinished).args(apply))?;
            }
            let commit = ["commit", "--quiet", "--message", self.exercise.commit];
            self.checked(self.git(unfinished).args(commit))?;
            let switch = ["switch", "--quiet", "--create", self.exercise.name];
            self.checked(self.git(unfinished).args(switch))?;
            let rename = ["worktree", "move"];
            self.checked(
                self.git(&self.sources)
                    .args(rename)
                    .arg(unfinished)
                    .arg(path),
            )
        };
        finish().map(drop).inspect_err(|_| {
            let _ = self.remove(unfinished);
        })
    }

    fn remove(&self, path: &Path) -> Result<Output, Error> {
        let remove = ["worktree", "remove", "--force"];
        run(self.git(&self.sources).args(remove).arg(path))
    }

    fn kept(&self, path: &Path) -> Result<Prepared, Error> {
        let head = self.checked(self.git(&self.sources).args(["rev-parse", "HEAD"]))?;
        let head = String::from_utf8_lossy(&head.stdout);
        let is_ancestor = ["merge-base", "--is-ancestor", head.trim(), "HEAD"];
        let is_current = run(self.git(path).args(is_ancestor))?.status.success();
        Ok(Prepared::Kept { is_current })
    }

    /// Checks that the sources are the root of a checkout. An archive that was unpacked inside another checkout is not.
    fn check_checkout(&self) -> Result<(), Error> {
        if !self.sources.is_dir() {
            return Err(Error::NoCheckout(self.sources.clone()));
        }
        let output = run(self.git(&self.sources).args(["rev-parse", "--show-prefix"]))?;
        let message = String::from_utf8_lossy(&output.stderr);
        match output.status.success() {
            true if output.stdout.trim_ascii().is_empty() => Ok(()),
            // Other errors have advice, for example about a directory of another owner.
            false if !message.contains("not a git repository") => Err(self.error(message.trim())),
            _ => Err(Error::NoCheckout(self.sources.clone())),
        }
    }

    fn error(&self, message: &str) -> Error {
        Error::Git {
            path: self.path(),
            message: message.to_owned(),
        }
    }

    fn git(&self, directory: &Path) -> Command {
        let mut command = Command::new("git");
        command
            .args(SETTINGS.iter().flat_map(|setting| ["-c", setting]))
            .arg("-C")
            .arg(directory)
            .stdin(Stdio::null())
            // The messages are in English.
            .env("LC_ALL", "C");
        for variable in LOCAL_VARIABLES {
            command.env_remove(variable);
        }
        command
    }

    /// Runs a command of git, which must succeed.
    fn checked(&self, command: &mut Command) -> Result<Output, Error> {
        let output = run(command)?;
        match output.status.success() {
            true => Ok(output),
            false => Err(self.error(String::from_utf8_lossy(&output.stderr).trim())),
        }
    }
}

/// Runs a command of git to its end.
fn run(command: &mut Command) -> Result<Output, Error> {
    command.output().map_err(|source| Error::NoTool {
        tool: "git",
        source,
    })
}
