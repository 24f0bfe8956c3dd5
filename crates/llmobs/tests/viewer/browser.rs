//! The pages in a real browser: no script of a span runs, and nothing is asked of another host.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};

use crate::hostile::{hostile, infected};
use crate::process::{Viewer, span};

/// A browser, driven by the `WebDriver` protocol.
struct Browser {
    driver: Child,
    port: u16,
    session: String,
}

impl Browser {
    fn start() -> Self {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let driver = Command::new("chromedriver")
            .arg(format!("--port={port}"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("chromedriver is installed: apt-get install chromium chromium-driver");
        let mut browser = Self { driver, port, session: String::new() };
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            std::thread::yield_now();
        }
        let arguments = ["--headless=new", "--no-sandbox", "--disable-gpu", "--window-size=1440,900"];
        let wanted = json!({"goog:chromeOptions": {"args": arguments}, "goog:loggingPrefs": {"browser": "ALL", "performance": "ALL"}});
        let answer = browser.ask("POST", "/session", &json!({"capabilities": {"alwaysMatch": wanted}}));
        answer["sessionId"].as_str().expect("a session").clone_into(&mut browser.session);
        browser
    }

    fn ask(&self, method: &str, path: &str, body: &Value) -> Value {
        let body = if method == "POST" { body.to_string() } else { String::new() };
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        let head = format!(
            "{method} {path} HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        stream.write_all(format!("{head}{body}").as_bytes()).unwrap();
        let mut head = Vec::new();
        let mut byte = [0];
        while !head.ends_with(b"\r\n\r\n") && stream.read(&mut byte).unwrap() == 1 {
            head.push(byte[0]);
        }
        let head = String::from_utf8_lossy(&head).to_lowercase();
        let length = head
            .lines()
            .find_map(|line| line.strip_prefix("content-length:"))
            .map(|length| length.trim().parse().unwrap());
        let mut text = vec![0; length.unwrap_or(0)];
        stream.read_exact(&mut text).unwrap();
        serde_json::from_slice::<Value>(&text).unwrap_or_default()["value"].take()
    }

    fn of_session(&self, path: &str, body: &Value) -> Value {
        self.ask("POST", &format!("/session/{}{path}", self.session), body)
    }

    fn open(&self, url: &str) {
        self.of_session("/url", &json!({ "url": url }));
    }

    fn run(&self, script: &str) -> Value {
        self.of_session("/execute/sync", &json!({"script": script, "args": []}))
    }

    fn log(&self, kind: &str) -> Vec<Value> {
        self.of_session("/se/log", &json!({ "type": kind })).as_array().cloned().unwrap_or_default()
    }

    /// Returns the addresses that were asked for since the last call.
    fn requests(&self) -> Vec<String> {
        let entries = self
            .log("performance")
            .into_iter()
            .filter_map(|entry| serde_json::from_str::<Value>(entry["message"].as_str()?).ok());
        let sent = entries.filter(|entry| entry["message"]["method"] == "Network.requestWillBeSent");
        sent.filter_map(|entry| entry["message"]["params"]["request"]["url"].as_str().map(str::to_owned)).collect()
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        self.ask("DELETE", &format!("/session/{}", self.session), &Value::Null);
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}

#[test]
#[ignore = "needs chromium"]
fn no_script_of_a_span_runs_and_nothing_is_asked_of_another_host() {
    let viewer = Viewer::start(&["--memory"]);
    let browser = Browser::start();
    let own = format!("http://{}", viewer.address);
    // Many at a time: a page takes long on a busy machine, and each by itself is looked at without a browser.
    for (number, payloads) in (1..).zip(hostile().chunks(8)) {
        let payload = payloads.join("\n\n");
        viewer.send("/api/v2/llmobs", &json!({"spans": [infected(number, &payload)]}));
        browser.open(&format!("{own}/traces/trace-{number}"));
        let ran = browser.run("return [document.scripts.length, document.images.length, document.querySelectorAll('iframe,object,embed,base,style').length]");
        assert_eq!(ran, json!([1, 0, 0]), "{payload:?}");
        // An open `alert` makes every other command fail.
        assert_eq!(
            browser.run("return document.querySelectorAll('[onload],[onerror],[onclick]').length"),
            0,
            "{payload:?}"
        );
        let complaints = browser.log("browser");
        assert!(complaints.is_empty(), "{payload:?}: {complaints:?}");
    }
    for page in ["/traces", "/sessions", "/overview", "/start"] {
        browser.open(&format!("{own}{page}"));
        assert_eq!(browser.log("browser"), Vec::<Value>::new(), "{page}");
    }
    let requests = browser.requests();
    let elsewhere: Vec<_> = requests
        .iter()
        .filter(|url| !url.starts_with(&own) && !url.starts_with("data:") && !url.starts_with("chrome"))
        .collect();
    assert!(requests.len() > 40 && elsewhere.is_empty(), "{elsewhere:?}");
}

#[test]
#[ignore = "needs chromium"]
fn keys_walk_the_list_and_the_tree_and_a_span_is_fetched_into_the_page() {
    let viewer = Viewer::start(&["--memory"]);
    viewer.send(
        "/api/v2/llmobs",
        &json!({"spans": [span(1, None, "first question"), span(2, Some(1), "second question")]}),
    );
    let browser = Browser::start();
    browser.open(&format!("http://{}/traces", viewer.address));
    let press = |key: &str| {
        browser
            .run(&format!("document.body.dispatchEvent(new KeyboardEvent('keydown', {{key: '{key}', bubbles: true}}))"))
    };
    let wait = |condition: &str| {
        let found = (0..2000).any(|_| browser.run(&format!("return Boolean({condition})")) == true);
        assert!(found, "never came: {condition}");
    };
    press("Enter");
    wait("location.pathname === '/traces/t-1' && document.querySelector('.detail')");
    press("k");
    wait("document.querySelector('.detail').textContent.includes('first question')");
    press("j");
    wait("document.querySelector('.detail').textContent.includes('second question')");
    wait("location.search.includes('span=2')");
    press("3");
    wait("!document.querySelector('[data-part=raw]').hidden");
    viewer.send("/api/v2/llmobs", &json!({"spans": [span(3, Some(1), "third")]}));
    wait("document.querySelector('tr[data-span=\"3\"]')");
}
