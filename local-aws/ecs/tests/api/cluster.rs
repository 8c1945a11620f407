//! A cluster with the services of a web shop, and its API.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Request, StatusCode};
use ecs::{
    Binding, BoxFuture, Config, DeploymentConfig, Ecs, Exit, HealthSink, Launch, Report, Reporter,
    Runtime, ServiceConfig, ServiceLoadBalancer, Signal, Started, SystemClock, Target,
    TargetHealth, Targets, TaskDefinition,
};
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tower::ServiceExt;

/// Maximum time for which a test waits for a condition.
const PATIENCE: Duration = Duration::from_secs(60);

pub const GROUP: &str =
    "arn:aws:elasticloadbalancing:us-east-1:000000000000:targetgroup/shop/0123456789abcdef";

/// Tasks that pretend to run. A task whose image is `broken` ends with exit code 1 before it listens; `slow` tasks start only
/// when the test ends.
struct PretendingRuntime;

impl Runtime for PretendingRuntime {
    fn check(&self, definition: &TaskDefinition) -> Result<(), String> {
        match &*definition.containers[0].image {
            "shop" | "broken" | "slow" => Ok(()),
            image => Err(format!("The image {image} cannot run here")),
        }
    }

    fn run(
        &self,
        launch: Launch,
        reporter: Reporter,
        mut signals: mpsc::UnboundedReceiver<Signal>,
    ) -> BoxFuture<'static, ()> {
        Box::pin(async move {
            let container = launch.definition.containers[0].clone();
            let exited = |code| Report::Exited {
                container: container.name.clone(),
                exit: Exit {
                    code: Some(code),
                    reason: None,
                },
            };
            match &*container.image {
                "broken" => return reporter.report(exited(1)),
                "slow" => std::future::pending().await,
                _ => {}
            }
            let bindings = container.port_mappings.iter().map(|mapping| Binding {
                container: container.name.clone(),
                container_port: mapping.container_port,
                host_port: match mapping.container_port {
                    8080 => 8081,
                    port => port,
                },
                protocol: mapping.protocol,
            });
            reporter.report(Report::Started(Started {
                address: [127, 0, 1, launch.ordinal as u8 + 1].into(),
                bindings: bindings.collect(),
                pids: vec![1],
            }));
            reporter.report(Report::Health {
                container: container.name.clone(),
                is_healthy: true,
            });
            signals.recv().await;
            reporter.report(exited(143));
        })
    }
}

/// Targets that are healthy at once.
struct HealthyTargets;

struct HealthyTarget;

impl Targets for HealthyTargets {
    fn register(&self, _: &str, _: SocketAddr, health: HealthSink) -> Option<Box<dyn Target>> {
        health(TargetHealth::Healthy);
        Some(Box::new(HealthyTarget))
    }
}

impl Target for HealthyTarget {
    fn deregister(self: Box<Self>) -> BoxFuture<'static, ()> {
        Box::pin(async {})
    }
}

/// The parameters of `RegisterTaskDefinition`.
pub fn definition(image: &str) -> Value {
    json!({
        "family": "shop",
        "requiresCompatibilities": ["FARGATE"],
        "networkMode": "awsvpc",
        "cpu": "256",
        "memory": "512",
        "containerDefinitions": [{
            "name": "web",
            "image": image,
            "memory": 128,
            "portMappings": [{ "containerPort": 8080 }, { "containerPort": 9090 }],
            "healthCheck": { "command": ["CMD", "true"] },
        }],
    })
}

fn service_config(
    name: &str,
    desired_count: u32,
    definition: Arc<TaskDefinition>,
) -> ServiceConfig {
    ServiceConfig {
        name: name.to_owned(),
        definition,
        desired_count,
        deployment: DeploymentConfig {
            minimum_healthy_percent: 100,
            maximum_percent: 200,
            circuit_breaker: true,
            rollback: true,
        },
        grace_period: Duration::from_secs(60),
        load_balancers: Vec::new(),
    }
}

/// The cluster `market` with the service `shop`: two tasks of revision 1 of the family `shop` in a target group.
pub struct Cluster {
    pub ecs: Ecs,
    router: Router,
}

impl Cluster {
    /// Starts the cluster, and waits until the service is steady.
    pub async fn start() -> Self {
        let cluster = Self::empty();
        let definition = cluster
            .ecs
            .register_task_definition(&definition("shop"))
            .await
            .unwrap();
        cluster
            .create_service(ServiceConfig {
                load_balancers: vec![ServiceLoadBalancer {
                    target_group_arn: GROUP.to_owned(),
                    container: "web".to_owned(),
                    container_port: 8080,
                }],
                ..service_config("shop", 2, definition)
            })
            .await;
        cluster
    }

    /// Starts the service `kiosk`, which has one task of the family `kiosk` and no target group. Returns the ARN of the task.
    pub async fn start_kiosk(&self) -> String {
        let mut request = definition("shop");
        request["family"] = json!("kiosk");
        let definition = self.ecs.register_task_definition(&request).await.unwrap();
        self.create_service(service_config("kiosk", 1, definition))
            .await;
        let request = json!({ "cluster": "market", "family": "kiosk" });
        let tasks = self.call("ListTasks", request).await;
        tasks["taskArns"][0].as_str().unwrap().to_owned()
    }

    async fn create_service(&self, config: ServiceConfig) {
        let name = config.name.clone();
        self.ecs.create_service(config).await;
        self.ecs.steady(&name).await;
    }

    /// Starts the cluster without services.
    pub fn empty() -> Self {
        let config = Config {
            cluster: "market".to_owned(),
            max_tasks: 20,
            task_start: Duration::ZERO,
        };
        let ecs = Ecs::start(
            config,
            Arc::new(PretendingRuntime),
            Arc::new(HealthyTargets),
            Arc::new(SystemClock::start()),
        );
        let router = wire::endpoint(vec![ecs.service()]);
        Self { ecs, router }
    }

    /// Sends a request, and returns the status and body of the response.
    pub async fn send(&self, operation: &str, body: impl Into<Body>) -> (StatusCode, Value) {
        let target = format!("AmazonEC2ContainerServiceV20141113.{operation}");
        let request = Request::post("/").header("x-amz-target", target);
        let request = request.body(body.into()).unwrap();
        let response = self.router.clone().oneshot(request).await.unwrap();
        assert_eq!(
            response.headers()["content-type"],
            "application/x-amz-json-1.1"
        );
        assert!(response.headers().contains_key("x-amzn-requestid"));
        let status = response.status();
        let body = to_bytes(response.into_body(), usize::MAX).await.unwrap();
        (status, serde_json::from_slice(&body).unwrap())
    }

    /// Calls an operation that succeeds.
    pub async fn call(&self, operation: &str, request: Value) -> Value {
        let (status, body) = self.send(operation, request.to_string()).await;
        assert_eq!(status, StatusCode::OK, "{operation} {request}: {body}");
        body
    }

    /// Calls an operation that fails. Returns the code and the message of the error.
    pub async fn refusal(&self, operation: &str, request: Value) -> (String, String) {
        let (status, body) = self.send(operation, request.to_string()).await;
        assert_eq!(
            status,
            StatusCode::BAD_REQUEST,
            "{operation} {request}: {body}"
        );
        let text = |member: &str| body[member].as_str().unwrap().to_owned();
        (text("__type"), text("message"))
    }

    /// The description of the service.
    pub async fn service(&self) -> Value {
        let request = json!({ "cluster": "market", "services": ["shop"] });
        let mut response = self.call("DescribeServices", request).await;
        assert_eq!(response["failures"], json!([]));
        response["services"][0].take()
    }

    /// Waits until the description of the service fulfils a condition.
    pub async fn wait_until(
        &self,
        what: &str,
        mut is_reached: impl FnMut(&Value) -> bool,
    ) -> Value {
        let mut overview = self.ecs.watch();
        let reached = async {
            loop {
                let service = self.service().await;
                if is_reached(&service) {
                    return service;
                }
                // Each change of the service is a change of the overview, or follows one within milliseconds.
                let _ = tokio::time::timeout(Duration::from_millis(20), overview.changed()).await;
            }
        };
        tokio::time::timeout(PATIENCE, reached)
            .await
            .unwrap_or_else(|_| panic!("never: {what}"))
    }

    /// The ARNs of the tasks that should run.
    pub async fn tasks(&self) -> Vec<String> {
        let tasks = self.call("ListTasks", json!({ "cluster": "market" })).await;
        let tasks = tasks["taskArns"].as_array().unwrap();
        tasks
            .iter()
            .map(|arn| arn.as_str().unwrap().to_owned())
            .collect()
    }

    /// All results of a list, page by page with `size` results.
    pub async fn pages(
        &self,
        operation: &str,
        list: &str,
        request: Value,
        size: u32,
    ) -> Vec<Value> {
        let mut request = request;
        request["maxResults"] = json!(size);
        let mut found = Vec::new();
        loop {
            let page = self.call(operation, request.clone()).await;
            let items = page[list].as_array().unwrap();
            assert!(items.len() <= size as usize);
            found.extend(items.iter().cloned());
            assert!(found.len() < 10_000, "the pages have no end");
            match page.get("nextToken") {
                Some(token) => request["nextToken"] = token.clone(),
                None => return found,
            }
        }
    }
}
