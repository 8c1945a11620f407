//! The actix application of a service: the health routes, the service's own routes, and the middleware.

use actix_web::App;
use actix_web::dev::{ServiceFactory, ServiceRequest, ServiceResponse};
use actix_web::middleware::from_fn;
use actix_web::web::{self, Data, ServiceConfig};

use crate::drain::{self, Lifecycle};
use crate::health::{self, Readiness};
use crate::observe::{self, Observer, ResponseBody};
use crate::{body, cors, error};

/// Builds one copy of the application for each worker thread. All copies share the lifecycle, the readiness
/// check and the observer.
#[derive(Clone)]
pub struct AppBuilder<R> {
    lifecycle: Data<Lifecycle>,
    readiness: Data<Readiness>,
    observer: Data<Observer>,
    routes: R,
}

impl<R> AppBuilder<R>
where
    R: Fn(&mut ServiceConfig) + Clone + 'static,
{
    /// Creates a builder. `routes` adds the service's own routes to each copy of the application.
    pub fn new(lifecycle: Lifecycle, readiness: Readiness, observer: Observer, routes: R) -> Self {
        Self {
            observer: Data::new(observer),
            lifecycle: Data::new(lifecycle),
            readiness: Data::new(readiness),
            routes,
        }
    }

    /// Builds one copy of the application.
    pub fn build(
        &self,
    ) -> App<
        impl ServiceFactory<
            ServiceRequest,
            Config = (),
            Response = ServiceResponse<ResponseBody>,
            Error = actix_web::Error,
            InitError = (),
        > + use<R>,
    > {
        App::new()
            .app_data(self.lifecycle.clone())
            .app_data(self.readiness.clone())
            .app_data(self.observer.clone())
            .configure(health::configure_routes)
            .configure(self.routes.clone())
            .default_service(web::to(error::respond_not_found))
            // actix calls the middleware in reverse order: the last `wrap` is the outermost middleware.
            .wrap(from_fn(cors::answer_preflight))
            .wrap(from_fn(body::discard_request_body))
            .wrap(from_fn(cors::add_headers))
            .wrap(from_fn(drain::close_connection))
            .wrap(from_fn(observe::record_request))
    }
}
