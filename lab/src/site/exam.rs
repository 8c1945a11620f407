//! `/lab/exam`: exams for the verb `exam` and for programs.

use axum::body::Bytes;
use axum::extract::rejection::{BytesRejection, QueryRejection};
use axum::extract::{DefaultBodyLimit, Query, Request, State};
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use http_shell::format_error;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::task::JoinError;

use super::control::error;
use crate::exam::{self, Answer, ExamError, Exams};

/// Maximum size of a body in bytes. [`Answer::parse`] permits less, and says how much.
const MAX_BODY_BYTES: usize = 2 * exam::MAX_ANSWER_BYTES;

/// Shorter times than this give too few requests, and longer ones are no quick check.
const SECONDS: std::ops::RangeInclusive<u64> = 5..=600;

#[derive(Clone)]
struct Exam {
    exams: Exams,
    /// What a reset would lose, if it has to be confirmed.
    confirmation_required: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Start {
    id: String,
    seed: Option<u64>,
    /// Replaces the times of the problem, for a quick check.
    seconds: Option<u64>,
    #[serde(default)]
    confirmed: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Stop {
    /// Whether the lab stays as it is.
    #[serde(default)]
    keep: bool,
}

pub fn routes(exams: Exams, confirmation_required: Option<String>) -> Router {
    Router::new()
        .route("/lab/exams", get(async || Json(exam::listing())))
        .route("/lab/exams/answer.schema.json", get(schema))
        .route("/lab/exam", get(status))
        .route("/lab/exam/start", post(start))
        .route("/lab/exam/hint", post(hint))
        .route("/lab/exam/submit", post(submit))
        .route("/lab/exam/stop", post(stop))
        .route("/lab/exam/explanation", get(explanation))
        .route("/lab/exam/grade", post(grade))
        .route("/lab/state", get(fingerprint))
        .layer(DefaultBodyLimit::max(MAX_BODY_BYTES))
        .with_state(Exam {
            exams,
            confirmation_required,
        })
}

async fn schema() -> impl IntoResponse {
    (
        [(CONTENT_TYPE, "application/schema+json")],
        exam::ANSWER_SCHEMA,
    )
}

async fn status(State(Exam { exams, .. }): State<Exam>) -> Response {
    answer(exam::status(&exams).await)
}

async fn start(
    State(exam): State<Exam>,
    query: Result<Query<Start>, QueryRejection>,
) -> Result<Response, ExamError> {
    let Ok(Query(start)) = query else {
        let message =
            "the parameters are id, seed (a whole number), seconds and confirmed (true or false)";
        return Ok(error(StatusCode::BAD_REQUEST, "bad_request", message));
    };
    if start
        .seconds
        .is_some_and(|seconds| !SECONDS.contains(&seconds))
    {
        let message = "seconds: expected a number from 5 to 600";
        return Ok(error(StatusCode::BAD_REQUEST, "bad_request", message));
    }
    if let Some(question) = exam.confirmation_required.filter(|_| !start.confirmed) {
        let body = Json(json!({ "confirmation_required": question }));
        return Ok((StatusCode::CONFLICT, body).into_response());
    }
    let Start {
        id, seed, seconds, ..
    } = start;
    let exams = exam.exams.clone();
    to_its_end(async move { exams.start(&id, seed, seconds).await }).await?;
    Ok(answer(exam::status(&exam.exams).await))
}

async fn hint(State(Exam { exams, .. }): State<Exam>) -> Result<Response, ExamError> {
    let (number, count, hint) = exams.hint()?;
    Ok(answer(
        json!({ "hint": hint, "number": number, "hints": count }),
    ))
}

async fn submit(
    State(Exam { exams, .. }): State<Exam>,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, ExamError> {
    let submit = async |answer| to_its_end(async move { exams.submit(answer).await }).await;
    graded(body, submit).await
}

/// Parses an answer, and responds with its grade.
async fn graded(
    body: Result<Bytes, BytesRejection>,
    grade: impl AsyncFnOnce(Answer) -> Result<exam::Grade, ExamError>,
) -> Result<Response, ExamError> {
    let parsed = match body {
        Ok(body) => Answer::parse(&body).map_err(|invalid| invalid.to_string()),
        Err(rejected) => Err(rejected.body_text()),
    };
    Ok(match parsed {
        Ok(parsed) => answer(json!(grade(parsed).await?)),
        Err(message) => error(StatusCode::BAD_REQUEST, "invalid_answer", &message),
    })
}

async fn stop(
    State(Exam { exams, .. }): State<Exam>,
    query: Result<Query<Stop>, QueryRejection>,
) -> Result<Response, ExamError> {
    let Ok(Query(Stop { keep })) = query else {
        let message = "the value of the parameter keep must be true or false";
        return Ok(error(StatusCode::BAD_REQUEST, "bad_request", message));
    };
    let stopping = exams.clone();
    let ended = to_its_end(async move { stopping.stop(keep).await }).await?;
    let mut result = ended.result();
    result["kept"] = json!(exams.is_kept(&ended));
    Ok(answer(result))
}

async fn explanation(State(Exam { exams, .. }): State<Exam>) -> Result<Response, ExamError> {
    let ended = exams.ended()?;
    let mut explanation = ended.explanation();
    explanation["kept"] = json!(exams.is_kept(&ended));
    Ok(answer(explanation))
}

async fn grade(
    State(Exam { exams, .. }): State<Exam>,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, ExamError> {
    let grade_again = async |answer| exams.grade_again(&answer).await;
    graded(body, grade_again).await
}

/// What people can change in the lab: two labs in the same state have the same document.
async fn fingerprint(State(Exam { exams, .. }): State<Exam>) -> Result<Response, ExamError> {
    Ok(answer(exams.fingerprint().await?))
}

/// Runs `change` to its end, also if the client closes the connection.
async fn to_its_end<T: Send + 'static>(
    change: impl Future<Output = Result<T, ExamError>> + Send + 'static,
) -> Result<T, ExamError> {
    let panicked = |error: JoinError| ExamError::Harness(error.to_string());
    tokio::spawn(change).await.map_err(panicked)?
}

fn answer(body: Value) -> Response {
    ([(CACHE_CONTROL, "no-store")], Json(body)).into_response()
}

/// Refuses all requests while an exam runs.
pub async fn refuse_during_exam(
    State(exams): State<Exams>,
    request: Request,
    next: Next,
) -> Response {
    let response = exams.unless_running(next.run(request)).await;
    response.unwrap_or_else(|_| {
        let message = "an exam runs: end it with `exam stop` first";
        error(StatusCode::LOCKED, "exam_runs", message)
    })
}

impl IntoResponse for ExamError {
    fn into_response(self) -> Response {
        let (status, code) = match &self {
            Self::NoSuchExam(_) => (StatusCode::BAD_REQUEST, "no_such_exam"),
            Self::Options(_) => (StatusCode::LOCKED, "options"),
            Self::Running(_) => (StatusCode::LOCKED, "exam_runs"),
            Self::NotRunning => (StatusCode::LOCKED, "no_exam_runs"),
            Self::StillRunning => (StatusCode::LOCKED, "exam_runs"),
            Self::NotEnded => (StatusCode::LOCKED, "no_exam_has_ended"),
            Self::EndedEarly => (StatusCode::LOCKED, "ended_early"),
            Self::TooEarly(_) => (StatusCode::LOCKED, "too_early"),
            Self::OtherAnswer => (StatusCode::LOCKED, "other_answer"),
            Self::Harness(_) => (StatusCode::SERVICE_UNAVAILABLE, "harness_error"),
            Self::Reset(_) => (StatusCode::INTERNAL_SERVER_ERROR, "internal_error"),
        };
        error(status, code, &format_error(&self))
    }
}
