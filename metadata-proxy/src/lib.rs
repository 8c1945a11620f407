//! The metadata proxy: a sidecar that makes the metadata of an ECS task reachable from outside the
//! task, on port 8001.
//!
//! The proxy exists only for an exercise of the workshop. Every client that can reach the proxy can read the
//! details of the task. Remove the proxy from the service after the exercise.
//!
//! ECS provides the metadata only to the containers of the task, at the address in the variable
//! `ECS_CONTAINER_METADATA_URI_V4`. The proxy answers `GET` and `HEAD` only for the paths in this table:
//!
//! | Path | Response |
//! |---|---|
//! | `/v4`, `/v4/stats` | `${ECS_CONTAINER_METADATA_URI_V4}` and `${ECS_CONTAINER_METADATA_URI_V4}/stats`: metadata and Docker stats of the proxy's own container |
//! | `/v4/task`, `/v4/task/stats` | `${ECS_CONTAINER_METADATA_URI_V4}/task` and `${ECS_CONTAINER_METADATA_URI_V4}/task/stats`: metadata and Docker stats of all containers of the task |
//! | `/v2/metadata` | the same as `/v4/task` |
//! | `/v2/metadata/<container-id>` | the container from `/task` whose `DockerId` is the id in the path |
//! | `/v2/stats` | the same as `/v4/task/stats` |
//! | `/v2/stats/<container-id>` | the stats from `/task/stats` of the container with the id in the path |
//!
//! | Failure | Status |
//! |---|---|
//! | the path is not in the table above, the task has no container with the id in the path, or the endpoint does not have the requested document | 404 |
//! | the endpoint answers 429, because the endpoint limits the requests of a task | 429 |
//! | the endpoint cannot be reached, or sends an invalid response | 502 |
//! | the endpoint does not answer within `METADATA_TIMEOUT_MS` | 504 |
//!
//! # Why the proxy answers `/v2` paths with documents of version 4
//!
//! For Fargate, AWS documents the versions 3 and 4 of the endpoint and no longer develops version 3. Version
//! 2 of the endpoint exists only on older platforms. In the source of the ECS agent (`amazon-ecs-agent`,
//! `tmds/handlers/v4/state/response.go`), the tasks, containers and networks of version 4 contain all fields
//! of version 2, and the stats have the same structure. A client of version 2 therefore finds all expected
//! fields in a document of version 4. The proxy does not change the bytes of documents, nor of extracted
//! parts of documents.
//!
//! Security is a second reason for the documents of version 4: the credentials of the task's role are below
//! the address of version 2 (`169.254.170.2/v2/credentials/…`). The proxy never calls the version-2 address.
//!
//! # Requests cannot choose the URL
//!
//! The proxy calls only four URLs of the metadata endpoint. The four URLs are built when the proxy starts,
//! from the variable `ECS_CONTAINER_METADATA_URI_V4`. A request to the proxy selects one of the four URLs of
//! the metadata endpoint. The path, query, headers and body of the request are not forwarded. A container id
//! in a path is only compared with the ids in the endpoint's response. Paths are neither decoded nor
//! normalised: a path with percent-encoding, doubled slashes or dot segments is answered with 404.

use http_shell::ACCESS_TARGET;
use telemetry::ServiceInfo;

mod app;
mod config;
mod container_document;
mod container_id;
mod endpoint;
mod error;
mod requested_document;
mod routes;

pub use app::Application;
pub use config::{Config, DEFAULT_PORT};
pub use error::Error;

/// The name of this service in telemetry data, and the targets of its log lines.
pub const SERVICE_INFO: ServiceInfo = ServiceInfo {
    service_name: "metadata proxy",
    log_targets: &["metadata_proxy", "http_shell"],
    access_target: ACCESS_TARGET,
};
