//! Lab 3: the worktree, and the image of the Like service that is built there.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use super::checkout::{Checkout, MARK, PATCHES, commit, git};
use super::*;

async fn log(endpoints: &Endpoints) -> String {
    crate::client::get(&format!("{}/logs/like-service", endpoints.site)).await
}

#[tokio::test]
async fn the_like_service_of_lab_3_runs_from_a_worktree_with_gaps() {
    let checkout = Checkout::new();
    let lab = checkout.start_lab(&[]);
    let endpoints = lab.endpoints();

    let (printed, progress) = checkout.goto(&endpoints);
    assert!(printed.contains("like-service:worktree"), "{printed}");
    assert!(progress.contains(".lab/lab3 is new"), "{progress}");
    let mut expected = started(2, "like-service:worktree", ("CHAOSMODE", "on"));
    expected["containers"].as_array_mut().unwrap().pop();
    assert_eq!(state(&endpoints, LIKE_SERVICE).await, expected);
    let expected = started(1, "monolith", ("LIKE_IN_MONOLITH", "off"));
    assert_eq!(state(&endpoints, MONOLITH_SERVICE).await, expected);
    assert_eq!(like(&client(), &endpoints.alb).await, 200);
    found("the line of the program in the worktree", async || {
        log(&endpoints).await.contains(MARK).then_some(())
    })
    .await;

    let worktree = checkout.worktree();
    assert_eq!(git(&worktree, &["branch", "--show-current"]), "lab3\n");
    let gaps = git(&worktree, &["show", "--format=", "HEAD"]);
    for gap in ["+            // LAB 3.2: ", "+// LAB 3, bonus: "] {
        assert!(gaps.contains(gap), "{gaps}");
    }
    // The solution of each step is the patch in reverse.
    for patch in fs::read_dir(checkout.path(PATCHES)).unwrap() {
        let patch = patch.unwrap().path();
        git(&worktree, &["apply", "--reverse", patch.to_str().unwrap()]);
    }
    assert_eq!(git(&worktree, &["diff", "HEAD~1"]), "");
}

#[tokio::test]
async fn changes_of_the_reader_are_kept() {
    let checkout = Checkout::new();
    let lab = checkout.start_lab(&["--like-tasks", "1"]);
    let endpoints = lab.endpoints();
    checkout.write("like-service/src/app.rs", "// being edited\n");
    checkout.write("staged.txt", "staged\n");
    checkout.git(&["add", "staged.txt"]);
    let status = checkout.git(&["status", "--porcelain"]);
    checkout.goto(&endpoints);
    assert_eq!(checkout.git(&["status", "--porcelain"]), status);
    assert_eq!(checkout.git(&["log", "-1", "--format=%s"]), "sources\n");

    let edited = checkout.worktree().join("like-service/src/app.rs");
    assert!(fs::read_to_string(&edited).unwrap().contains("LAB 3.2"));
    fs::write(&edited, "// the reader's solution\n").unwrap();
    let (_, progress) = checkout.goto(&endpoints);
    assert!(progress.contains("keeps your changes"), "{progress}");
    let kept = fs::read_to_string(&edited).unwrap();
    assert_eq!(kept, "// the reader's solution\n");

    // Without the directory, the commits of the branch are there again.
    commit(&checkout.worktree(), "solution");
    fs::remove_dir_all(checkout.worktree()).unwrap();
    let (_, progress) = checkout.goto(&endpoints);
    assert!(progress.contains("keeps your changes"), "{progress}");
    assert_eq!(fs::read_to_string(&edited).unwrap(), kept);

    // The printed command removes both.
    checkout.run_removal(&progress);
    let (_, progress) = checkout.goto(&endpoints);
    assert!(progress.contains(".lab/lab3 is new"), "{progress}");
    assert!(fs::read_to_string(&edited).unwrap().contains("LAB 3.2"));
}

#[tokio::test]
async fn a_program_that_cannot_be_built_leaves_the_lab_unchanged() {
    let checkout = Checkout::new();
    checkout.write("src/main.rs", "fn main() { this does not compile }\n");
    commit(&checkout.path("."), "mistake");
    let lab = checkout.start_lab(&[]);
    let endpoints = lab.endpoints();
    assert_eq!(like(&client(), &endpoints.alb).await, 200);
    let message = checkout.refused(&endpoints);
    assert!(message.contains("the lab is unchanged"), "{message}");
    assert_eq!(likes(&endpoints.alb).await, 1);
    let expected = started(2, "like-service", ("CHAOSMODE", "on"));
    assert_eq!(state(&endpoints, LIKE_SERVICE).await, expected);
}

#[tokio::test]
async fn a_patch_that_does_not_apply_leaves_nothing_behind() {
    let checkout = Checkout::new();
    checkout.write("like-service/src/app.rs", "// rewritten\n");
    commit(&checkout.path("."), "rewritten");
    let lab = checkout.start_lab(&["--chaos", "off"]);
    let message = checkout.refused(&lab.endpoints());
    assert!(message.contains("like-service/src/app.rs"), "{message}");
    assert_eq!(checkout.git(&["worktree", "list"]).lines().count(), 1);
    assert_eq!(checkout.git(&["branch", "--list", "lab3"]), "");
    assert!(!checkout.worktree().exists());
    // What is in the place of the worktree is not touched.
    fs::create_dir_all(checkout.worktree()).unwrap();
    let message = checkout.refused(&lab.endpoints());
    assert!(message.contains("is not a git worktree"), "{message}");
}

#[tokio::test]
async fn sources_that_are_not_the_root_of_a_checkout_are_refused() {
    let checkout = Checkout::new();
    // An archive that was unpacked in the reader's own repository.
    checkout.write("archive/Cargo.toml", "");
    // Outside of any repository.
    let outside = std::env::temp_dir().join(format!("no-checkout-{}", std::process::id()));
    for sources in [checkout.path("archive"), outside] {
        let sources = sources.to_str().unwrap();
        let lab = Lab::start(&["--sources", sources]);
        let message = refused(&lab.endpoints(), 1, &["3", "--sources", sources]);
        assert!(message.contains("is not a git checkout"), "{message}");
        assert!(message.contains(sources), "{message}");
    }
}

/// Another program can listen on the port of the site.
#[tokio::test]
async fn the_answer_of_the_lab_does_not_decide_where_programs_are_built() {
    let (checkout, other) = (Checkout::new(), Checkout::new());
    let lab = checkout.start_lab(&[]);
    let message = other.refused(&lab.endpoints());
    for sources in [&checkout, &other] {
        let directory = sources.path("").canonicalize().unwrap();
        assert!(message.contains(directory.to_str().unwrap()), "{message}");
        assert!(!sources.worktree().exists());
    }
}

/// `cargo run` sets variables for the verb. The reader's shell does not have them.
#[tokio::test]
async fn the_first_build_of_the_reader_compiles_nothing_again() {
    let variables = [
        ("CARGO_MANIFEST_DIR", "/checkout/lab"),
        ("CARGO_PKG_NAME", "lab"),
    ];
    let checkout = Checkout::new();
    let script =
        variables.map(|(name, _)| format!("println!(\"cargo::rerun-if-env-changed={name}\");"));
    checkout.write(
        "build.rs",
        &format!("fn main() {{ {} }}\n", script.concat()),
    );
    commit(&checkout.path("."), "a build script as that of ring");
    let lab = checkout.start_lab(&["--like-tasks", "1"]);
    let output = checkout.output_of_goto(&lab.endpoints(), &variables);
    assert!(output.status.success(), "{output:?}");
    let mut build = Command::new("cargo");
    for (name, _) in variables {
        build.env_remove(name);
    }
    let build = build
        .args(["build", "--target-dir", "target"])
        .current_dir(checkout.worktree());
    let output = String::from_utf8(build.output().unwrap().stderr).unwrap();
    assert!(output.contains("Finished"), "{output}");
    assert!(!output.contains("Compiling"), "{output}");
}

#[tokio::test]
async fn a_missing_git_is_named() {
    let checkout = Checkout::new();
    let lab = checkout.start_lab(&[]);
    let endpoints = lab.endpoints();
    let path = checkout.path(".");
    let output = checkout.output_of_goto(&endpoints, &[("PATH", path.to_str().unwrap())]);
    let message = String::from_utf8(output.stderr).unwrap();
    assert!(message.contains("cannot run git"), "{message}");
}

#[tokio::test]
async fn lab_3_needs_traces_of_the_monolith() {
    let checkout = Checkout::new();
    let lab = checkout.start_lab(&["--tracing", "off"]);
    let message = checkout.refused(&lab.endpoints());
    assert!(message.contains("--tracing on"), "{message}");
    assert!(!checkout.worktree().exists());
}

/// The reader's hooks, signatures and missing name do not matter, nor a detached HEAD, a space in a path, or a variable of a hook.
#[tokio::test]
async fn the_settings_of_git_do_not_matter() {
    let checkout = Checkout::at("a b");
    checkout.write("hooks/pre-commit", "#!/bin/sh\nexit 1\n");
    let hook = checkout.path("hooks/pre-commit");
    fs::set_permissions(&hook, fs::Permissions::from_mode(0o755)).unwrap();
    let hooks = checkout.path("hooks");
    checkout.git(&["config", "core.hooksPath", hooks.to_str().unwrap()]);
    checkout.git(&["config", "commit.gpgSign", "true"]);
    checkout.git(&["switch", "--quiet", "--detach"]);
    let lab = checkout.start_lab(&["--like-tasks", "1"]);
    let variables = [
        ("GIT_CONFIG_GLOBAL", "/dev/null"),
        ("GIT_INDEX_FILE", "/no/such/index"),
    ];
    let output = checkout.output_of_goto(&lab.endpoints(), &variables);
    assert!(output.status.success(), "{output:?}");
    // The printed command also works with the space.
    let (_, progress) = checkout.goto(&lab.endpoints());
    checkout.run_removal(&progress);
    assert!(!checkout.worktree().exists());
}

#[tokio::test]
async fn worktrees_of_another_checkout_of_the_repository_are_not_touched() {
    let checkout = Checkout::new();
    let other = Directory::new();
    let path = other.path("checkout");
    checkout.git(&[
        "worktree",
        "add",
        "--quiet",
        "--detach",
        path.to_str().unwrap(),
    ]);
    let others = path.join(".lab/lab3");
    checkout.git(&[
        "worktree",
        "add",
        "--quiet",
        "--detach",
        others.to_str().unwrap(),
    ]);
    let lab = checkout.start_lab(&["--like-tasks", "1"]);
    checkout.goto(&lab.endpoints());
    assert!(others.join(".git").exists());
    assert!(checkout.worktree().exists());
}

#[tokio::test]
async fn a_creation_that_was_interrupted_is_completed() {
    let checkout = Checkout::new();
    let lab = checkout.start_lab(&["--like-tasks", "1"]);
    let endpoints = lab.endpoints();
    checkout.goto(&endpoints);
    // The branch exists, and the worktree has not got its name.
    checkout.git(&["worktree", "move", ".lab/lab3", ".lab/lab3.unfinished"]);
    checkout.goto(&endpoints);
    assert!(!checkout.path(".lab/lab3.unfinished").exists());
    let edited = checkout.worktree().join("like-service/src/app.rs");
    assert!(fs::read_to_string(edited).unwrap().contains("LAB 3.2"));
}

#[tokio::test]
async fn another_branch_with_the_name_is_refused_and_kept() {
    let checkout = Checkout::new();
    checkout.git(&["branch", "lab3"]);
    let lab = checkout.start_lab(&[]);
    let message = checkout.refused(&lab.endpoints());
    assert!(message.contains("git branch -m lab3"), "{message}");
    assert_eq!(checkout.git(&["branch", "--list", "lab3"]), "  lab3\n");
    assert!(!checkout.worktree().exists());
}

#[tokio::test]
async fn a_worktree_of_an_earlier_commit_is_kept_with_a_warning() {
    let checkout = Checkout::new();
    let lab = checkout.start_lab(&["--like-tasks", "1"]);
    let endpoints = lab.endpoints();
    checkout.goto(&endpoints);
    let warning = "does not have the last commit";
    let (_, progress) = checkout.goto(&endpoints);
    assert!(!progress.contains(warning), "{progress}");
    checkout.write("new.txt", "");
    commit(&checkout.path("."), "new");
    let (_, progress) = checkout.goto(&endpoints);
    assert!(progress.contains(warning), "{progress}");
}

/// The tasks of the deployment before it run on.
#[tokio::test]
async fn a_task_whose_program_is_not_built_cannot_pull_its_image_and_the_events_say_what_to_do() {
    let checkout = Checkout::new();
    let lab = checkout.start_lab(&["--like-tasks", "1"]);
    let endpoints = lab.endpoints();
    checkout.goto(&endpoints);
    let program = checkout.worktree().join("target/debug/lab");
    fs::remove_file(&program).unwrap();
    let update = json!({ "cluster": CLUSTER, "service": LIKE_SERVICE, "forceNewDeployment": true });
    call(&endpoints, "UpdateService", update).await;
    let event = found("an event about the image", async || {
        let service = service(&endpoints, LIKE_SERVICE).await;
        let mut events = service["events"].as_array().unwrap().clone().into_iter();
        events.find(|event| {
            event["message"]
                .as_str()
                .unwrap()
                .contains("CannotPullContainerError")
        })
    })
    .await;
    let text = event["message"].as_str().unwrap();
    for part in [
        "like-service:worktree",
        "cargo build",
        program.to_str().unwrap(),
    ] {
        assert!(text.contains(part), "{text}");
    }
    let stopped =
        json!({ "cluster": CLUSTER, "serviceName": LIKE_SERVICE, "desiredStatus": "STOPPED" });
    let arns = call(&endpoints, "ListTasks", stopped).await["taskArns"].take();
    let request = json!({ "cluster": CLUSTER, "tasks": arns });
    let tasks = call(&endpoints, "DescribeTasks", request).await;
    let mut tasks = tasks["tasks"].as_array().unwrap().iter();
    let failed = tasks
        .find(|task| task["stopCode"] == "TaskFailedToStart")
        .unwrap();
    let reason = failed["stoppedReason"].as_str().unwrap();
    assert!(reason.starts_with("CannotPullContainerError: "), "{reason}");
    assert_eq!(like(&client(), &endpoints.alb).await, 200);
}

#[tokio::test]
async fn other_tags_and_images_with_the_tag_are_refused_by_name() {
    let lab = Lab::start(&["--chaos", "off"]);
    let endpoints = lab.endpoints();
    for image in [
        "like-service:latest",
        "like-service:worktree2",
        "monolith:worktree",
    ] {
        let request = json!({
            "family": "x", "requiresCompatibilities": ["FARGATE"], "networkMode": "awsvpc",
            "cpu": "256", "memory": "512",
            "containerDefinitions": [{ "name": "x", "image": image }],
        });
        let (status, response) = ecs(&endpoints.aws, "RegisterTaskDefinition", &request).await;
        assert_eq!(status, 400, "{response}");
        let message = response["message"].as_str().unwrap();
        assert!(message.contains(&format!("'{image}'")), "{message}");
        assert!(message.contains("like-service:worktree"), "{message}");
    }
}
