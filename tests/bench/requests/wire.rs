//! A client that costs next to nothing: the same bytes again and again on one connection, and answers not parsed.
//! Whatever it spent would be taken from the server, which shares the machine.

use std::net::Ipv4Addr;

use eyre::{Result, ensure, eyre};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpSocket, TcpStream},
};

/// Longest head of an answer.
const HEAD_BYTES_MAX: usize = 16 * 1024;

/// The bytes of a POST request.
pub(super) fn post(host: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    let head = format!(
        "POST / HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n"
    );
    [head.as_bytes(), body.as_bytes()].concat()
}

/// A connection that is kept.
pub(super) struct Connection {
    stream: TcpStream,
    read: Vec<u8>,
}

impl Connection {
    pub(super) async fn open(host: &str) -> Result<Self> {
        Self::open_from(Ipv4Addr::LOCALHOST, host).await
    }

    /// From an address of this machine: servers have limits for each.
    pub(super) async fn open_from(address: Ipv4Addr, host: &str) -> Result<Self> {
        let socket = TcpSocket::new_v4()?;
        socket.bind((address, 0).into())?;
        let stream = socket.connect(host.parse()?).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, read: Vec::new() })
    }

    /// Sends a request and gives the body of the answer.
    pub(super) async fn ask(&mut self, request: &[u8]) -> Result<&[u8]> {
        let (status, body) = self.ask_any(request).await?;
        ensure!(status == 200, "status {status}");
        Ok(body)
    }

    /// The same for a request that may be refused: the status as well.
    pub(super) async fn ask_any(&mut self, request: &[u8]) -> Result<(u16, &[u8])> {
        self.stream.write_all(request).await?;
        self.read.clear();
        let body = self.head().await?;
        let head = std::str::from_utf8(&self.read[..body])?.to_ascii_lowercase();
        let status = head.strip_prefix("http/1.1 ").and_then(|rest| rest.get(..3));
        let status = status.ok_or_else(|| eyre!("no status: {head}"))?.parse()?;
        let length = head.lines().find_map(|line| line.strip_prefix("content-length:"));
        let length = length.ok_or_else(|| eyre!("an answer without its length: {head}"))?;
        let end = body + length.trim().parse::<usize>()?;
        while self.read.len() < end {
            self.more().await?;
        }
        Ok((status, &self.read[body..end]))
    }

    /// Changes to WebSocket.
    pub(super) async fn upgrade(mut self, host: &str) -> Result<Socket> {
        // The key is anything of 16 bytes; the server's proof that it has read it is not looked at.
        let request = format!(
            "GET / HTTP/1.1\r\nHost: {host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: YnJhaWQgYmVuY2htYXJrIQ==\r\n\r\n"
        );
        self.stream.write_all(request.as_bytes()).await?;
        let end = self.head().await?;
        let is_open = self.read.starts_with(b"HTTP/1.1 101");
        ensure!(is_open, "no WebSocket: {}", String::from_utf8_lossy(&self.read));
        self.read.drain(..end);
        Ok(Socket { stream: self.stream, read: self.read })
    }

    /// Reads the head of an answer and says where it ends.
    async fn head(&mut self) -> Result<usize> {
        loop {
            if let Some(at) = self.read.windows(4).position(|bytes| bytes == b"\r\n\r\n") {
                return Ok(at + 4);
            }
            ensure!(self.read.len() < HEAD_BYTES_MAX, "a head without an end");
            self.more().await?;
        }
    }

    async fn more(&mut self) -> Result<()> {
        ensure!(self.stream.read_buf(&mut self.read).await? > 0, "the server hung up");
        Ok(())
    }
}

/// A WebSocket, as far as reading short messages needs it.
pub(super) struct Socket {
    stream: TcpStream,
    read: Vec<u8>,
}

/// Kinds of frames (RFC 6455, section 5.2), with the bit of a message's last frame.
const TEXT: u8 = 0x81;
const PING: u8 = 0x89;
const PONG: u8 = 0x8a;

impl Socket {
    /// Sends a text.
    pub(super) async fn send(&mut self, text: &str) -> Result<()> {
        self.frame(TEXT, text.as_bytes()).await
    }

    /// The next text.
    pub(super) async fn next(&mut self) -> Result<Vec<u8>> {
        loop {
            let (kind, payload) = self.take().await?;
            match kind {
                TEXT => return Ok(payload),
                PING => self.frame(PONG, &payload).await?,
                other => return Err(eyre!("a frame of kind {other:#x}")),
            }
        }
    }

    async fn frame(&mut self, kind: u8, payload: &[u8]) -> Result<()> {
        /// A client has to mask what it sends; this mask changes nothing.
        const MASK: [u8; 4] = [0; 4];
        let length = match u8::try_from(payload.len()) {
            Ok(length @ ..126) => vec![length | 0x80],
            _ => [&[126 | 0x80][..], &u16::try_from(payload.len())?.to_be_bytes()].concat(),
        };
        let frame = [&[kind][..], &length, &MASK, payload].concat();
        Ok(self.stream.write_all(&frame).await?)
    }

    async fn take(&mut self) -> Result<(u8, Vec<u8>)> {
        loop {
            if let Some((kind, start, end)) = self.complete() {
                let payload = self.read[start..end].to_vec();
                self.read.drain(..end);
                return Ok((kind, payload));
            }
            ensure!(self.stream.read_buf(&mut self.read).await? > 0, "the server hung up");
        }
    }

    /// The kind of the frame that was read in whole, and where its payload begins and ends.
    fn complete(&self) -> Option<(u8, usize, usize)> {
        let [kind, length, rest @ ..] = self.read.as_slice() else { return None };
        let (start, length) = match length {
            126 => (4, usize::from(u16::from_be_bytes(*rest.first_chunk()?))),
            127 => (10, usize::try_from(u64::from_be_bytes(*rest.first_chunk()?)).ok()?),
            short => (2, usize::from(*short)),
        };
        (self.read.len() >= start + length).then_some((*kind, start, start + length))
    }
}
