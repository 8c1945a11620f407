//! The git worktree in which a reader changes the code of an image: where it is, and how it is made.
//!
//! It is a directory of its own with a branch of its own, so that the reader's checkout stays as it is. It is not below `target`,
//! because `cargo clean` would delete the reader's changes.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use crate::error::Error;
use crate::scenario::Exercise;

/// The directory of worktrees in a checkout.
const DIRECTORY: &str = ".lab";

/// The reader may not have told git a name yet. Hooks and signatures belong to the reader's own commits.
const SETTINGS: [&str; 4] = [
    "user.name=lab",
    "user.email=lab@localhost",
    "core.hooksPath=/dev/null",
    "commit.gpgSign=false",
];

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
    /// The worktree is new.
    Created,
    /// The worktree existed, and was not changed.
    Kept,
    /// The worktree is new, and has the commits of the branch that existed.
    CheckedOut,
}

impl Worktree {
    /// The worktree of an exercise for the checkout in the directory `sources`.
    pub fn new(sources: PathBuf, exercise: &'static Exercise) -> Self {
        Self { sources, exercise }
    }

    /// The directory of the checkout.
    pub fn sources(&self) -> &Path {
        &self.sources
    }

    /// The directory.
    pub fn path(&self) -> PathBuf {
        self.sources.join(DIRECTORY).join(self.exercise.name)
    }

    /// The program that `cargo build` creates there.
    pub fn program(&self) -> PathBuf {
        self.path().join("target/debug/lab")
    }

    /// The shell command that deletes the worktree and its branch.
    pub fn removal(&self) -> String {
        let name = self.exercise.name;
        format!("git worktree remove --force {DIRECTORY}/{name} && git branch -D {name}")
    }

    /// Makes the worktree out of the last commit of the checkout, and commits the patches of the exercise on a new branch. A
    /// worktree or a branch that exists is kept as it is.
    ///
    /// # Errors
    ///
    /// When git is not installed, the sources are no checkout, or git refuses. Then nothing of the reader's has changed.
    pub fn prepare(&self) -> Result<Prepared, Error> {
        let (path, branch) = (self.path(), self.exercise.name);
        if path.join(".git").exists() {
            return Ok(Prepared::Kept);
        }
        self.check_checkout()?;
        if path.exists() {
            let message = "the directory exists and is not a git worktree".to_owned();
            return Err(Error::Git { path, message });
        }
        let place = format!("{DIRECTORY}/{branch}");
        // The reader may have deleted the directory. Fails if git does not know the worktree.
        let _ = self.output(&self.sources, &["worktree", "remove", &place]);
        let reference = format!("refs/heads/{branch}");
        let verify = ["rev-parse", "--verify", &reference];
        if self.output(&self.sources, &verify)?.status.success() {
            let add = ["worktree", "add", "--quiet", &place, branch];
            self.git(&self.sources, &add)?;
            return Ok(Prepared::CheckedOut);
        }
        self.create(&place, branch)?;
        Ok(Prepared::Created)
    }

    /// Makes the worktree beside its place, so that one in its place is complete.
    fn create(&self, place: &str, branch: &str) -> Result<(), Error> {
        let unfinished = format!("{place}.unfinished");
        let remove = ["worktree", "remove", "--force", &unfinished];
        // From an attempt that was cut off. Fails if there is none.
        let _ = self.output(&self.sources, &remove);
        let add = [
            "worktree",
            "add",
            "--quiet",
            "--detach",
            &unfinished,
            "HEAD",
        ];
        self.git(&self.sources, &add)?;
        let directory = self.sources.join(&unfinished);
        let commit = || {
            for patch in self.exercise.patches {
                let apply = ["apply", "--index", "--whitespace=nowarn", patch];
                self.git(&directory, &apply)?;
            }
            let message = self.exercise.commit;
            self.git(&directory, &["commit", "--quiet", "--message", message])?;
            self.git(&directory, &["switch", "--quiet", "--create", branch])?;
            self.git(&self.sources, &["worktree", "move", &unfinished, place])
        };
        commit().inspect_err(|_| {
            let _ = self.output(&self.sources, &remove);
        })
    }

    /// Checks that the sources are the root of a checkout. A directory that was unpacked inside another checkout is none.
    fn check_checkout(&self) -> Result<(), Error> {
        let is_root = self
            .output(&self.sources, &["rev-parse", "--show-prefix"])
            .map(|output| output.status.success() && output.stdout.trim_ascii().is_empty())?;
        match is_root {
            true => Ok(()),
            false => Err(Error::NoCheckout(self.sources.clone())),
        }
    }

    fn git(&self, directory: &Path, arguments: &[&str]) -> Result<(), Error> {
        let output = self.output(directory, arguments)?;
        if output.status.success() {
            return Ok(());
        }
        Err(Error::Git {
            path: self.path(),
            message: String::from_utf8_lossy(&output.stderr).trim().to_owned(),
        })
    }

    fn output(&self, directory: &Path, arguments: &[&str]) -> Result<Output, Error> {
        if !self.sources.is_dir() {
            return Err(Error::NoCheckout(self.sources.clone()));
        }
        let mut command = Command::new("git");
        command
            .args(SETTINGS.iter().flat_map(|setting| ["-c", setting]))
            .arg("-C")
            .arg(directory)
            .args(arguments)
            .stdin(Stdio::null());
        // git sets these for the programs that it starts.
        for variable in ["GIT_DIR", "GIT_INDEX_FILE", "GIT_PREFIX", "GIT_WORK_TREE"] {
            command.env_remove(variable);
        }
        command.output().map_err(|source| Error::NoTool {
            tool: "git",
            source,
        })
    }
}
