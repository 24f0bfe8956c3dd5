//! The local intake of tests: the receiver, and in front of it a proxy in processes that break what is received.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::ops::Deref;

use llmobs_receiver::Receiver;

use super::mutation::Mutation;

/// A [`Receiver`] whose address may be that of a proxy.
#[derive(Debug)]
pub struct Intake {
    receiver: Receiver,
    proxy: Option<String>,
}

impl Intake {
    /// Starts a receiver on a free port.
    pub fn start() -> Self {
        let receiver = Receiver::bind("127.0.0.1:0").unwrap();
        let proxy = Mutation::of_this_process().map(|mutation| start_proxy(receiver.url(), mutation));
        Self { receiver, proxy }
    }

    /// Returns the address to send to.
    pub fn url(&self) -> &str {
        self.proxy.as_deref().unwrap_or_else(|| self.receiver.url())
    }
}

impl Deref for Intake {
    type Target = Receiver;

    fn deref(&self) -> &Receiver {
        &self.receiver
    }
}

/// Passes requests on, changed, one for each connection.
fn start_proxy(target: &str, mutation: Mutation) -> String {
    let target: SocketAddr = target.trim_start_matches("http://").parse().unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let (stream, mutation) = (stream.unwrap(), mutation.clone());
            std::thread::spawn(move || pass_on(stream, target, &mutation));
        }
    });
    url
}

fn pass_on(mut client: TcpStream, target: SocketAddr, mutation: &Mutation) -> Option<()> {
    let request = mutation.request(&super::raw_server::read_request(&mut client)?);
    let head = request.windows(4).position(|four| four == b"\r\n\r\n")?;
    let body = &request[head + 4..];
    let text = String::from_utf8_lossy(&request[..head]).into_owned();
    let mut lines = text.split("\r\n").filter(|line| {
        let name = line.split(':').next().unwrap_or_default().to_ascii_lowercase();
        !matches!(name.as_str(), "content-length" | "connection")
    });
    let start = lines.next()?;
    let headers: String = lines.flat_map(|line| [line, "\r\n"]).collect();
    let length = body.len();
    let head = format!("{start}\r\n{headers}content-length: {length}\r\nconnection: close\r\n\r\n");
    let mut server = TcpStream::connect(target).ok()?;
    server.write_all(&[head.as_bytes(), body].concat()).ok()?;
    let mut response = Vec::new();
    server.read_to_end(&mut response).ok()?;
    client.write_all(&response).ok()
}
