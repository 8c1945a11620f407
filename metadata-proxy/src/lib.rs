//! The metadata proxy: a sidecar that makes the metadata of an ECS task reachable from outside the
//! task, on port 8001. A teaching tool: who can reach it reads what its task is made of, so it is
//! for the exercise and not for a service that is left running.
//!
//! ECS offers the metadata to the task's own containers only, at the address that it puts into
//! `ECS_CONTAINER_METADATA_URI_V4`. The proxy answers `GET` and `HEAD` of these paths and no other:
//!
//! | Path | Answer |
//! |---|---|
//! | `/v4`, `/v4/stats` | `${ECS_CONTAINER_METADATA_URI_V4}` and `/stats` below it: metadata and Docker stats of one container, which is the proxy's own |
//! | `/v4/task`, `/v4/task/stats` | `/task` and `/task/stats` below it: those of the task with all of its containers |
//! | `/v2/metadata` | as `/v4/task` |
//! | `/v2/metadata/<container-id>` | the container with this `DockerId` out of `/task` |
//! | `/v2/stats` | as `/v4/task/stats` |
//! | `/v2/stats/<container-id>` | the entry of this container out of `/task/stats` |
//!
//! | Failure | Status |
//! |---|---|
//! | any other path, a container that the task does not have, a document that the endpoint does not have | 404 |
//! | the endpoint answers 429: it limits the requests of a task | 429 |
//! | the endpoint cannot be reached, or its answer is none that it may give | 502 |
//! | the endpoint does not answer within `METADATA_TIMEOUT_MS` | 504 |
//!
//! # Why version 2 is answered from version 4
//!
//! AWS documents the versions 3 and 4 for Fargate and has ended work on 3; version 2 is of older
//! platforms. Of the shapes nothing is lost: in the agent's source (`amazon-ecs-agent`,
//! `tmds/handlers/v4/state/response.go`) a task of version 4 is one of version 2 with more fields,
//! likewise each container and its networks, and the stats are the same map from container id to
//! Docker's stats. So a reader of version 2 finds all that it knows, and besides what version 4 adds.
//! A document is passed on byte for byte, and one out of `/task` is cut out of it the same way.
//!
//! It also keeps the proxy away from the address of version 2, below which lie the credentials of the
//! task's role (`169.254.170.2/v2/credentials/…`).
//!
//! # What a request cannot do
//!
//! The four addresses that are ever asked are made at the start, of the variable alone. A request
//! chooses one of the four; no part of it is sent on, neither path nor query nor header nor body. An
//! id is compared to those in the answer and goes nowhere. Paths are taken as they were sent: an
//! encoded, doubled or dotted form of a path above is another path, and there is nothing at it.

use http_shell::ACCESS_TARGET;
use telemetry::ServiceInfo;

mod app;
mod config;
mod endpoint;
mod error;
mod routes;
mod wanted;

pub use app::Application;
pub use config::{Config, DEFAULT_PORT};
pub use error::Error;

/// How telemetry names this service and its log targets.
pub const SERVICE_INFO: ServiceInfo = ServiceInfo {
    service_name: "metadata proxy",
    log_targets: &["metadata_proxy", "http_shell"],
    access_target: ACCESS_TARGET,
};
