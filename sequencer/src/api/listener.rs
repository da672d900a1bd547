//! The sockets of the doors: so many in all and of one client, none that is silent for long.

use std::{
    io,
    net::{IpAddr, SocketAddr},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};

use axum::{
    extract::connect_info::Connected,
    http::Extensions,
    serve::{IncomingStream, Listener},
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore},
    time::{Instant, Sleep},
};

use super::limits::{SOCKET_SILENCE_MAX, SOCKETS_MAX};
use crate::quota::{Quotas, Running};

/// Accepts connections while there is room.
#[derive(Debug)]
pub(super) struct DoorListener {
    listener: TcpListener,
    room: Arc<Semaphore>,
    quotas: Arc<Quotas>,
}

impl DoorListener {
    pub(super) fn new(listener: TcpListener, quotas: Arc<Quotas>) -> Self {
        Self { listener, room: Arc::new(Semaphore::new(SOCKETS_MAX)), quotas }
    }
}

impl Listener for DoorListener {
    type Io = Socket<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        loop {
            let Ok(room) = self.room.clone().acquire_owned().await else {
                // Never closed.
                return std::future::pending().await;
            };
            let (stream, address) = Listener::accept(&mut self.listener).await;
            // Nothing has been said yet in which a refusal could be told.
            let Ok(open) = self.quotas.socket(address.ip()) else { continue };
            // Answers are small and written at once; waiting for more to send only delays them.
            if let Err(error) = stream.set_nodelay(true) {
                tracing::debug!(%error, "cannot set TCP_NODELAY");
            }
            return (Socket::new(stream, SOCKET_SILENCE_MAX, Some((open, room))), address);
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}

/// The other end of a connection.
#[derive(Debug, Clone, Copy)]
pub(super) struct Peer(SocketAddr);

impl Peer {
    pub(super) const fn address(self) -> SocketAddr {
        self.0
    }
}

impl Connected<IncomingStream<'_, DoorListener>> for Peer {
    fn connect_info(stream: IncomingStream<'_, DoorListener>) -> Self {
        Self(*stream.remote_addr())
    }
}

/// The address that a request comes from. The listener tells it of every connection.
pub(super) fn peer(extensions: &Extensions) -> IpAddr {
    let info = extensions.get::<axum::extract::ConnectInfo<Peer>>();
    info.map_or(IpAddr::from([0, 0, 0, 0]), |info| info.0.0.ip())
}

/// A connection. It fails when nothing has gone either way for too long.
#[derive(Debug)]
pub(super) struct Socket<S> {
    stream: S,
    active: Instant,
    silence_max: Duration,
    silence: Pin<Box<Sleep>>,
    _counted: Option<(Running, OwnedSemaphorePermit)>,
}

impl<S> Socket<S> {
    fn new(
        stream: S,
        silence_max: Duration,
        counted: Option<(Running, OwnedSemaphorePermit)>,
    ) -> Self {
        let silence = Box::pin(tokio::time::sleep(silence_max));
        Self { stream, active: Instant::now(), silence_max, silence, _counted: counted }
    }

    /// Ready when it has been silent for too long.
    fn poll_silence(&mut self, context: &mut Context<'_>) -> Poll<io::Error> {
        loop {
            ready!(self.silence.as_mut().poll(context));
            let end = self.active + self.silence_max;
            if end <= Instant::now() {
                return Poll::Ready(io::ErrorKind::TimedOut.into());
            }
            self.silence.as_mut().reset(end);
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Socket<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match Pin::new(&mut self.stream).poll_read(context, buffer) {
            Poll::Pending => self.poll_silence(context).map(Err),
            done => {
                self.active = Instant::now();
                done
            }
        }
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Socket<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(context, bytes);
        if written.is_ready() {
            self.active = Instant::now();
        }
        written
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(context, slices);
        if written.is_ready() {
            self.active = Instant::now();
        }
        written
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, duplex};

    use super::*;

    #[tokio::test]
    async fn a_silent_connection_ends() {
        let (_other, stream) = duplex(64);
        let silence_max = Duration::from_millis(20);
        let mut socket = Socket::new(stream, silence_max, None);
        let began = Instant::now();
        let error = socket.read(&mut [0; 1]).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        assert!(began.elapsed() >= silence_max);
    }
}
