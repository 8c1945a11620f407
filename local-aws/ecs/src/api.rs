//! Operations of the API of ECS (version 2014-11-13), protocol AWS JSON 1.1.
//!
//! An operation is a function of the state, the time and the request. Names of parameters and results are those of AWS's
//! model. Members of results that a local ECS has no value for, for example subnets, are absent.

mod clusters;
pub(crate) mod names;
mod pages;
mod service_deployments;
mod service_revisions;
mod services;
mod task_definitions;
mod tasks;
mod update_service;

use std::sync::Arc;

use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use wire::{Api, Error, JsonBody, Service, json_router, unknown_operation};

use crate::definition::TaskDefinition;
use crate::ecs::Ecs;
use crate::model::Registered;
use crate::state::State;
use crate::time::Timestamp;

/// Maximum size of a request body in MiB.
const MAX_BODY_MIB: usize = 1;

/// The error code of a parameter that is not implemented or has the wrong type.
const INVALID_PARAMETER: &str = "InvalidParameterException";

impl Ecs {
    /// The API as a service of an AWS endpoint.
    pub fn service(&self) -> Service {
        let ecs = self.clone();
        let router = json_router(MAX_BODY_MIB, move |operation, body| {
            let ecs = ecs.clone();
            async move { call(&ecs, &operation, &body).await }
        });
        Service {
            signing_name: "ecs",
            api: Api::Json {
                target_prefix: "AmazonEC2ContainerServiceV20141113",
                router,
            },
        }
    }

    /// Registers a revision of a task definition. `request` has the parameters of the operation `RegisterTaskDefinition`.
    ///
    /// # Errors
    ///
    /// Fails if the operation refuses the request, or the runtime cannot run the task definition.
    pub async fn register_task_definition(
        &self,
        request: &Value,
    ) -> Result<Arc<TaskDefinition>, Error> {
        Ok(self.register(request).await?.definition)
    }

    async fn register(&self, request: &Value) -> Result<Registered, Error> {
        let definition = TaskDefinition::parse(request)?;
        let check = self.runtime().check(&definition);
        check.map_err(|message| Error::bad_request("ClientException", message))?;
        self.call(move |state, now| task_definitions::register(state, now, definition))
            .await
    }
}

async fn call(ecs: &Ecs, operation: &str, body: &JsonBody) -> Result<Value, Error> {
    match operation {
        "DeregisterTaskDefinition" => change(ecs, body, task_definitions::deregister).await,
        "DescribeClusters" => read(ecs, body, clusters::describe).await,
        "DescribeServiceDeployments" => read(ecs, body, service_deployments::describe).await,
        "DescribeServiceRevisions" => read(ecs, body, service_revisions::describe).await,
        "DescribeServices" => read(ecs, body, services::describe).await,
        "DescribeTaskDefinition" => read(ecs, body, task_definitions::describe).await,
        "DescribeTasks" => read(ecs, body, tasks::describe).await,
        "ListClusters" => read(ecs, body, clusters::list).await,
        "ListServiceDeployments" => read(ecs, body, service_deployments::list).await,
        "ListServices" => read(ecs, body, services::list).await,
        "ListTaskDefinitionFamilies" => read(ecs, body, task_definitions::list_families).await,
        "ListTaskDefinitions" => read(ecs, body, task_definitions::list).await,
        "ListTasks" => read(ecs, body, tasks::list).await,
        "RegisterTaskDefinition" => {
            let registered = ecs.register(&body.parse(INVALID_PARAMETER)?).await?;
            let description = task_definitions::describe_revision(&registered);
            Ok(json!({ "taskDefinition": description }))
        }
        "StopServiceDeployment" => change(ecs, body, service_deployments::stop).await,
        "StopTask" => change(ecs, body, tasks::stop).await,
        "UpdateService" => change(ecs, body, update_service::update).await,
        _ => Err(unknown_operation("ecs", operation)),
    }
}

/// Parses the request of an operation that changes the state, and applies the operation.
async fn change<T: DeserializeOwned + Send + 'static>(
    ecs: &Ecs,
    body: &JsonBody,
    operation: fn(&mut State, Timestamp, T) -> Result<Value, Error>,
) -> Result<Value, Error> {
    let request = body.parse(INVALID_PARAMETER)?;
    ecs.call(move |state, now| operation(state, now, request))
        .await
}

/// Parses the request of an operation that reads the state, and applies the operation.
async fn read<T: DeserializeOwned + Send + 'static>(
    ecs: &Ecs,
    body: &JsonBody,
    operation: fn(&State, T) -> Result<Value, Error>,
) -> Result<Value, Error> {
    let request = body.parse(INVALID_PARAMETER)?;
    ecs.call(move |state, _| operation(state, request)).await
}
