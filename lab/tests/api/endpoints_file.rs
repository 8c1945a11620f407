//! The file of `--endpoints-file`: the lab replaces and removes only what is its own.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use rustix::process::Signal;
use serde_json::{Value, json};

use crate::eventually;
use crate::process::{Directory, Lab, killed_at_once, output, runs, signal};

/// The id of a process that has ended.
fn ended_process() -> u32 {
    let mut child = Command::new("true").spawn().unwrap();
    child.wait().unwrap();
    child.id()
}

fn file_of(pid: impl Into<Value>) -> String {
    json!({ "lab": { "pid": pid.into() }, "site": "http://127.0.0.1:3000" }).to_string()
}

/// A lab that is given `path` and ends at once.
fn refused(path: &Path) -> Output {
    let ended = output(&[], &["--endpoints-file", path.to_str().unwrap()]);
    let error = String::from_utf8_lossy(&ended.stderr);
    assert_eq!(ended.status.code(), Some(1), "{error}");
    assert!(error.contains(path.to_str().unwrap()), "{error}");
    assert!(error.contains("--endpoints-file"), "{error}");
    ended
}

#[test]
fn a_file_that_no_lab_wrote_is_refused_and_kept() {
    let directory = Directory::new();
    let file = directory.path("notes.json");
    for content in [
        "",
        "my notes",
        "{}",
        "[]",
        r#"{"lab": 1}"#,
        r#"{"lab": {}}"#,
        &file_of("1234"),
        &file_of(0),
        &file_of(-1),
        &file_of(1.5),
        &file_of(u64::MAX),
        r#"{"site": "http://127.0.0.1:3000", "tasks": []}"#,
        &format!("{} and more", file_of(ended_process())),
    ] {
        fs::write(&file, content).unwrap();
        refused(&file);
        assert_eq!(fs::read_to_string(&file).unwrap(), content);
    }
}

#[test]
fn what_is_no_regular_file_is_refused_and_kept() {
    let directory = Directory::new();
    let stale = directory.path("stale.json");
    fs::write(&stale, file_of(ended_process())).unwrap();
    let link = directory.path("link.json");
    std::os::unix::fs::symlink(&stale, &link).unwrap();
    let fifo = directory.path("fifo");
    assert!(
        Command::new("mkfifo")
            .arg(&fifo)
            .status()
            .unwrap()
            .success()
    );
    let inner = directory.path("directory");
    fs::create_dir(&inner).unwrap();
    for path in [&link, &fifo, &inner] {
        let before = fs::symlink_metadata(path).unwrap().file_type();
        refused(path);
        assert_eq!(fs::symlink_metadata(path).unwrap().file_type(), before);
    }
    assert!(stale.exists());
}

#[test]
fn the_file_of_a_lab_whose_process_is_gone_is_removed_before_anything_starts() {
    let directory = Directory::new();
    let file = directory.path("endpoints.json");
    fs::write(&file, file_of(ended_process())).unwrap();
    killed_at_once(&file);
    assert!(!file.exists());
}

#[test]
fn the_file_of_a_killed_lab_is_replaced_even_if_its_parent_has_not_waited_for_it() {
    let lab = Lab::start(&[]);
    let pid = i32::try_from(lab.endpoints().lab.pid).unwrap();
    lab.signal(Signal::KILL);
    eventually("the lab has ended", || !runs(pid));
    let file = lab.endpoints_file();
    assert!(file.exists());
    killed_at_once(&file);
    assert!(!file.exists());
}

#[test]
fn the_file_of_a_running_lab_is_refused_and_says_which_process_has_it() {
    let mut lab = Lab::start(&[]);
    let file = lab.endpoints_file();
    let before = fs::read_to_string(&file).unwrap();
    let pid = lab.endpoints().lab.pid;
    let ended = refused(&file);
    let error = String::from_utf8_lossy(&ended.stderr).into_owned();
    assert!(error.contains(&pid.to_string()), "{error}");
    assert_eq!(fs::read_to_string(&file).unwrap(), before);
    assert!(!lab.has_ended());
}

#[test]
fn a_file_that_was_put_in_its_place_meanwhile_is_neither_overwritten_nor_removed() {
    let another = file_of(1);
    for content in ["my notes", &another] {
        let mut lab = Lab::start(&["--chaos", "off", "--like-tasks", "1"]);
        let task = lab.endpoints().of("like-service")[0].clone();
        let file = lab.endpoints_file();
        fs::write(&file, content).unwrap();
        // After the replacement of a task the lab would write its file again.
        signal(task.pid, Signal::KILL);
        lab.wait_for("was replaced by another file");
        assert_eq!(fs::read_to_string(&file).unwrap(), content);
        lab.signal(Signal::TERM);
        assert_eq!(lab.wait().code(), Some(0));
        assert_eq!(fs::read_to_string(&file).unwrap(), content);
    }
}

#[test]
fn a_file_that_was_removed_meanwhile_is_written_again() {
    let mut lab = Lab::start(&["--chaos", "off", "--like-tasks", "1"]);
    let task = lab.endpoints().of("like-service")[0].clone();
    fs::remove_file(lab.endpoints_file()).unwrap();
    signal(task.pid, Signal::KILL);
    eventually("the file is there again", || lab.endpoints_file().exists());
    assert_ne!(lab.endpoints().of("like-service")[0].id, task.id);
    lab.signal(Signal::TERM);
    assert_eq!(lab.wait().code(), Some(0));
    assert!(!lab.endpoints_file().exists());
}
