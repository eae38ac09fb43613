//! What git knows of the checkout, asked from git. None where there is no git, no repository or no commit.

use std::{
    collections::BTreeMap,
    sync::{Mutex, OnceLock, PoisonError},
    thread::JoinHandle,
};

use camino::Utf8Path;
use relplan_system::programs::{Programs, git::Checkout};

type Vars = BTreeMap<String, String>;

/// The commit that is checked out, asked while other things are done.
pub struct Head {
    asked: Mutex<Option<JoinHandle<Option<String>>>>,
    commit: OnceLock<Option<String>>,
}

impl Head {
    /// Asks git.
    pub fn ask(root: &Utf8Path, vars: &Vars) -> Self {
        let (root, vars) = (root.to_owned(), vars.clone());
        Self {
            asked: Mutex::new(Some(std::thread::spawn(move || head(&root, &vars)))),
            commit: OnceLock::new(),
        }
    }

    /// The commit's id in hexadecimal digits.
    pub fn commit(&self) -> Option<String> {
        let wait = || {
            let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
            asked.take()?.join().ok()?
        };
        self.commit.get_or_init(wait).clone()
    }
}

/// The id of the commit that is checked out, in hexadecimal digits.
fn head(root: &Utf8Path, vars: &Vars) -> Option<String> {
    let root = root.as_std_path();
    Checkout::around(root)?.head(&Programs::around(root, vars))
}

/// The URL of the remote `origin` as it is configured; it may hold a user name and a password.
pub fn origin(root: &Utf8Path, vars: &Vars) -> Option<String> {
    let root = root.as_std_path();
    let settings = Checkout::around(root)?.settings(&Programs::around(root, vars));
    let url = settings
        .into_iter()
        .rfind(|setting| setting.name == "remote.origin.url")?
        .value;
    (!url.is_empty()).then_some(url)
}
