//! An intake that takes everything, as cheaply as it can be done: it reads each body, counts the events in
//! it, and answers 202. It prints its port, and what it counted once its input ends.

use std::io::{BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicU64, Ordering};

use memchr::memmem;
use tracing_llmobs_benches::request;

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
    while request::read(&mut requests, &mut body)? {
        // Quotes in content are escaped, so only an event's own member looks like this.
        let events = memmem::find_iter(&body, br#","start_ns":"#).count();
        EVENTS.fetch_add(events as u64, Ordering::Relaxed);
        BYTES.fetch_add(body.len() as u64, Ordering::Relaxed);
        answers.write_all(b"HTTP/1.1 202 Accepted\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}")?;
    }
    Ok(())
}
