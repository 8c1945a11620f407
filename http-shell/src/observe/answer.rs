//! The body of an answer, which ends its request.

use std::error::Error;
use std::pin::Pin;
use std::task::{Context, Poll};

use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::web::Bytes;

use super::exchange::Exchange;

/// A body that is observed until it is complete or given up.
pub struct AnswerBody {
    body: BoxBody,
    is_complete: bool,
    /// `None` only while this is dropped.
    exchange: Option<Exchange>,
}

impl AnswerBody {
    /// Observes the `body` of the answer to `exchange`.
    pub fn new(exchange: Exchange, body: impl MessageBody + 'static) -> Self {
        let body = body.boxed();
        Self {
            // actix does not poll such a body.
            is_complete: matches!(body.size(), BodySize::None | BodySize::Sized(0)),
            body,
            exchange: Some(exchange),
        }
    }
}

impl MessageBody for AnswerBody {
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
        let _within = context.map(opentelemetry::Context::attach);
        let next = Pin::new(&mut this.body).poll_next(cx);
        match &next {
            Poll::Ready(None) => this.is_complete = true,
            Poll::Ready(Some(Err(error))) => {
                if let Some(exchange) = &mut this.exchange {
                    exchange.body_failed(&**error);
                }
            }
            _ => {}
        }
        next
    }
}

impl Drop for AnswerBody {
    fn drop(&mut self) {
        if let Some(exchange) = self.exchange.take()
            && self.is_complete
        {
            exchange.complete();
        }
    }
}
