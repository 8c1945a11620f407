//! A response body that ends the request when the body ends.

use std::error::Error;
use std::pin::Pin;
use std::task::{Context, Poll};

use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::web::Bytes;

use super::exchange::Exchange;

/// A response body that informs its [`Exchange`] when the body is complete, fails, or is dropped.
pub struct ResponseBody {
    body: BoxBody,
    is_complete: bool,
    /// This field is `None` only while the response body is dropped.
    exchange: Option<Exchange>,
}

impl ResponseBody {
    /// Wraps the `body` of the response to `exchange`.
    pub fn new(exchange: Exchange, body: BoxBody) -> Self {
        Self {
            // actix does not poll an empty body, so an empty body is complete from the start.
            is_complete: matches!(body.size(), BodySize::None | BodySize::Sized(0)),
            body,
            exchange: Some(exchange),
        }
    }
}

impl MessageBody for ResponseBody {
    type Error = Box<dyn Error>;

    fn size(&self) -> BodySize {
        self.body.size()
    }

    fn poll_next(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Self::Error>>> {
        let this = &mut *self;
        let context = this.exchange.as_ref().map(Exchange::context);
        let _guard = context.map(opentelemetry::Context::attach);
        let chunk = Pin::new(&mut this.body).poll_next(cx);
        match &chunk {
            Poll::Ready(None) => this.is_complete = true,
            Poll::Ready(Some(Err(error))) => {
                if let Some(exchange) = &mut this.exchange {
                    exchange.record_body_error(&**error);
                }
            }
            _ => {}
        }
        chunk
    }
}

impl Drop for ResponseBody {
    fn drop(&mut self) {
        if let Some(exchange) = self.exchange.take()
            && self.is_complete
        {
            exchange.end_when_sent();
        }
    }
}
