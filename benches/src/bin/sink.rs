//! An intake that takes everything, as cheaply as it can be done: it reads each body, counts the events in
//! it, and answers 202. It prints its port, and what it counted once its input ends.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicU64, Ordering};

use memchr::memmem;

fn main() -> std::io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    println!("{}", listener.local_addr()?.port());
    std::thread::spawn(move || {
        for connection in listener.incoming().flatten() {
            std::thread::spawn(move || serve(connection));
        }
    });
    // It lives as long as the one who started it wants.
    std::io::stdin().read_to_end(&mut Vec::new())?;
    println!("{} {}", EVENTS.load(Ordering::Relaxed), BYTES.load(Ordering::Relaxed));
    Ok(())
}

static EVENTS: AtomicU64 = AtomicU64::new(0);
static BYTES: AtomicU64 = AtomicU64::new(0);

fn serve(connection: TcpStream) -> std::io::Result<()> {
    connection.set_nodelay(true)?;
    let mut answers = connection.try_clone()?;
    let mut requests = BufReader::with_capacity(256 << 10, connection);
    let mut body = Vec::new();
    while let Some(length) = body_length(&mut requests)? {
        body.resize(length, 0);
        requests.read_exact(&mut body)?;
        // Quotes in content are escaped, so only an event's own member looks like this.
        let events = memmem::find_iter(&body, br#","start_ns":"#).count();
        EVENTS.fetch_add(events as u64, Ordering::Relaxed);
        BYTES.fetch_add(length as u64, Ordering::Relaxed);
        answers.write_all(b"HTTP/1.1 202 Accepted\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}")?;
    }
    Ok(())
}

/// Reads the head of a request and returns how long its body is; `None` at the end of the connection.
fn body_length(requests: &mut impl BufRead) -> std::io::Result<Option<usize>> {
    let (mut line, mut length) = (String::new(), 0);
    while requests.read_line(&mut line)? > 0 {
        if line.trim().is_empty() {
            return Ok(Some(length));
        }
        let header = line.split_once(':');
        if let Some((_, value)) = header.filter(|(name, _)| name.eq_ignore_ascii_case("content-length")) {
            length = value.trim().parse().map_err(std::io::Error::other)?;
        }
        line.clear();
    }
    Ok(None)
}
