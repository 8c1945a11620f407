//! Reads and updates the DynamoDB table of mysfits.

use std::cell::Cell;
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::retry::RetryConfig;
use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::AttributeValue;
use tokio::time::{sleep, timeout};

use crate::error::Error;
use crate::mysfit::{Filter, Mysfit, MysfitId};

mod backoff;
mod batches;
mod call_recorder;
mod failure;
mod item;

pub use call_recorder::CallRecorder;

use backoff::Backoff;
use batches::Batches;
use failure::{database_error, is_certainly_not_written};
use item::Item;

type UpdateError = SdkError<UpdateItemError>;

/// A client of the table. All DynamoDB calls of one request share one deadline.
#[derive(Clone, Debug)]
pub struct Store {
    client: Client,
    /// A client with the connections of `client`. The AWS SDK does not retry its calls.
    client_without_retries: Client,
    table: String,
    deadline: Duration,
    /// `None` if each like is written with an update of its own.
    batches: Option<Batches>,
}

impl Store {
    /// Creates a store without calling DynamoDB. With `like_batching`, concurrent likes of one mysfit are
    /// written with one update.
    pub fn new(client: Client, table: String, deadline: Duration, like_batching: bool) -> Self {
        let no_retries = client
            .config()
            .to_builder()
            .retry_config(RetryConfig::disabled());
        Self {
            client_without_retries: Client::from_conf(no_retries.build()),
            client,
            table,
            deadline,
            batches: like_batching.then(Batches::default),
        }
    }

    /// Reads all mysfits, from all pages of a scan.
    pub async fn list(&self) -> Result<Vec<Mysfit>, Error> {
        let scan = self.client.scan().table_name(&self.table);
        let pages = scan.into_paginator().items().send();
        self.within_deadline(async { parse_items(pages.collect::<Result<Vec<_>, _>>().await) })
            .await
    }

    /// Reads the mysfits that match `filter`, from all pages of a query of the filter's index.
    pub async fn list_matching(&self, filter: Filter) -> Result<Vec<Mysfit>, Error> {
        let query = self
            .client
            .query()
            .table_name(&self.table)
            .index_name(filter.attribute.index_name())
            .key_condition_expression("#attribute = :value")
            .expression_attribute_names("#attribute", filter.attribute.name())
            .expression_attribute_values(":value", AttributeValue::S(filter.value));
        let pages = query.into_paginator().items().send();
        self.within_deadline(async { parse_items(pages.collect::<Result<Vec<_>, _>>().await) })
            .await
    }

    /// Reads one mysfit. The read is consistent, so the result includes every like that has been answered.
    pub async fn find(&self, id: &MysfitId) -> Result<Mysfit, Error> {
        let get = self.client.get_item().table_name(&self.table);
        let get = get
            .key("MysfitId", key_attribute(id))
            .consistent_read(true)
            .send();
        let output = self
            .within_deadline(async { get.await.map_err(database_error) })
            .await?;
        let item = output.item.ok_or(Error::NoSuchMysfit)?;
        parse_item(item).ok_or(Error::NoSuchMysfit)
    }

    /// Adds one like to a mysfit.
    pub async fn add_like(&self, id: &MysfitId) -> Result<(), Error> {
        match &self.batches {
            Some(batches) => batches.add_like(self, id).await,
            None => self.add_single_like(id).await,
        }
    }

    /// Adds one like with an update of its own.
    ///
    /// This method retries the update only if DynamoDB certainly wrote nothing. If DynamoDB may have
    /// written the item, a retry could add the like twice.
    async fn add_single_like(&self, id: &MysfitId) -> Result<(), Error> {
        // During a pause, this cell contains the error of the last attempt. If the deadline expires during
        // a pause, the request fails with the error of the last attempt instead of a timeout, because
        // DynamoDB has written nothing.
        let error_during_pause = Cell::new(None);
        let result = self.within_deadline(async {
            let mut backoff = Backoff::new();
            loop {
                error_during_pause.take();
                match self.write_likes(id, 1).await {
                    Ok(()) => return Ok(()),
                    Err(error) if is_certainly_not_written(&error) => {
                        let pause = choose_pause(&mut backoff);
                        error_during_pause.set(Some(error));
                        sleep(pause).await;
                    }
                    Err(error) => return Err(convert_update_error(error)),
                }
            }
        });
        match (result.await, error_during_pause.take()) {
            (Err(Error::DatabaseTimeout), Some(error)) => Err(database_error(error)),
            (result, _) => result,
        }
    }

    /// Adds `count` likes to a mysfit with one update. The SDK does not retry the update.
    async fn write_likes(&self, id: &MysfitId, count: usize) -> Result<(), UpdateError> {
        let update = self
            .client_without_retries
            .update_item()
            .table_name(&self.table)
            .key("MysfitId", key_attribute(id))
            .update_expression("ADD Likes :count")
            .condition_expression("attribute_type(Likes, :number)")
            .expression_attribute_values(":count", AttributeValue::N(count.to_string()))
            .expression_attribute_values(":number", AttributeValue::S("N".to_owned()));
        update.send().await.map(drop)
    }

    /// Marks a mysfit as adopted. The update is idempotent, so the SDK may retry the update.
    pub async fn adopt(&self, id: &MysfitId) -> Result<(), Error> {
        let update = self
            .client
            .update_item()
            .table_name(&self.table)
            .key("MysfitId", key_attribute(id))
            .update_expression("SET Adopted = :adopted")
            .condition_expression("attribute_exists(MysfitId)")
            .expression_attribute_values(":adopted", AttributeValue::Bool(true))
            .send();
        self.within_deadline(async { update.await.map(drop).map_err(convert_update_error) })
            .await
    }

    /// Checks that DynamoDB can read the table. The check reads a key that no mysfit has.
    pub async fn check_table(&self) -> Result<(), Error> {
        let get = self.client.get_item().table_name(&self.table);
        let get = get.key("MysfitId", AttributeValue::S("health check".to_owned()));
        self.within_deadline(async { get.send().await.map(drop).map_err(database_error) })
            .await
    }

    /// Limits the duration of `calls`.
    ///
    /// The future of an SDK call has a size of several kilobytes. Without the box, each async function between this
    /// function and the worker would contain a copy of the future, and each request would copy all of them.
    fn within_deadline<T>(
        &self,
        calls: impl Future<Output = Result<T, Error>>,
    ) -> impl Future<Output = Result<T, Error>> {
        let calls = timeout(self.deadline, Box::pin(calls));
        async { calls.await.unwrap_or(Err(Error::DatabaseTimeout)) }
    }
}

fn key_attribute(id: &MysfitId) -> AttributeValue {
    AttributeValue::S(id.as_str().to_owned())
}

/// Parses the items of a list. Invalid items are skipped, so that the list contains all valid mysfits.
fn parse_items<E>(items: Result<Vec<Item>, E>) -> Result<Vec<Mysfit>, Error>
where
    E: std::error::Error + Send + Sync + 'static,
{
    let items = items.map_err(database_error)?;
    Ok(items.into_iter().filter_map(parse_item).collect())
}

/// Parses an item. Logs a warning and returns `None` if the item is invalid.
fn parse_item(mut item: Item) -> Option<Mysfit> {
    Mysfit::try_from(&mut item)
        .inspect_err(|error| {
            let id = item.get("MysfitId").and_then(|id| id.as_s().ok());
            tracing::warn!(mysfit.id = id, cause = %error, "the item is not a mysfit and is ignored");
        })
        .ok()
}

/// Chooses and logs the pause before the next attempt of an update that DynamoDB has not written.
fn choose_pause(backoff: &mut Backoff) -> Duration {
    let pause = backoff.next_pause(rand::random());
    let pause_ms = pause.as_secs_f64() * 1000.0;
    tracing::debug!(pause_ms, "the like was not written, the update is retried");
    pause
}

fn convert_update_error(error: UpdateError) -> Error {
    let condition_failed = error
        .as_service_error()
        .is_some_and(UpdateItemError::is_conditional_check_failed_exception);
    if condition_failed {
        Error::NoSuchMysfit
    } else {
        database_error(error)
    }
}
