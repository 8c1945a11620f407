//! The checkouts of the tests of lab 3.

use std::fs;
use std::path::{Path, PathBuf};

use super::*;

/// The patches of the lab, relative to a checkout.
pub const PATCHES: &str = "lab/src/scenario/mysfits/lab3";

/// What the program of a worktree writes to its log.
pub const MARK: &str = "started from the worktree";

/// A git checkout with the sources and the patches of the Like service. Its program `lab` is built in a second: it starts the lab
/// under test.
pub struct Checkout(
    PathBuf,
    #[expect(dead_code, reason = "removes the checkout")] Directory,
);

impl Checkout {
    /// A checkout with one commit of the present sources.
    pub fn new() -> Self {
        Self::at("checkout")
    }

    /// The same in a directory with this name.
    pub fn at(name: &str) -> Self {
        let directory = Directory::new();
        let checkout = Self(directory.path(name), directory);
        let sources = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        for path in ["like-service/src", PATCHES] {
            copy(&sources.join(path), &checkout.path(path));
        }
        let manifest = "[package]\nname = \"lab\"\nedition = \"2024\"\n[workspace]\n";
        checkout.write("Cargo.toml", manifest);
        let program = format!(
            "use std::os::unix::process::CommandExt;\n\
             fn main() {{\n\
                 eprintln!({MARK:?});\n\
                 let arguments = std::env::args_os().skip(1);\n\
                 panic!(\"{{}}\", std::process::Command::new({:?}).args(arguments).exec());\n\
             }}\n",
            env!("CARGO_BIN_EXE_lab"),
        );
        checkout.write("src/main.rs", &program);
        checkout.write(".gitignore", "/target\n/.lab\n");
        checkout.git(&["init", "--quiet"]);
        commit(&checkout.path("."), "sources");
        checkout
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    pub fn write(&self, name: &str, content: &str) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    pub fn git(&self, arguments: &[&str]) -> String {
        git(&self.path("."), arguments)
    }

    /// Runs the command that the verb has printed, in the worktree, where the reader is.
    pub fn run_removal(&self, progress: &str) {
        let mut lines = progress.lines();
        let removal = lines.find_map(|line| line.split_once("gaps: ")).unwrap().1;
        let mut shell = Command::new("sh");
        let removed = shell
            .args(["-c", removal])
            .current_dir(self.worktree())
            .status();
        assert!(removed.unwrap().success());
    }

    /// The directory of the worktree.
    pub fn worktree(&self) -> PathBuf {
        self.path(".lab/lab3")
    }

    /// Runs the verb for lab 3, which must succeed. Returns what it prints on standard output and on standard error.
    pub fn goto(&self, endpoints: &Endpoints) -> (String, String) {
        let output = self.output_of_goto(endpoints, &[]);
        assert!(output.status.success(), "{output:?}");
        let [stdout, stderr] = [output.stdout, output.stderr];
        (
            String::from_utf8(stdout).unwrap(),
            String::from_utf8(stderr).unwrap(),
        )
    }

    /// The message of the verb for lab 3, which must fail.
    pub fn refused(&self, endpoints: &Endpoints) -> String {
        let output = self.output_of_goto(endpoints, &[]);
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        String::from_utf8(output.stderr).unwrap()
    }

    pub fn output_of_goto(&self, endpoints: &Endpoints, variables: &[(&str, &str)]) -> Output {
        let port = endpoints.site.rsplit(':').next().unwrap();
        Command::new(env!("CARGO_BIN_EXE_lab"))
            .args(["goto", "3", "--site-port", port, "--sources"])
            .arg(self.path("."))
            .envs(variables.iter().copied())
            .output()
            .unwrap()
    }

    /// A lab that looks here for worktrees. Likes have no faults, also in lab 3.
    pub fn start_lab(&self, options: &[&str]) -> Lab {
        let variables = [
            ("CHAOS_STRESS_PERCENT", "0"),
            ("CHAOS_NOT_FOUND_PERCENT", "0"),
        ];
        let sources = ["--sources", self.0.to_str().unwrap()];
        Lab::start_with(&variables, &[QUICK, &sources, options].concat())
    }
}

/// Runs git in a directory. Returns its output.
pub fn git(directory: &Path, arguments: &[&str]) -> String {
    let output = Command::new("git")
        .arg("-C")
        .arg(directory)
        .args(arguments)
        .output();
    let output = output.unwrap();
    assert!(output.status.success(), "{arguments:?}: {output:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// Commits everything in a checkout or a worktree.
pub fn commit(directory: &Path, message: &str) {
    git(directory, &["add", "."]);
    let identity = [
        "-c",
        "user.name=reader",
        "-c",
        "user.email=reader@localhost",
    ];
    let commit = [
        "-c",
        "commit.gpgSign=false",
        "commit",
        "--quiet",
        "--message",
        message,
    ];
    git(directory, &[&identity[..], &commit].concat());
}

fn copy(from: &Path, to: &Path) {
    if from.is_dir() {
        fs::create_dir_all(to).unwrap();
        for entry in fs::read_dir(from).unwrap() {
            let name = entry.unwrap().file_name();
            copy(&from.join(&name), &to.join(&name));
        }
    } else {
        fs::copy(from, to).unwrap();
    }
}
