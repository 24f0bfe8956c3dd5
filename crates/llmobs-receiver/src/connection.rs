//! Connections: bounded in number, with deadlines, and with a way to cut one without a response.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::extract::connect_info::Connected;
use axum::serve::{IncomingStream, Listener};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Sleep, sleep};

/// Accepts at most [`MAX_CONNECTIONS`] at a time; more wait in the backlog of the system.
#[derive(Debug)]
pub(super) struct Connections {
    listener: TcpListener,
    free: Arc<Semaphore>,
}

impl Connections {
    pub(super) fn new(listener: TcpListener) -> Self {
        Self { listener, free: Arc::new(Semaphore::new(MAX_CONNECTIONS)) }
    }
}

impl Listener for Connections {
    type Io = Connection;
    type Addr = ConnectionHandle;

    async fn accept(&mut self) -> (Connection, ConnectionHandle) {
        // The semaphore is never closed; without a permit the connection would merely not be counted.
        let permit = Arc::clone(&self.free).acquire_owned().await.ok();
        loop {
            if let Ok((stream, _)) = self.listener.accept().await {
                // A refusal only costs time.
                let _ = stream.set_nodelay(true);
                let handle = ConnectionHandle::default();
                return (Connection::new(stream, handle.clone(), permit), handle);
            }
            // Out of file descriptors, most likely; other connections may close theirs.
            sleep(Duration::from_millis(50)).await;
        }
    }

    fn local_addr(&self) -> io::Result<ConnectionHandle> {
        Ok(ConnectionHandle::default())
    }
}

/// The side of a connection that a request handler has.
#[derive(Debug, Clone, Default)]
pub(super) struct ConnectionHandle(Arc<AtomicU8>);

impl ConnectionHandle {
    /// Lets no more bytes out: the server finds that it cannot write and closes the connection.
    pub(super) fn cut(&self) {
        self.set(Phase::Cut);
    }

    /// Marks that the head of a request has been read. Body and response have deadlines of their own.
    pub(super) fn handling(&self) {
        self.set(Phase::Handling);
    }

    /// Marks that the response is on its way and the next request may come.
    pub(super) fn idle(&self) {
        self.set(Phase::Idle);
    }

    fn set(&self, phase: Phase) {
        self.0.store(phase.number(), Ordering::Relaxed);
    }

    fn phase(&self) -> Phase {
        match self.0.load(Ordering::Relaxed) {
            0 => Phase::Idle,
            1 => Phase::Head,
            2 => Phase::Handling,
            _ => Phase::Cut,
        }
    }
}

/// The state of a connection, which decides how long it may wait for bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Idle,
    Head,
    Handling,
    Cut,
}

impl Phase {
    const fn number(self) -> u8 {
        match self {
            Self::Idle => 0,
            Self::Head => 1,
            Self::Handling => 2,
            Self::Cut => 3,
        }
    }

    const fn patience(self) -> Option<Duration> {
        match self {
            Self::Idle => Some(IDLE_TIMEOUT),
            Self::Head => Some(HEAD_TIMEOUT),
            Self::Handling | Self::Cut => None,
        }
    }
}

impl Connected<IncomingStream<'_, Connections>> for ConnectionHandle {
    fn connect_info(stream: IncomingStream<'_, Connections>) -> Self {
        stream.remote_addr().clone()
    }
}

/// A connection.
#[derive(Debug)]
pub(super) struct Connection {
    stream: TcpStream,
    handle: ConnectionHandle,
    /// The phase that `deadline` belongs to.
    timed: Phase,
    deadline: Pin<Box<Sleep>>,
    _permit: Option<OwnedSemaphorePermit>,
}

impl Connection {
    fn new(stream: TcpStream, handle: ConnectionHandle, permit: Option<OwnedSemaphorePermit>) -> Self {
        Self { stream, handle, timed: Phase::Idle, deadline: Box::pin(sleep(IDLE_TIMEOUT)), _permit: permit }
    }

    /// Fails when the connection has been waiting for too long. A phase keeps its deadline however many bytes come, so that
    /// a peer that sends a byte now and then is cut too.
    fn check_deadline(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let phase = self.handle.phase();
        let Some(patience) = phase.patience() else {
            self.timed = phase;
            return Poll::Pending;
        };
        if self.timed != phase {
            self.timed = phase;
            self.deadline.as_mut().set(sleep(patience));
        }
        self.deadline.as_mut().poll(cx).map(|()| Err(io::ErrorKind::TimedOut.into()))
    }
}

impl AsyncRead for Connection {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = bytes.filled().len();
        match Pin::new(&mut self.stream).poll_read(cx, bytes) {
            Poll::Ready(outcome) => {
                if bytes.filled().len() > before && self.handle.phase() == Phase::Idle {
                    self.handle.set(Phase::Head);
                }
                if let Poll::Ready(Err(late)) = self.check_deadline(cx) {
                    Poll::Ready(Err(late))
                } else {
                    Poll::Ready(outcome)
                }
            }
            Poll::Pending => self.check_deadline(cx),
        }
    }
}

impl AsyncWrite for Connection {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        if self.handle.phase() == Phase::Cut {
            return Poll::Ready(Err(io::ErrorKind::ConnectionAborted.into()));
        }
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

/// Connections at a time.
const MAX_CONNECTIONS: usize = 512;
/// Time for the head of a request, from its first byte.
const HEAD_TIMEOUT: Duration = Duration::from_secs(10);
/// Time that a connection may wait for its next request.
const IDLE_TIMEOUT: Duration = Duration::from_secs(120);
