//! The operators' door: a listener of its own, on this machine unless that is allowed otherwise, and who may come in.
//!
//! A web page must not get at it through the browser of somebody on this machine. Browsers name the page in `Origin`, so
//! whatever has one is refused; and a page that has its name resolve to this machine says that name in `Host`. Where
//! there is a token, it is asked for besides.

use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
};

use alloy::primitives::{B256, keccak256};
use axum::{
    Router,
    body::Body,
    extract::Request,
    http::{HeaderMap, Response, header},
    routing::post,
};
use jsonrpsee::{
    RpcModule,
    core::{RegisterMethodError, middleware::RpcServiceBuilder},
    server::{
        BatchRequestConfig, ConnectionGuard, ConnectionState, Methods, ServerConfig, StopHandle,
        http,
    },
};
use service::{LogFilter, Secret};
use tokio_util::sync::CancellationToken;

use super::{AdminMethods, AdminServer};
use crate::{
    SequencerHandle,
    api::{
        errors,
        http::failed,
        limits::{ADMIN_REQUEST_BYTES_MAX, ADMIN_REQUESTS_MAX},
        listener::peer,
        methods::{Meter, MethodsLayer},
        net::register_modules,
        server::{Doors, ServeError, serve},
    },
    quota::{Client, QuotaConfig, Quotas},
};

/// Shortest token, in bytes.
const TOKEN_BYTES_MIN: usize = 16;

/// Where the door is, and who may come in.
#[derive(Debug, Clone)]
pub struct AdminSettings {
    /// Where to listen.
    pub listen: SocketAddr,
    /// What every request must carry as its bearer token.
    pub token: Option<Secret>,
    /// Whether other machines may come.
    pub allow_remote: bool,
}

/// Why the operators' door cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum AdminError {
    /// Others could reach it, and nobody has said that they may.
    #[error("{0} can be reached from other machines: allow_remote and a token are needed for that")]
    Exposed(SocketAddr),
    /// The token can be guessed.
    #[error("the token must have at least {TOKEN_BYTES_MIN} bytes")]
    TokenTooShort,
    /// It cannot be opened.
    #[error("cannot open the operators' door")]
    Serve(#[source] ServeError),
}

impl AdminSettings {
    fn validate(&self) -> Result<(), AdminError> {
        let exposed = !self.listen.ip().is_loopback();
        if exposed && !(self.allow_remote && self.token.is_some()) {
            return Err(AdminError::Exposed(self.listen));
        }
        match &self.token {
            Some(token) if token.reveal().len() < TOKEN_BYTES_MIN => Err(AdminError::TokenTooShort),
            _ => Ok(()),
        }
    }
}

/// Opens the operators' door of a running sequencer.
///
/// # Errors
/// When the settings would let in too many, or the address cannot be listened on.
pub async fn open(
    settings: AdminSettings,
    handle: &SequencerHandle,
    logs: LogFilter,
) -> Result<Doors, AdminError> {
    settings.validate()?;
    let methods = AdminMethods {
        operator: handle.operator.clone(),
        view: handle.view.clone(),
        fence: handle.fence,
        logs,
    };
    let methods = assemble(methods)
        .map_err(|error| AdminError::Serve(ServeError::Assemble(Box::new(error))))?;
    let closing = CancellationToken::new();
    // Of its own, so that no load on the public door keeps the operator out.
    let quotas = Arc::new(Quotas::new(QuotaConfig::default()));
    let opened = serve(settings.listen, quotas, closing, |stop| {
        let door = Door {
            methods: methods.into(),
            meter: Meter::default(),
            // The token itself is nowhere any more. Comparing hashes tells nothing about it by its time.
            token: settings.token.map(|token| keccak256(token.reveal())),
            guard: ConnectionGuard::new(ADMIN_REQUESTS_MAX),
            stop,
        };
        Router::new().route("/", post(move |request| door.clone().answer(request)))
    });
    opened.await.map_err(AdminError::Serve)
}

fn assemble(methods: AdminMethods) -> Result<RpcModule<()>, RegisterMethodError> {
    let mut all = RpcModule::new(());
    all.merge(methods.into_rpc())?;
    register_modules(&mut all)?;
    Ok(all)
}

#[derive(Debug, Clone)]
struct Door {
    methods: Methods,
    meter: Meter,
    token: Option<B256>,
    guard: ConnectionGuard,
    stop: StopHandle,
}

impl Door {
    async fn answer(self, request: Request) -> Response<Body> {
        if let Err(why) = self.admit(&request) {
            let from = peer(request.extensions());
            tracing::warn!(%from, why, "kept out of the operators' door");
            return failed(errors::kept_out(why));
        }
        let Some(permit) = self.guard.try_acquire() else {
            return failed(errors::overloaded("rate limit exceeded: too many connections"));
        };
        let connection = ConnectionState::new(self.stop, 0, permit);
        let config = ServerConfig::builder()
            .max_request_body_size(ADMIN_REQUEST_BYTES_MAX)
            .set_batch_request_config(BatchRequestConfig::Disabled)
            .build();
        let layer = MethodsLayer { notifies: false, client: Client::exempt(), meter: self.meter };
        let stack = RpcServiceBuilder::new().layer(layer);
        let answer =
            http::call_with_service_builder(request, config, connection, self.methods, stack);
        answer.await.map(Body::new)
    }

    /// Why a request may not come in.
    fn admit(&self, request: &Request) -> Result<(), &'static str> {
        let headers = request.headers();
        if headers.contains_key(header::ORIGIN) {
            return Err("web pages may not ask here");
        }
        match self.token {
            Some(token) => match bearer(headers) {
                Some(given) if keccak256(given) == token => Ok(()),
                Some(_) => Err("wrong token"),
                None => Err("a token is needed"),
            },
            None if names_this_machine(headers) => Ok(()),
            None => Err("not the name of this machine"),
        }
    }
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    headers.get(header::AUTHORIZATION)?.to_str().ok()?.strip_prefix("Bearer ")
}

/// Whether the client has asked for `localhost` or an address of the loopback interface, with or without a port.
fn names_this_machine(headers: &HeaderMap) -> bool {
    let Some(host) = headers.get(header::HOST).and_then(|host| host.to_str().ok()) else {
        return false;
    };
    let Ok(authority) = host.parse::<axum::http::uri::Authority>() else { return false };
    let name = authority.host();
    let address = name.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    name == "localhost" || address.is_ok_and(|address| address.is_loopback())
}
