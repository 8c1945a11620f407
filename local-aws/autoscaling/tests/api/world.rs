//! A service with tasks, alarms, and the API of Application Auto Scaling.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, UNIX_EPOCH};

use autoscaling::{
    AlarmAction, AlarmState, Alarms, AutoScaling, BoxFuture, Breach, Capacity, DesiredCount,
    ServiceId,
};
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Request, StatusCode};
use serde_json::{Value, json};
use tokio::time::Instant;
use tower::ServiceExt;
use wire::Error;

/// The resource id of the service.
pub const RESOURCE: &str = "service/default/web-app";

/// The time of the first call, in seconds.
pub const START: u64 = 1_789_609_104;

/// The simulated services and alarms.
#[derive(Default)]
pub struct World {
    services: Mutex<BTreeMap<String, Capacity>>,
    /// By name: the requests of `PutMetricAlarm`.
    pub alarms: Mutex<BTreeMap<String, Value>>,
    /// The next change of a desired count fails with this message.
    pub failure: Mutex<Option<String>>,
    /// The number of alarms that can still be created; `None` is no limit.
    pub free_alarms: Mutex<Option<usize>>,
}

impl World {
    pub fn capacity(&self, resource: &str) -> Capacity {
        self.services.lock().unwrap()[resource].clone()
    }

    /// Changes the capacity of the service as ECS would.
    pub fn change(&self, change: impl FnOnce(&mut Capacity)) {
        change(self.services.lock().unwrap().get_mut(RESOURCE).unwrap());
    }

    /// All desired tasks run.
    pub fn start_tasks(&self) {
        self.change(|capacity| capacity.running = capacity.desired);
    }

    /// Creates an alarm of a reader.
    pub fn insert_alarm(&self, alarm: Value) {
        let name = alarm["AlarmName"].as_str().unwrap().to_owned();
        self.alarms.lock().unwrap().insert(name, alarm);
    }

    pub fn alarm_names(&self) -> Vec<String> {
        self.alarms.lock().unwrap().keys().cloned().collect()
    }
}

impl DesiredCount for World {
    fn get<'a>(&'a self, service: &'a ServiceId) -> BoxFuture<'a, Option<Capacity>> {
        let capacity = self
            .services
            .lock()
            .unwrap()
            .get(&service.to_string())
            .cloned();
        Box::pin(async { capacity })
    }

    fn set<'a>(
        &'a self,
        service: &'a ServiceId,
        desired: u32,
    ) -> BoxFuture<'a, Result<(), String>> {
        let result = match self.failure.lock().unwrap().take() {
            Some(failure) => Err(failure),
            None => {
                let mut services = self.services.lock().unwrap();
                services.get_mut(&service.to_string()).unwrap().desired = desired;
                Ok(())
            }
        };
        Box::pin(async { result })
    }
}

impl Alarms for World {
    fn put(&self, request: Value) -> BoxFuture<'_, Result<(), Error>> {
        let mut free = self.free_alarms.lock().unwrap();
        let result = match &mut *free {
            Some(0) => {
                let message = "The maximum number of alarms has been reached";
                Err(Error::bad_request("LimitExceeded", message))
            }
            limit => {
                *limit = limit.map(|limit| limit - 1);
                let name = request["AlarmName"].as_str().unwrap().to_owned();
                self.alarms.lock().unwrap().insert(name, request);
                Ok(())
            }
        };
        Box::pin(async { result })
    }

    fn delete(&self, names: Vec<String>) -> BoxFuture<'_, ()> {
        self.alarms
            .lock()
            .unwrap()
            .retain(|name, _| !names.contains(name));
        Box::pin(async {})
    }

    fn with_action<'a>(&'a self, action: &'a str) -> BoxFuture<'a, Vec<String>> {
        let alarms = self.alarms.lock().unwrap();
        let has_action = |alarm: &Value| alarm["AlarmActions"] == json!([action]);
        let names = alarms.iter().filter(|(_, alarm)| has_action(alarm));
        let names = names.map(|(name, _)| name.clone()).collect();
        Box::pin(async { names })
    }

    fn remove_action<'a>(&'a self, action: &'a str) -> BoxFuture<'a, ()> {
        for alarm in self.alarms.lock().unwrap().values_mut() {
            let actions = alarm["AlarmActions"].as_array_mut().unwrap();
            actions.retain(|it| it != action);
        }
        Box::pin(async {})
    }
}

/// The API, with the service `web-app` that has two tasks.
pub struct Api {
    pub world: Arc<World>,
    pub scaling: AutoScaling,
    endpoint: Router,
}

impl Api {
    /// An API whose clock is that of the runtime.
    pub fn new() -> Self {
        let world = Arc::new(World::default());
        let capacity = Capacity {
            desired: 2,
            running: 2,
            target_groups: vec![
                "arn:aws:elasticloadbalancing:us-east-1:000000000000:targetgroup/web/0123456789abcdef"
                    .to_owned(),
            ],
            ..Capacity::default()
        };
        for resource in [RESOURCE, "service/default/other", "service/prod/web-app"] {
            let mut services = world.services.lock().unwrap();
            services.insert(resource.to_owned(), capacity.clone());
        }
        let start = Instant::now();
        let clock = move || UNIX_EPOCH + Duration::from_secs(START) + start.elapsed();
        let scaling = AutoScaling::start(
            Arc::clone(&world) as Arc<dyn DesiredCount>,
            Arc::clone(&world) as Arc<dyn Alarms>,
            Arc::new(clock),
        );
        let endpoint = wire::endpoint(vec![scaling.service()]);
        Self {
            world,
            scaling,
            endpoint,
        }
    }

    /// An API with a target of two to ten tasks.
    pub async fn with_target() -> Self {
        let api = Self::new();
        api.succeed("RegisterScalableTarget", bounds(2, 10)).await;
        api
    }

    /// Calls an operation. Parameters that the request does not have get the values of the target.
    ///
    /// # Errors
    ///
    /// Fails with the code and the message of an error.
    pub async fn call(&self, operation: &str, request: Value) -> Result<Value, (String, String)> {
        let mut parameters = match operation {
            "DescribeScalableTargets" | "DescribeScalingPolicies" | "DescribeScalingActivities" => {
                json!({ "ServiceNamespace": "ecs" })
            }
            _ => json!({
                "ServiceNamespace": "ecs",
                "ResourceId": RESOURCE,
                "ScalableDimension": "ecs:service:DesiredCount",
            }),
        };
        let request = request.as_object().unwrap().clone();
        parameters.as_object_mut().unwrap().extend(request);
        let (status, body) = self.send(operation, parameters.to_string()).await;
        let member = |name: &str| body[name].as_str().unwrap_or_default().to_owned();
        match status {
            StatusCode::OK => Ok(body),
            StatusCode::BAD_REQUEST => Err((member("__type"), member("message"))),
            _ => panic!("{operation} {parameters}: {status} {body}"),
        }
    }

    /// Sends a request to the endpoint.
    pub async fn send(&self, operation: &str, body: impl Into<Body>) -> (StatusCode, Value) {
        let target = format!("AnyScaleFrontendService.{operation}");
        let request = Request::post("/").header("x-amz-target", target);
        let request = request.body(body.into()).unwrap();
        let response = self.endpoint.clone().oneshot(request).await.unwrap();
        let status = response.status();
        let body = to_bytes(response.into_body(), usize::MAX).await.unwrap();
        (status, serde_json::from_slice(&body).unwrap())
    }

    pub async fn succeed(&self, operation: &str, request: Value) -> Value {
        self.call(operation, request).await.unwrap()
    }

    /// Calls an operation that fails. Returns the code and the message of the error.
    pub async fn fail(&self, operation: &str, request: Value) -> (String, String) {
        let result = self.call(operation, request.clone()).await;
        result.expect_err(&format!("{operation} {request}"))
    }

    pub async fn put_step(&self, name: &str, adjustment: i32) -> String {
        let policy = self
            .succeed("PutScalingPolicy", step(name, adjustment))
            .await;
        policy["PolicyARN"].as_str().unwrap().to_owned()
    }

    /// Creates a target tracking policy of the CPU utilisation. Returns the response.
    pub async fn put_tracking(&self, name: &str, target_value: f64) -> Value {
        self.succeed("PutScalingPolicy", tracking(name, target_value))
            .await
    }

    /// The desired count of the service.
    pub fn desired(&self) -> u32 {
        self.world.capacity(RESOURCE).desired
    }

    /// All activities, newest first.
    pub async fn activities(&self) -> Vec<Value> {
        let request = json!({ "IncludeNotScaledActivities": true });
        let activities = self.succeed("DescribeScalingActivities", request).await;
        activities["ScalingActivities"].as_array().unwrap().clone()
    }

    /// Runs an action of an alarm with a threshold of 50, and waits until it has been handled.
    pub async fn alarm(&self, action: &str, alarm: &str, datapoints: &[f64]) {
        let results = self.act([alarm_action(action, alarm, datapoints)]).await;
        assert_eq!(results, [Ok(())]);
    }

    /// Runs actions of one evaluation, and waits until they have been handled.
    pub async fn act<const N: usize>(&self, actions: [AlarmAction; N]) -> Vec<Result<(), String>> {
        let results = self.scaling.on_alarms(actions.into()).await;
        settle().await;
        results
    }
}

/// Lets the service handle what it has received. The clock is paused, so the service's own waiting takes no time.
pub async fn settle() {
    tokio::time::sleep(Duration::from_millis(1)).await;
}

pub fn alarm_action(action: &str, alarm: &str, datapoints: &[f64]) -> AlarmAction {
    AlarmAction {
        action: action.to_owned(),
        alarm: alarm.to_owned(),
        state: AlarmState::Alarm,
        threshold: 50.0,
        breach: Breach::Above,
        datapoints: datapoints.to_vec(),
    }
}

pub fn bounds(min: i32, max: i32) -> Value {
    json!({ "MinCapacity": min, "MaxCapacity": max })
}

/// A step scaling policy with one step: for values above the threshold, or below it for a negative adjustment.
pub fn step(name: &str, adjustment: i32) -> Value {
    let bound = match adjustment {
        0.. => "MetricIntervalLowerBound",
        _ => "MetricIntervalUpperBound",
    };
    json!({
        "PolicyName": name,
        "PolicyType": "StepScaling",
        "StepScalingPolicyConfiguration": {
            "AdjustmentType": "ChangeInCapacity",
            "StepAdjustments": [{ bound: 0, "ScalingAdjustment": adjustment }],
            "Cooldown": 60,
        },
    })
}

pub fn tracking(name: &str, target_value: f64) -> Value {
    json!({
        "PolicyName": name,
        "PolicyType": "TargetTrackingScaling",
        "TargetTrackingScalingPolicyConfiguration": {
            "TargetValue": target_value,
            "PredefinedMetricSpecification": {
                "PredefinedMetricType": "ECSServiceAverageCPUUtilization",
            },
        },
    })
}
