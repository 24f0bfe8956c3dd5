//! Cost of an observed client: a streamed completion of 1 MB from a provider on loopback, through the same
//! `reqwest-middleware` client with and without ours, in turns. `stream [rounds] [row]`.
//!
//! The provider writes as fast as the client reads, which no model does: what is measured is the worst ratio.

use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use reqwest_middleware::{ClientBuilder, ClientWithMiddleware};
use rustix::time::{ClockId, clock_gettime};
use tracing::Dispatch;
use tracing::instrument::WithSubscriber;
use tracing_llmobs::Guard;
use tracing_llmobs::observe::reqwest::LlmObsMiddleware;
use tracing_subscriber::prelude::*;

use crate::request;

/// Bytes of text in one completion.
const TEXT: usize = 1024 * 1024;

/// The pacing of a completion.
const SHAPES: [(&str, Shape); 4] = [
    ("1 MiB, 256 bytes of text an event, 16 KiB a write", Shape { all: TEXT, text: 256, write: 16 * 1024 }),
    ("1 MiB, 64 bytes of text an event, 16 KiB a write", Shape { all: TEXT, text: 64, write: 16 * 1024 }),
    ("1 MiB, 64 bytes of text an event, each a write", Shape { all: TEXT, text: 64, write: 0 }),
    ("64 bytes in one event", Shape { all: 64, text: 64, write: 0 }),
];

#[derive(Debug, Clone, Copy)]
struct Shape {
    /// Bytes of text in all.
    all: usize,
    /// Bytes of text in one event.
    text: usize,
    /// Bytes that the provider writes at once; 0 for one event.
    write: usize,
}

/// Does what the arguments say and prints a table.
///
/// # Errors
///
/// What is wrong with them, or with a connection.
pub fn main() -> Result<(), String> {
    let number = |position: usize| std::env::args().nth(position).map(|text| text.parse::<usize>()).transpose();
    let (rounds, row) =
        number(1).and_then(|rounds| Ok((rounds, number(2)?))).map_err(|_| "usage: stream [rounds] [row]")?;
    let rounds = rounds.unwrap_or(60);
    println!(
        "| a completion | plain ms | observed | ratio | thread plain ms | observed | ratio | first byte plain µs | observed | more | worker ms |"
    );
    println!("|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|");
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|error| error.to_string())?;
    let shapes = SHAPES.iter().enumerate().filter(|(index, _)| row.is_none_or(|row| row == index + 1));
    shapes.map(|(_, shape)| shape).try_for_each(|(name, shape)| runtime.block_on(compare(name, *shape, rounds)))
}

/// The times of one completion.
struct Took {
    all: Duration,
    /// Processor time of the client's thread, in milliseconds.
    processor_ms: f64,
    first: Duration,
}

async fn compare(name: &str, shape: Shape, rounds: usize) -> Result<(), String> {
    let provider = Provider::start(shape)?;
    let (_sink, sink_url) = start_sink()?;
    let http = reqwest::Client::builder().no_proxy().build().map_err(|error| error.to_string())?;
    let plain = ClientBuilder::new(http.clone()).build();
    let observed = ClientBuilder::new(http).with(LlmObsMiddleware::new()).build();
    let builder = tracing_llmobs::builder().ml_app("bench").agentless(false).agent_url(&sink_url);
    let (layer, guard) = builder.start().map_err(|error| error.to_string())?;
    let dispatch = Dispatch::new(tracing_subscriber::registry().with(layer));

    let mut processor = vec![];
    let (mut plains, mut ours, mut ratios, mut more, mut worker) = (vec![], vec![], vec![], vec![], vec![]);
    for round in 0..rounds + WARM_UP {
        let mut pair = [None, None];
        let plain_first = fastrand::bool();
        for is_observed in [!plain_first, plain_first] {
            // What came before is the same for both: neither has the caches that the worker, or nobody, left behind.
            ask(&plain, &provider).with_subscriber(dispatch.clone()).await?;
            let client = if is_observed { &observed } else { &plain };
            pair[usize::from(is_observed)] = Some(ask(client, &provider).with_subscriber(dispatch.clone()).await?);
            let spent = flush(&guard)?;
            if is_observed && round >= WARM_UP {
                worker.push(spent);
            }
        }
        let [Some(plain), Some(observed)] = pair else { continue };
        if round >= WARM_UP {
            ratios.push(observed.all.as_secs_f64() / plain.all.as_secs_f64());
            processor.push(observed.processor_ms / plain.processor_ms);
            more.push(micros(observed.first) - micros(plain.first));
            plains.push(plain);
            ours.push(observed);
        }
    }
    let all = |of: &[Took]| median(of.iter().map(|took| took.all.as_secs_f64() * 1e3).collect());
    let first = |of: &[Took]| median(of.iter().map(|took| micros(took.first)).collect());
    let spent = |of: &[Took]| median(of.iter().map(|took| took.processor_ms).collect());
    println!(
        "| {name} | {:.2} | {:.2} | {:.3} | {:.2} | {:.2} | {:.3} | {:.0} | {:.0} | {:+.0} | {:.1} |",
        all(&plains),
        all(&ours),
        median(ratios),
        spent(&plains),
        spent(&ours),
        median(processor),
        first(&plains),
        first(&ours),
        median(more),
        median(worker)
    );
    let stats = guard.handle().stats();
    let expected = (rounds + WARM_UP) as u64;
    if stats.delivered != expected { Err(format!("{expected} spans were made: {stats:?}")) } else { Ok(()) }
}

const WARM_UP: usize = 3;

async fn ask(client: &ClientWithMiddleware, provider: &Provider) -> Result<Took, String> {
    let body = r#"{"model": "m", "stream": true, "messages": [{"role": "user", "content": "Write a book."}]}"#;
    let request = client.post(&provider.url).header("content-type", "application/json").body(body);
    let (begun, spent) = (Instant::now(), thread_ms());
    let mut response = request.send().await.map_err(|error| error.to_string())?;
    let (mut first, mut bytes) = (None, 0);
    while let Some(piece) = response.chunk().await.map_err(|error| error.to_string())? {
        first.get_or_insert_with(|| begun.elapsed());
        bytes += piece.len();
    }
    drop(response);
    let (all, processor_ms) = (begun.elapsed(), thread_ms() - spent);
    if bytes != provider.bytes {
        return Err(format!("{bytes} bytes came, and {} were sent", provider.bytes));
    }
    Ok(Took { all, processor_ms, first: first.unwrap_or_default() })
}

/// Waits until the worker has done its part, and says how much processor time that took, in milliseconds.
fn flush(guard: &Guard) -> Result<f64, String> {
    let before = processor_ms();
    guard.flush(Duration::from_secs(30)).map_err(|error| error.to_string())?;
    Ok(processor_ms() - before)
}

fn processor_ms() -> f64 {
    milliseconds(ClockId::ProcessCPUTime)
}

fn thread_ms() -> f64 {
    milliseconds(ClockId::ThreadCPUTime)
}

fn milliseconds(clock: ClockId) -> f64 {
    let time = clock_gettime(clock);
    time.tv_sec as f64 * 1e3 + time.tv_nsec as f64 / 1e6
}

fn micros(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e6
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

/// A provider that gives everybody the same completion.
struct Provider {
    url: String,
    bytes: usize,
}

impl Provider {
    fn start(shape: Shape) -> Result<Self, String> {
        let listener = TcpListener::bind("127.0.0.1:0").map_err(|error| error.to_string())?;
        let url = format!("{}/v1/chat/completions", local(&listener)?);
        let (answer, bytes) = answer(shape);
        std::thread::spawn(move || {
            for connection in listener.incoming().flatten() {
                // The client keeps one connection, and is the only one.
                drop(serve(connection, &answer));
            }
        });
        Ok(Self { url, bytes })
    }
}

fn local(listener: &TcpListener) -> Result<String, String> {
    listener.local_addr().map(|address| format!("http://{address}")).map_err(|error| error.to_string())
}

/// The writes of an answer, each with as many events as fit, and the bytes of its body.
fn answer(shape: Shape) -> (Vec<Vec<u8>>, usize) {
    let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";
    let (mut writes, mut block, mut bytes) = (vec![head.as_bytes().to_vec()], String::new(), 0);
    let mut push = |block: &mut String| {
        let mut write = format!("{:x}\r\n", block.len());
        write += block;
        write += "\r\n";
        bytes += block.len();
        block.clear();
        writes.push(write.into_bytes());
    };
    for number in 0..shape.all / shape.text {
        let text = format!("word {number} ").repeat(shape.text / 6);
        let text = &text[..shape.text];
        let _ = write!(
            block,
            "data: {{\"id\":\"c\",\"object\":\"chat.completion.chunk\",\"created\":1,\"model\":\"m\",\"choices\":[{{\"index\":0,\
             \"delta\":{{\"content\":\"{text}\"}},\"finish_reason\":null}}]}}\n\n"
        );
        if block.len() > shape.write {
            push(&mut block);
        }
    }
    block.push_str("data: [DONE]\n\n");
    push(&mut block);
    writes.push(b"0\r\n\r\n".to_vec());
    (writes, bytes)
}

fn serve(connection: TcpStream, answer: &[Vec<u8>]) -> std::io::Result<()> {
    connection.set_nodelay(true)?;
    let mut answers = connection.try_clone()?;
    let mut requests = BufReader::new(connection);
    let mut body = Vec::new();
    while request::read(&mut requests, &mut body)? {
        answer.iter().try_for_each(|write| answers.write_all(write))?;
    }
    Ok(())
}

/// The intake, its input and its output.
type Sink = (Child, ChildStdin, BufReader<ChildStdout>);

/// An intake in a process of its own, which lives as long as its input is held.
fn start_sink() -> Result<(Sink, String), String> {
    let program = std::env::current_exe().map_err(|error| error.to_string())?.with_file_name("sink");
    let mut command = Command::new(program);
    let spawned = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
    let mut process = spawned.map_err(|error| format!("the sink does not start; build the whole package: {error}"))?;
    let (Some(input), Some(output)) = (process.stdin.take(), process.stdout.take()) else {
        return Err("no pipes".into());
    };
    let (mut port, mut output) = (String::new(), BufReader::new(output));
    output.read_line(&mut port).map_err(|error| error.to_string())?;
    Ok(((process, input, output), format!("http://127.0.0.1:{}", port.trim())))
}
