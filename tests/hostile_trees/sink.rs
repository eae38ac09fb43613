//! A loopback server that keeps every byte it gets, and answers in ways that tempt a client.

use std::{
    io::{Read as _, Write as _},
    net::{Ipv4Addr, SocketAddr, TcpListener},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread::JoinHandle,
    time::Duration,
};

/// How it answers.
#[derive(Clone, Copy)]
pub enum Manner {
    /// As a registry that has nothing: the person's own.
    Empty,
    /// As one that wants to know who asks, in the way that makes git and package managers send a credential.
    Asking,
    /// As one that sends its client on, to itself under another name.
    Sending,
    /// With text that tries to steer a terminal, and that looks like no registry's.
    Babbling,
}

/// A running server.
pub struct Sink {
    address: SocketAddr,
    heard: Arc<Mutex<Vec<u8>>>,
    ended: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Sink {
    pub fn start(manner: Manner) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let heard = Arc::new(Mutex::new(Vec::new()));
        let ended = Arc::new(AtomicBool::new(false));
        let thread = std::thread::spawn({
            let (heard, ended) = (heard.clone(), ended.clone());
            move || {
                while let Ok((mut stream, _)) = listener.accept() {
                    if ended.load(Ordering::Acquire) {
                        return;
                    }
                    let heard = heard.clone();
                    // One at a time is enough; a client that keeps its connection waits for nobody here.
                    std::thread::spawn(move || {
                        let _ = stream.set_read_timeout(Some(Duration::from_secs(5)));
                        let mut bytes = [0; 16 << 10];
                        while let Ok(count @ 1..) = stream.read(&mut bytes) {
                            heard.lock().unwrap().extend_from_slice(&bytes[..count]);
                            if stream
                                .write_all(answer(manner, address).as_bytes())
                                .is_err()
                            {
                                return;
                            }
                        }
                    });
                }
            }
        });
        Self {
            address,
            heard,
            ended,
            thread: Some(thread),
        }
    }

    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// Whether a text was sent to it, as it stands or in base64.
    pub fn has_heard(&self, text: &str) -> bool {
        use base64::{Engine as _, engine::general_purpose::STANDARD};
        let heard = self.heard.lock().unwrap();
        let heard = String::from_utf8_lossy(&heard);
        heard.contains(text)
            || heard.split(|c: char| c.is_whitespace()).any(|word| {
                let decoded = STANDARD.decode(word).unwrap_or_default();
                String::from_utf8_lossy(&decoded).contains(text)
            })
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::Release);
        let _ = std::net::TcpStream::connect(self.address);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn answer(manner: Manner, address: SocketAddr) -> String {
    let (head, body) = match manner {
        Manner::Empty => (
            "404 Not Found\r\nContent-Type: application/json".to_owned(),
            "{\"error\":\"not found\"}".to_owned(),
        ),
        Manner::Asking => (
            "401 Unauthorized\r\nContent-Type: application/json\r\nWWW-Authenticate: Basic realm=\"x\"\r\nWWW-Authenticate: Cargo login_url=\"http://x\""
                .to_owned(),
            "{\"error\":\"who are you?\"}".to_owned(),
        ),
        Manner::Sending => (
            format!("302 Found\r\nLocation: http://localhost:{}/elsewhere", address.port()),
            String::new(),
        ),
        Manner::Babbling => (
            "200 OK\r\nContent-Type: text/html".to_owned(),
            "<h1>\u{1b}]0;pwned\u{7}We will be back \u{202e}</h1>".to_owned(),
        ),
    };
    format!(
        "HTTP/1.1 {head}\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
}
