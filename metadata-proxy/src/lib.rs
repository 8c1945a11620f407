//! The metadata proxy: a sidecar that makes the metadata of an ECS task reachable from outside the
//! task, on port 8001.
//!
//! It is a tool for the exercise. Any client that can reach it can read the details of its task, so it
//! must be removed from a service after the exercise.
//!
//! ECS offers the metadata only to the task's own containers, at the address in their variable
//! `ECS_CONTAINER_METADATA_URI_V4`. The proxy answers `GET` and `HEAD` for these paths only:
//!
//! | Path | Response |
//! |---|---|
//! | `/v4`, `/v4/stats` | `${ECS_CONTAINER_METADATA_URI_V4}` and `/stats` below it: metadata and Docker stats of one container, the proxy's own |
//! | `/v4/task`, `/v4/task/stats` | `/task` and `/task/stats` below it: metadata and Docker stats of all containers of the task |
//! | `/v2/metadata` | the same as `/v4/task` |
//! | `/v2/metadata/<container-id>` | the container with this `DockerId` from `/task` |
//! | `/v2/stats` | the same as `/v4/task/stats` |
//! | `/v2/stats/<container-id>` | the stats of this container from `/task/stats` |
//!
//! | Failure | Status |
//! |---|---|
//! | another path, a container that the task does not have, a document that the endpoint does not have | 404 |
//! | the endpoint answers 429, because it limits the requests of a task | 429 |
//! | the endpoint cannot be reached, or sends an invalid response | 502 |
//! | the endpoint does not answer within `METADATA_TIMEOUT_MS` | 504 |
//!
//! # Why version 2 is answered from version 4
//!
//! For Fargate, AWS documents the versions 3 and 4 of the endpoint and no longer develops version 3.
//! Version 2 belongs to older platforms. In the source of the ECS agent (`amazon-ecs-agent`,
//! `tmds/handlers/v4/state/response.go`), the tasks, containers and networks of version 4 have all
//! fields of version 2 and more, and the stats have the same shape. So a client of version 2 finds all
//! fields that it expects. Documents, and the parts of `/task` and `/task/stats`, are passed on byte for
//! byte.
//!
//! A second reason is security: the credentials of the task's role are below the address of version 2
//! (`169.254.170.2/v2/credentials/…`). The proxy never calls that address.
//!
//! # Requests cannot choose the URL
//!
//! The proxy calls four URLs only. They are built at the start, from the variable alone. A request
//! selects one of the four; its path, query, headers and body are not forwarded. A container id is only
//! compared with the ids in the response. Paths are neither decoded nor normalised: an encoded form of a
//! path above, or one with doubled slashes or dots, is another path and is answered with 404.

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

/// The name of this service in telemetry, and its log targets.
pub const SERVICE_INFO: ServiceInfo = ServiceInfo {
    service_name: "metadata proxy",
    log_targets: &["metadata_proxy", "http_shell"],
    access_target: ACCESS_TARGET,
};
