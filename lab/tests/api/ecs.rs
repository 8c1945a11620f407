//! The exercises of the workshop with ECS: scaling, deployments, and tasks that fail.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::task::JoinHandle;
use tokio::time::interval;

use crate::client::{CLUSTER, client, ecs, like, remove_read_only};
use crate::found;
use crate::process::{Lab, PATIENT};

mod alarms;
mod deployments;
#[cfg(target_os = "linux")]
mod environment;
#[cfg(target_os = "linux")]
pub mod leftovers;
mod not_ready;
mod outage;
mod replacement;
mod scaling;
mod sidecars;
#[cfg(target_os = "linux")]
mod stop;

const LIKE_SERVICE: &str = "Mythical-Like-Service-mysfits";
const MONOLITH_SERVICE: &str = "Mythical-Monolith-Service-mysfits";

/// Options with which tests take seconds.
const QUICK: &[&str] = &[
    "--chaos",
    "off",
    "--health-check-interval-ms",
    "100",
    "--deregistration-delay-ms",
    "500",
];

/// A lab whose ECS is called.
struct Cluster {
    lab: Lab,
    aws: String,
    alb: String,
}

impl Cluster {
    fn start(arguments: &[&str]) -> Self {
        let lab = Lab::start_with(PATIENT, &[QUICK, arguments].concat());
        let endpoints = lab.endpoints();
        Self {
            lab,
            aws: endpoints.aws,
            alb: endpoints.alb,
        }
    }

    /// The response of an operation, which must succeed. The cluster is added to the request.
    async fn call(&self, operation: &str, mut request: Value) -> Value {
        if !operation.contains("TaskDefinition") {
            request["cluster"] = json!(CLUSTER);
        }
        let (status, response) = ecs(&self.aws, operation, &request).await;
        assert_eq!(status, 200, "{operation} {request}: {response}");
        response
    }

    async fn service(&self, name: &str) -> Value {
        let request = json!({ "services": [name] });
        self.call("DescribeServices", request).await["services"][0].take()
    }

    async fn update(&self, service: &str, mut change: Value) -> Value {
        change["service"] = json!(service);
        self.call("UpdateService", change).await["service"].take()
    }

    /// Without the grace period ECS replaces tasks as soon as their checks fail.
    async fn without_grace_period(&self, service: &str) {
        self.update(service, json!({ "healthCheckGracePeriodSeconds": 0 }))
            .await;
    }

    /// The service once it has one deployment, which is completed, and as many tasks as are desired.
    async fn stable(&self, name: &str) -> Value {
        found("the service is stable", async || {
            let service = self.service(name).await;
            let deployments = service["deployments"].as_array().unwrap();
            let is_stable = deployments.len() == 1
                && deployments[0]["rolloutState"] == "COMPLETED"
                && service["runningCount"] == service["desiredCount"]
                && service["pendingCount"] == 0;
            is_stable.then_some(service)
        })
        .await
    }

    /// The tasks of a service with this desired status, RUNNING or STOPPED.
    async fn tasks(&self, service: &str, status: &str) -> Vec<Value> {
        let request = json!({ "serviceName": service, "desiredStatus": status });
        let arns = self.call("ListTasks", request).await["taskArns"].take();
        if arns.as_array().unwrap().is_empty() {
            return Vec::new();
        }
        let tasks = self.call("DescribeTasks", json!({ "tasks": arns })).await;
        tasks["tasks"].as_array().unwrap().clone()
    }

    /// The first stopped task that `is_wanted`.
    async fn stopped_task(&self, service: &str, is_wanted: impl Fn(&Value) -> bool) -> Value {
        found("the task has stopped", async || {
            let tasks = self.tasks(service, "STOPPED").await;
            tasks
                .into_iter()
                .find(|task| task["lastStatus"] == "STOPPED" && is_wanted(task))
        })
        .await
    }

    /// Registers the newest task definition of the service with a change of its container. Returns the ARN.
    async fn register(&self, family: &str, change: impl FnOnce(&mut Value)) -> String {
        let change = |containers: &mut Vec<Value>| change(&mut containers[0]);
        self.register_containers(family, change).await
    }

    /// Registers the newest task definition of the service with a change of its containers, as the workshop does: describe,
    /// edit, register. Returns the ARN.
    async fn register_containers(
        &self,
        family: &str,
        change: impl FnOnce(&mut Vec<Value>),
    ) -> String {
        let request = json!({ "taskDefinition": family });
        let described = self.call("DescribeTaskDefinition", request).await;
        let mut definition = described["taskDefinition"].as_object().unwrap().clone();
        remove_read_only(&mut definition);
        change(definition["containerDefinitions"].as_array_mut().unwrap());
        let registered = self
            .call("RegisterTaskDefinition", Value::Object(definition))
            .await;
        let arn = &registered["taskDefinition"]["taskDefinitionArn"];
        arn.as_str().unwrap().to_owned()
    }

    /// Deploys the service with a change of its container.
    async fn deploy(&self, service: &str, change: impl FnOnce(&mut Value)) -> String {
        let arn = self.register(service, change).await;
        self.update(service, json!({ "taskDefinition": arn })).await;
        arn
    }

    /// The messages of a service's events, oldest first.
    async fn events(&self, service: &str) -> Vec<String> {
        let service = self.service(service).await;
        let events = service["events"].as_array().unwrap().iter().rev();
        events
            .map(|event| event["message"].as_str().unwrap().to_owned())
            .collect()
    }

    /// Waits for an event that contains `text`.
    async fn event(&self, service: &str, text: &str) -> String {
        found(text, async || {
            let events = self.events(service).await;
            events.into_iter().find(|event| event.contains(text))
        })
        .await
    }
}

/// Sets a variable of a container.
fn set_variable(container: &mut Value, name: &str, value: &str) {
    let environment = container["environment"].as_array_mut().unwrap();
    environment.retain(|variable| variable["name"] != name);
    environment.push(json!({ "name": name, "value": value }));
}

/// People who like without a pause longer than 50 ms.
struct Users {
    stop: Arc<AtomicBool>,
    sent: Arc<AtomicU64>,
    users: Vec<JoinHandle<u64>>,
}

impl Users {
    fn start(count: usize, alb: &str) -> Self {
        let (stop, sent) = (Arc::<AtomicBool>::default(), Arc::<AtomicU64>::default());
        let client = client();
        let users = (0..count).map(|_| {
            let (stop, sent) = (Arc::clone(&stop), Arc::clone(&sent));
            let (client, alb) = (client.clone(), alb.to_owned());
            tokio::spawn(async move {
                let mut failures = 0;
                let mut pace = interval(Duration::from_millis(50));
                while !stop.load(Ordering::Relaxed) {
                    failures += u64::from(like(&client, &alb).await != 200);
                    sent.fetch_add(1, Ordering::Relaxed);
                    pace.tick().await;
                }
                failures
            })
        });
        Self {
            users: users.collect(),
            stop,
            sent,
        }
    }

    /// Waits until the users have sent that many more likes.
    async fn go_on(&self, likes: u64) {
        let before = self.sent.load(Ordering::Relaxed);
        found("the users go on", async || {
            (self.sent.load(Ordering::Relaxed) >= before + likes).then_some(())
        })
        .await;
    }

    /// The number of failed likes.
    async fn failures(self) -> u64 {
        self.stop().await.failed
    }

    /// Ends the users after their last likes.
    async fn stop(self) -> Sent {
        self.stop.store(true, Ordering::Relaxed);
        let mut failed = 0;
        for user in self.users {
            failed += user.await.unwrap();
        }
        let sent = self.sent.load(Ordering::Relaxed);
        assert!(sent > 0);
        Sent { sent, failed }
    }
}

/// The likes that users have sent.
#[derive(Debug)]
struct Sent {
    sent: u64,
    failed: u64,
}
