//! JSON-RPC over HTTP: one request at a time on a connection of its own.

use super::{
    super::{RunOptions, lane::Lane, tally::Tally},
    LinkError,
    answer::{self, Answer},
    outage::Outage,
};
use crate::rpc::Rpc;

/// The client is that of all connections: one for each would read the certificates of the system each time. It keeps a
/// connection for every request that is under way.
pub(super) async fn drive(
    mut lane: Lane,
    options: &RunOptions,
    rpc: &Rpc,
    batch: usize,
) -> Result<Tally, LinkError> {
    let mut outage = Outage::new(options.patience);
    while let Some(items) = lane.next(batch).await {
        let body = answer::calls(&items, 0, batch);
        let request =
            rpc.client().post(rpc.url()).header("content-type", "application/json").body(body);
        let said = match exchange(request).await {
            Ok((status, text)) => {
                outage.is_over();
                answer::answers(&text, 0, items.len()).unwrap_or_else(|| {
                    let message = String::from_utf8_lossy(&text).chars().take(200).collect();
                    unreadable(status, message, items.len())
                })
            }
            Err(error) => {
                lane.lost(items, &error.to_string());
                outage.rest(&mut lane, LinkError::Http(error)).await?;
                continue;
            }
        };
        lane.answered(items, said);
    }
    Ok(lane.tally)
}

async fn exchange(request: reqwest::RequestBuilder) -> Result<(u16, bytes::Bytes), reqwest::Error> {
    let response = request.send().await?;
    let status = response.status().as_u16();
    Ok((status, response.bytes().await?))
}

/// A status and no JSON: what stands between the endpoint and us may be overloaded, too.
fn unreadable(status: u16, message: String, count: usize) -> Vec<Answer> {
    let code = format!("HTTP {status}");
    let answer = match status {
        429 | 502 | 503 | 504 => Answer::Later { code, message, may_be_there: status != 429 },
        _ => Answer::Refused { code, message },
    };
    vec![answer; count]
}
