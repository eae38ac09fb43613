//! A loopback server that keeps every byte that it is sent, and answers by a rule of the test's.

use std::{
    io::{Read as _, Write as _},
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

/// One request: its first line, and all of it as it came.
#[derive(Debug, Clone)]
pub struct Request {
    /// Such as `GET /@acme%2fwidget HTTP/1.1`.
    pub line: String,
    /// Everything.
    pub bytes: Vec<u8>,
}

impl Request {
    /// The value of a header.
    pub fn header(&self, name: &str) -> Option<String> {
        let text = String::from_utf8_lossy(&self.bytes);
        let head = text.split("\r\n\r\n").next()?;
        let mut lines = head.lines().filter_map(|line| line.split_once(':'));
        let (_, value) = lines.find(|(one, _)| one.eq_ignore_ascii_case(name))?;
        Some(value.trim().to_owned())
    }
}

/// What to answer: status, further headers, body.
pub type Reply = (u16, Vec<(&'static str, String)>, String);

/// A running sink; it ends with the test's process.
pub struct Sink {
    address: SocketAddr,
    requests: Arc<Mutex<Vec<Request>>>,
}

impl Sink {
    /// One that answers by `rule`.
    pub fn start(rule: impl Fn(&Request) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let (kept, rule) = (Arc::clone(&requests), Arc::new(rule));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (kept, rule) = (Arc::clone(&kept), Arc::clone(&rule));
                std::thread::spawn(move || serve(stream, &kept, &*rule));
            }
        });
        Self { address, requests }
    }

    /// One that wants a credential for everything.
    pub fn closed() -> Self {
        Self::start(|_| {
            let challenge = ("www-authenticate", "Basic realm=\"x\"".to_owned());
            (
                401,
                vec![challenge],
                "{\"error\":\"who are you?\"}".to_owned(),
            )
        })
    }

    /// Its URL, without a slash at the end.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Its host and port.
    pub fn host(&self) -> String {
        self.address.to_string()
    }

    /// What came so far, in order of its end.
    pub fn requests(&self) -> Vec<Request> {
        let requests = self.requests.lock();
        requests.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The `authorization` headers that came.
    pub fn authorizations(&self) -> Vec<String> {
        let requests = self.requests();
        let found = requests
            .iter()
            .filter_map(|one| one.header("authorization"));
        found.collect()
    }

    /// Whether a text came in any byte of any request.
    pub fn has_seen(&self, text: &str) -> bool {
        self.requests().iter().any(|request| {
            let mut windows = request.bytes.windows(text.len());
            windows.any(|window| window == text.as_bytes())
        })
    }
}

fn serve(mut stream: TcpStream, kept: &Mutex<Vec<Request>>, rule: &dyn Fn(&Request) -> Reply) {
    let _ = stream.set_read_timeout(Some(Duration::from_secs(20)));
    let mut bytes = Vec::new();
    let mut block = [0; 4096];
    let whole = loop {
        let text = String::from_utf8_lossy(&bytes).to_lowercase();
        if let Some((head, _)) = text.split_once("\r\n\r\n") {
            let length = head
                .lines()
                .find_map(|line| line.strip_prefix("content-length:"));
            let length: usize = length.map_or(0, |text| text.trim().parse().unwrap_or(0));
            if bytes.len() >= head.len() + 4 + length {
                break true;
            }
        }
        match stream.read(&mut block) {
            Ok(0) | Err(_) => break false,
            Ok(read) => bytes.extend_from_slice(&block[..read]),
        }
    };
    if bytes.is_empty() {
        return;
    }
    let line = String::from_utf8_lossy(&bytes)
        .lines()
        .next()
        .unwrap_or_default()
        .to_owned();
    let request = Request { line, bytes };
    let (status, headers, body) = rule(&request);
    // What came is kept before the answer: a test that has seen a process end has seen all that it sent.
    kept.lock()
        .unwrap_or_else(PoisonError::into_inner)
        .push(request);
    if !whole {
        return;
    }
    let mut answer = format!(
        "HTTP/1.1 {status} Answer\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: {}\r\n",
        body.len()
    );
    for (name, value) in headers {
        answer.push_str(&format!("{name}: {value}\r\n"));
    }
    answer.push_str("\r\n");
    answer.push_str(&body);
    let _ = stream.write_all(answer.as_bytes());
}
