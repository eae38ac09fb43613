//! A headless Chromium, driven over pipes: loads a page and tells what it shows, what it asked the network for, and
//! what it complained about.
//!
//! Protocol: the Chrome DevTools Protocol with `--remote-debugging-pipe`, that is JSON messages, each ended by a zero
//! byte, on the file descriptors 3 (in) and 4 (out).

use std::{
    io::{self, BufRead as _, BufReader, Write as _},
    path::{Path, PathBuf},
    process::{Child, ChildStdin, Command, Stdio},
    sync::mpsc::{Receiver, RecvTimeoutError, channel},
    time::Duration,
};

use serde_json::{Value, json};

/// How long an answer may take on a machine that is busy with other tests.
const PATIENCE: Duration = Duration::from_secs(90);

/// What may go wrong.
#[derive(Debug, thiserror::Error)]
pub enum BrowserError {
    /// The process or its pipes.
    #[error("the browser cannot be run or has ended")]
    Io(#[from] io::Error),
    /// No answer in time.
    #[error("the browser did not answer {method} in time")]
    Silent {
        /// What was asked.
        method: String,
    },
    /// A refusal.
    #[error("the browser refused {method}: {why}")]
    Refused {
        /// What was asked.
        method: String,
        /// What it said.
        why: String,
    },
}

/// How a page is looked at.
#[derive(Debug, Clone)]
pub struct Look {
    /// The address, `#fragment` included.
    pub url: String,
    /// The width of the window in pixels.
    pub width: u32,
    /// Whether the reader prefers dark colours.
    pub dark: bool,
    /// Whether scripts may run.
    pub scripts: bool,
}

/// A running browser; it ends with this value.
pub struct Browser {
    child: Child,
    into: ChildStdin,
    from: Receiver<Value>,
    events: Vec<Value>,
    asked: u64,
    _profile: tempfile::TempDir,
}

/// Where Chromium is, if it is installed.
#[must_use]
pub fn installed() -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    let folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
    ["chromium", "chromium-browser", "google-chrome"]
        .iter()
        .flat_map(|name| folders.iter().map(move |folder| folder.join(name)))
        .find(|place| place.is_file())
}

impl Browser {
    /// Starts it, with a profile of its own.
    ///
    /// # Errors
    /// When the process cannot be started.
    pub fn start(program: &Path) -> Result<Self, BrowserError> {
        let profile = tempfile::Builder::new()
            .prefix("relplan-browser-")
            .tempdir()?;
        // The shell hands its standard streams on as the two that the protocol asks for, and becomes the browser.
        let mut child = Command::new("sh")
            .args(["-c", "exec \"$0\" \"$@\" 3<&0 4>&1 </dev/null >/dev/null"])
            .arg(program)
            .args([
                "--headless",
                "--no-sandbox",
                "--disable-gpu",
                "--disable-quic",
                "--disable-dev-shm-usage",
                "--no-first-run",
                "--disable-background-networking",
                "--disable-component-update",
                "--disable-sync",
                "--remote-debugging-pipe",
            ])
            .arg(format!("--user-data-dir={}", profile.path().display()))
            .arg("about:blank")
            .env("HOME", profile.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?;
        let gone = || io::Error::new(io::ErrorKind::BrokenPipe, "a pipe is missing");
        let into = child.stdin.take().ok_or_else(gone)?;
        let mut out = BufReader::new(child.stdout.take().ok_or_else(gone)?);
        let (send, from) = channel();
        std::thread::spawn(move || {
            let mut message = Vec::new();
            while matches!(out.read_until(0, &mut message), Ok(read) if read > 0) {
                message.pop();
                let value = serde_json::from_slice(&message).unwrap_or_default();
                if send.send(value).is_err() {
                    break;
                }
                message.clear();
            }
        });
        Ok(Self {
            child,
            into,
            from,
            events: Vec::new(),
            asked: 0,
            _profile: profile,
        })
    }

    /// Opens a page in a new tab and waits until it has loaded.
    ///
    /// # Errors
    /// When the browser refuses or stays silent.
    pub fn open(&mut self, look: &Look) -> Result<Page<'_>, BrowserError> {
        let context = self.ask(None, "Target.createBrowserContext", json!({}))?;
        let about = json!({ "url": "about:blank", "browserContextId": text(&context, "/browserContextId") });
        let target = self.ask(None, "Target.createTarget", about)?;
        let about = json!({ "targetId": text(&target, "/targetId"), "flatten": true });
        let attached = self.ask(None, "Target.attachToTarget", about)?;
        let session = text(&attached, "/sessionId").to_owned();
        let mut page = Page {
            browser: self,
            session,
            context: text(&context, "/browserContextId").to_owned(),
        };
        for domain in ["Page", "Network", "Log", "Runtime"] {
            page.ask(&format!("{domain}.enable"), json!({}))?;
        }
        page.resize(look.width)?;
        let scheme = if look.dark { "dark" } else { "light" };
        page.ask(
            "Emulation.setEmulatedMedia",
            json!({ "features": [{ "name": "prefers-color-scheme", "value": scheme }] }),
        )?;
        page.ask(
            "Emulation.setScriptExecutionDisabled",
            json!({ "value": !look.scripts }),
        )?;
        page.browser.events.clear();
        page.ask("Page.navigate", json!({ "url": look.url }))?;
        page.wait_for("Page.loadEventFired")?;
        Ok(page)
    }

    fn ask(
        &mut self,
        session: Option<&str>,
        method: &str,
        about: Value,
    ) -> Result<Value, BrowserError> {
        self.asked += 1;
        let id = self.asked;
        let message = match session {
            Some(session) => {
                json!({ "id": id, "method": method, "params": about, "sessionId": session })
            }
            None => json!({ "id": id, "method": method, "params": about }),
        };
        let mut bytes = message.to_string().into_bytes();
        bytes.push(0);
        self.into.write_all(&bytes)?;
        self.into.flush()?;
        loop {
            let answer = self.next(method)?;
            if answer.get("id").and_then(Value::as_u64) != Some(id) {
                self.events.push(answer);
                continue;
            }
            if let Some(error) = answer.get("error") {
                return Err(BrowserError::Refused {
                    method: method.to_owned(),
                    why: error.to_string(),
                });
            }
            return Ok(answer.get("result").cloned().unwrap_or_default());
        }
    }

    fn next(&mut self, method: &str) -> Result<Value, BrowserError> {
        self.from.recv_timeout(PATIENCE).map_err(|gone| match gone {
            RecvTimeoutError::Timeout => BrowserError::Silent {
                method: method.to_owned(),
            },
            RecvTimeoutError::Disconnected => BrowserError::Io(io::Error::new(
                io::ErrorKind::UnexpectedEof,
                "it closed its pipe",
            )),
        })
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = self.ask(None, "Browser.close", json!({}));
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The text at a place in a message; nothing where there is none.
fn text<'a>(message: &'a Value, place: &str) -> &'a str {
    let found = message.pointer(place).and_then(Value::as_str);
    found.unwrap_or_default()
}

/// A page that has loaded.
pub struct Page<'a> {
    browser: &'a mut Browser,
    session: String,
    context: String,
}

impl Drop for Page<'_> {
    fn drop(&mut self) {
        let about = json!({ "browserContextId": self.context });
        let _ = self
            .browser
            .ask(None, "Target.disposeBrowserContext", about);
    }
}

impl Page<'_> {
    /// The value of an expression, evaluated in the page; also where the page itself may not run scripts.
    ///
    /// # Errors
    /// When the browser refuses, or the expression throws.
    pub fn evaluate(&mut self, expression: &str) -> Result<Value, BrowserError> {
        let about =
            json!({ "expression": expression, "returnByValue": true, "awaitPromise": true });
        let answer = self.ask("Runtime.evaluate", about)?;
        if let Some(thrown) = answer.get("exceptionDetails") {
            return Err(BrowserError::Refused {
                method: expression.to_owned(),
                why: thrown.to_string(),
            });
        }
        Ok(answer.pointer("/result/value").cloned().unwrap_or_default())
    }

    /// Gives the window another width, in pixels.
    ///
    /// # Errors
    /// When the browser refuses.
    pub fn resize(&mut self, width: u32) -> Result<(), BrowserError> {
        self.ask(
            "Emulation.setDeviceMetricsOverride",
            json!({ "width": width, "height": 900, "deviceScaleFactor": 1, "mobile": false }),
        )?;
        Ok(())
    }

    /// What the page asked for since it was opened, its own address included; nothing of `data:`.
    #[must_use]
    pub fn requests(&self) -> Vec<String> {
        let sent = self.told("Network.requestWillBeSent");
        sent.map(|event| text(event, "/params/request/url"))
            .filter(|url| !url.starts_with("data:"))
            .map(str::to_owned)
            .collect()
    }

    /// What the browser complained about: errors of scripts, breaches of the page's policy, failed loads.
    #[must_use]
    pub fn complaints(&self) -> Vec<String> {
        ["Log.entryAdded", "Runtime.exceptionThrown"]
            .iter()
            .flat_map(|method| self.told(method))
            .map(ToString::to_string)
            .collect()
    }

    /// Writes a picture of the whole page, as a PNG file.
    ///
    /// # Errors
    /// When the browser refuses or the file cannot be written.
    pub fn screenshot(&mut self, file: &Path) -> Result<(), BrowserError> {
        use base64::Engine as _;
        let about = json!({ "format": "png", "captureBeyondViewport": true });
        let answer = self.ask("Page.captureScreenshot", about)?;
        let bytes = base64::engine::general_purpose::STANDARD
            .decode(text(&answer, "/data"))
            .map_err(io::Error::other)?;
        Ok(std::fs::write(file, bytes)?)
    }

    fn told<'a>(&'a self, method: &'a str) -> impl Iterator<Item = &'a Value> {
        let own = |event: &&Value| text(event, "/sessionId") == self.session;
        let events = self.browser.events.iter().filter(own);
        events.filter(move |event| text(event, "/method") == method)
    }

    fn wait_for(&mut self, method: &str) -> Result<(), BrowserError> {
        while self.told(method).next().is_none() {
            let event = self.browser.next(method)?;
            self.browser.events.push(event);
        }
        Ok(())
    }

    fn ask(&mut self, method: &str, about: Value) -> Result<Value, BrowserError> {
        self.browser.ask(Some(&self.session), method, about)
    }
}
