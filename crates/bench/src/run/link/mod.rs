//! Ways to an endpoint: each carries the transactions of a lane, and tells the lane what was said to them.

mod answer;
mod grpc;
mod http;
mod outage;
mod ws;

pub(super) use self::answer::Answer;
use super::{RunOptions, Transport, lane::Lane, tally::Tally};
use crate::rpc::{Rpc, RpcError};

/// A connection that failed for good.
#[derive(Debug, thiserror::Error)]
pub enum LinkError {
    /// The address is none.
    #[error("cannot use the address")]
    Address(#[source] RpcError),
    /// HTTP gave no answer.
    #[error("HTTP gave no answer")]
    Http(#[source] reqwest::Error),
    /// The WebSocket failed.
    #[error("the WebSocket failed")]
    WebSocket(#[source] Box<tokio_tungstenite::tungstenite::Error>),
    /// The stream could not be opened.
    #[error("gRPC cannot connect")]
    Connect(#[source] tonic::transport::Error),
    /// The stream failed.
    #[error("the gRPC stream failed")]
    Stream(#[source] Box<tonic::Status>),
    /// The other side ended it.
    #[error("the endpoint closed the connection with {0} requests unanswered")]
    Closed(usize),
    /// An answer that belongs to nothing.
    #[error("an answer that is none to what was sent: {0}")]
    Answer(String),
}

impl LinkError {
    /// Whether another connection may do better: this one broke, or there is nobody at the moment.
    fn may_pass(&self) -> bool {
        use tonic::Code;
        match self {
            Self::Http(_) | Self::WebSocket(_) | Self::Connect(_) | Self::Closed(_) => true,
            Self::Stream(status) => {
                let broken = [Code::Unavailable, Code::Unknown, Code::Internal, Code::Cancelled];
                broken.contains(&status.code())
            }
            Self::Address(_) | Self::Answer(_) => false,
        }
    }
}

/// Sends all of a lane; `rpc` asks the same endpoint over HTTP. What breaks is tried again for as long as the run has patience.
pub(super) async fn drive(lane: Lane, options: &RunOptions, rpc: &Rpc) -> Result<Tally, LinkError> {
    match options.transport {
        Transport::Http { batch } => http::drive(lane, options, rpc, batch).await,
        // A handshake with all that TLS may need is large.
        Transport::WebSocket { batch } => Box::pin(ws::drive(lane, options, batch)).await,
        Transport::Grpc { batch, is_durable } => {
            grpc::drive(lane, options, batch, is_durable).await
        }
    }
}
