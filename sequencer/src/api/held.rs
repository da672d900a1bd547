//! A request counts until its answer has been read.

use std::{
    pin::Pin,
    task::{Context, Poll},
};

use axum::{
    body::{Body, Bytes, HttpBody},
    http::Response,
};

/// Keeps `running` until the body was read or given up.
pub(super) fn held(
    response: Response<Body>,
    running: impl Send + Unpin + 'static,
) -> Response<Body> {
    response.map(|body| Body::new(Held { body, _running: running }))
}

struct Held<T> {
    body: Body,
    _running: T,
}

impl<T: Unpin> HttpBody for Held<T> {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<http_body::Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> http_body::SizeHint {
        self.body.size_hint()
    }
}
