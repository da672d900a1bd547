//! Finds the method of a call and runs it: calls, subscriptions and their ends.

use std::future::{Future, ready};

use futures::future::Either;
use jsonrpsee::{
    MethodResponse,
    core::middleware::{Batch, Notification, RpcServiceT},
    server::{
        BoundedSubscriptions, ConnectionId, IdProvider, MethodCallback, MethodSink, Methods,
        SubscriptionState,
    },
    types::{
        ErrorObject, Params, Request, SubscriptionId,
        error::{ErrorCode, reject_too_many_subscriptions},
    },
};

use super::limits::{RESPONSE_BYTES_MAX, SUBSCRIPTIONS_MAX};

/// Ids of subscriptions are random, so that connections need no numbers.
const CONNECTION: ConnectionId = ConnectionId(0);

/// Subscription ids as quantities: hexadecimal without leading zeros, because there are clients that read a number and
/// write it back that way.
#[derive(Debug)]
struct HexIds;

impl IdProvider for HexIds {
    fn next_id(&self) -> SubscriptionId<'static> {
        format!("{:#x}", rand::random::<u128>()).into()
    }
}

/// The methods, as one connection may call them.
#[derive(Debug, Clone)]
pub(super) struct Dispatch {
    methods: Methods,
    subscribing: Option<Subscribing>,
}

/// What subscriptions of a connection need.
#[derive(Debug, Clone)]
struct Subscribing {
    sink: MethodSink,
    subscriptions: BoundedSubscriptions,
}

impl Dispatch {
    /// For a connection that stays open and can be notified.
    pub(super) fn with_subscriptions(methods: Methods, sink: MethodSink) -> Self {
        let subscriptions = BoundedSubscriptions::new(SUBSCRIPTIONS_MAX);
        Self { methods, subscribing: Some(Subscribing { sink, subscriptions }) }
    }

    /// For requests that have one answer each.
    pub(super) const fn without_subscriptions(methods: Methods) -> Self {
        Self { methods, subscribing: None }
    }
}

impl RpcServiceT for Dispatch {
    type MethodResponse = MethodResponse;
    type NotificationResponse = MethodResponse;
    type BatchResponse = MethodResponse;

    fn call<'a>(&self, request: Request<'a>) -> impl Future<Output = MethodResponse> + Send + 'a {
        let bytes_max = RESPONSE_BYTES_MAX as usize;
        let Request { id, method, params, extensions, .. } = request;
        let params = Params::new(params.as_ref().map(|params| params.get()));
        let unknown = |id| MethodResponse::error(id, ErrorObject::from(ErrorCode::MethodNotFound));
        match (self.methods.method(&method), &self.subscribing) {
            (Some(MethodCallback::Sync(run)), _) => {
                Either::Left(ready(run(id, params, bytes_max, extensions)))
            }
            (Some(MethodCallback::Async(run)), _) => {
                let (id, params) = (id.into_owned(), params.into_owned());
                Either::Right(run(id, params, CONNECTION, bytes_max, extensions))
            }
            (Some(MethodCallback::Subscription(run)), Some(to)) => match to.subscriptions.acquire()
            {
                Some(subscription_permit) => {
                    let state = SubscriptionState {
                        conn_id: CONNECTION,
                        id_provider: &HexIds,
                        subscription_permit,
                    };
                    Either::Right(run(id, params, to.sink.clone(), state, extensions))
                }
                None => {
                    let many = reject_too_many_subscriptions(SUBSCRIPTIONS_MAX);
                    Either::Left(ready(MethodResponse::error(id, many)))
                }
            },
            (Some(MethodCallback::Unsubscription(run)), Some(_)) => {
                Either::Left(ready(run(id, params, CONNECTION, bytes_max, extensions)))
            }
            (None | Some(_), _) => Either::Left(ready(unknown(id))),
        }
    }

    /// Batches are taken apart before they come here.
    fn batch<'a>(&self, _batch: Batch<'a>) -> impl Future<Output = MethodResponse> + Send + 'a {
        ready(MethodResponse::notification())
    }

    fn notification<'a>(
        &self,
        _notification: Notification<'a>,
    ) -> impl Future<Output = MethodResponse> + Send + 'a {
        ready(MethodResponse::notification())
    }
}
