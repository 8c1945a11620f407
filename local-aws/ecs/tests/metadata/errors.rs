//! Requests that are not answered with a document.

use axum::http::StatusCode;

use crate::tasks::{LIKE, PAUSE, PROXY, get, running_task, send};

/// Texts and status codes: `ecs-agent/tmds/handlers/v4/handlers.go` with `agent/handlers/v4/tmdsstate.go` of the agent.
#[tokio::test]
async fn version_4_answers_404_for_an_unknown_token() {
    let task_arn =
        "unable to get task arn from request: unable to get task Arn from v3 endpoint ID: x";
    for (path, expected) in [
        (
            "/v4/x",
            "V4 container metadata handler: unable to get container ID from request: unable to get docker ID from v3 endpoint ID: x".to_owned(),
        ),
        ("/v4/x/stats", format!("V4 container stats handler: {task_arn}")),
        ("/v4/x/task", format!("V4 task metadata handler: {task_arn}")),
        ("/v4/x/taskWithTags", format!("V4 task metadata handler: {task_arn}")),
        ("/v4/x/task/stats", format!("V4 task stats handler: {task_arn}")),
    ] {
        let (status, body) = get(&running_task(), path).await;
        assert_eq!((status, body), (StatusCode::NOT_FOUND, expected.into()), "{path}");
    }
}

#[tokio::test]
async fn version_4_answers_500_for_the_statistics_of_a_container_without_figures() {
    let (status, body) = get(&running_task(), &format!("/v4/{PROXY}/stats")).await;
    assert_eq!(status, StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(body, format!("Unable to get container stats for: {PROXY}"));
}

/// Texts and status codes: `agent/handlers/v2` of the agent, with the token in the place of the sender's address.
#[tokio::test]
async fn version_2_answers_400_for_an_unknown_token_or_container() {
    let no_task = "Unable to get task arn from request: unable to associate 'x' with task";
    for (path, expected) in [
        ("/x/v2/metadata".to_owned(), no_task.to_owned()),
        ("/x/v2/metadata/taskWithTags".to_owned(), no_task.to_owned()),
        ("/x/v2/metadata/y".to_owned(), no_task.to_owned()),
        ("/x/v2/stats".to_owned(), no_task.to_owned()),
        ("/x/v2/stats/y".to_owned(), no_task.to_owned()),
        (
            format!("/{LIKE}/v2/metadata/y"),
            "Unable to generate metadata for container 'y'".to_owned(),
        ),
        (
            format!("/{LIKE}/v2/stats/y"),
            "Unable to get container stats for: y".to_owned(),
        ),
        (
            format!("/{LIKE}/v2/stats/{PAUSE}"),
            format!("Unable to get container stats for: {PAUSE}"),
        ),
    ] {
        let (status, body) = get(&running_task(), &path).await;
        assert_eq!(
            (status, body),
            (StatusCode::BAD_REQUEST, expected.into()),
            "{path}"
        );
    }
}

#[tokio::test]
async fn there_are_no_credentials() {
    for path in [
        "/v1/credentials",
        "/v2/credentials",
        "/v2/credentials/id",
        &format!("/{LIKE}/v2/credentials"),
        &format!("/{LIKE}/v2/credentials/id"),
        &format!("/v4/{LIKE}/credentials"),
        "/",
    ] {
        let (status, body) = send(&running_task(), path).await;
        assert_eq!(status, StatusCode::NOT_FOUND, "{path}");
        assert!(body.is_empty(), "{path}");
    }
}
