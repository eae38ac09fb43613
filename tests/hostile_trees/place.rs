//! The machine that a hostile tree arrives on: a person's home with their credentials, files outside of the tree that
//! matter, and the tree, which begins as the quickstart.

use std::{
    collections::BTreeMap,
    fs,
    os::unix::fs::{PermissionsExt as _, symlink},
    path::{Path, PathBuf},
};

use relplan_testkit::{environment::copy_folder, mutation::Dice};

use crate::{
    canary,
    sink::{Manner, Sink},
};

/// What a program of the tree is called, wherever it is named: if the word stands in what is run, the tree's code ran.
pub const MARK: &str = "pwned";

pub struct Place {
    root: Option<tempfile::TempDir>,
    path: PathBuf,
    /// The person's own registry.
    pub registry: Sink,
    /// A server of whoever made the tree.
    pub sink: Sink,
    /// The environment that relplan gets.
    pub variables: BTreeMap<String, String>,
}

impl Place {
    pub fn build(dice: &mut Dice) -> Self {
        let root = tempfile::Builder::new()
            .prefix("relplan-hostile-")
            .tempdir()
            .unwrap();
        let path = root.path().canonicalize().unwrap();
        let manner = *dice
            .one_of(&[
                Manner::Asking,
                Manner::Asking,
                Manner::Sending,
                Manner::Babbling,
                Manner::Empty,
            ])
            .unwrap();
        let mut place = Self {
            root: Some(root),
            path,
            registry: Sink::start(Manner::Empty),
            sink: Sink::start(manner),
            variables: BTreeMap::new(),
        };
        for folder in [
            "home/.cargo",
            "home/.config",
            "home/.ssh",
            "outside/folder",
            "tmp",
            "project",
        ] {
            fs::create_dir_all(place.path.join(folder)).unwrap();
        }
        place.write("outside/secret", format!("token={}\n", canary::FILE));
        place.write("outside/folder/kept", "unchanged\n");
        place.write("home/.ssh/id_ed25519", canary::FILE);
        let own = format!("127.0.0.1:{}", place.registry.port());
        place.write(
            "home/.npmrc",
            format!(
                "registry=http://{own}/\n//{own}/:_authToken={}\n",
                canary::OWN
            ),
        );
        place.write(
            "home/.cargo/config.toml",
            format!("[registries.own]\nindex = \"sparse+http://{own}/index/\"\n"),
        );
        place.write(
            "home/.pypirc",
            format!(
                "[own]\nrepository = http://{own}/\nusername = me\npassword = {}\n",
                canary::OWN
            ),
        );
        let quickstart = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/quickstart");
        copy_folder(&quickstart, &place.project()).unwrap();
        for left in [".relplan", "out"] {
            let _ = fs::remove_dir_all(place.project().join(left));
        }
        for (file, text) in [
            ("HEAD", "ref: refs/heads/main\n"),
            ("config", ""),
            ("objects/.keep", ""),
            ("refs/.keep", ""),
        ] {
            place.write(&format!("project/.git/{file}"), text);
        }
        place.surround();
        place
    }

    fn surround(&mut self) {
        let home = self.path.join("home");
        // Nothing but loopback is ever reached: what is not on it goes to a port where nobody listens.
        for name in [
            "HTTP_PROXY",
            "HTTPS_PROXY",
            "ALL_PROXY",
            "http_proxy",
            "https_proxy",
        ] {
            self.set(name, "http://127.0.0.1:9");
        }
        self.set("NO_PROXY", "127.0.0.1,localhost");
        self.set("no_proxy", "127.0.0.1,localhost");
        self.set("HOME", &home.display().to_string());
        self.set("CARGO_HOME", &home.join(".cargo").display().to_string());
        self.set("TMPDIR", &self.path.join("tmp").display().to_string());
        self.set("PATH", &std::env::var("PATH").unwrap());
        self.set("LANG", "C.UTF-8");
        for (name, value) in canary::VARIABLES {
            self.set(name, value);
        }
    }

    pub fn set(&mut self, name: &str, value: &str) {
        self.variables.insert(name.to_owned(), value.to_owned());
    }

    pub fn root(&self) -> &Path {
        &self.path
    }

    pub fn project(&self) -> PathBuf {
        self.path.join("project")
    }

    pub fn outside(&self) -> PathBuf {
        self.path.join("outside")
    }

    /// Leaves the folder where it is after this run.
    pub fn keep(mut self) -> PathBuf {
        if let Some(root) = self.root.take() {
            let _ = root.keep();
        }
        self.path.clone()
    }

    /// Writes a file. What is in the way goes, as it would in another commit.
    pub fn write(&self, path: &str, text: impl AsRef<[u8]>) {
        let path = self.clear(path);
        // A folder on the way may have become a link; then this trick is not to be had in this tree.
        let _ = fs::write(path, text);
    }

    /// A program of the tree that leaves a trace if it is run.
    pub fn program(&self, path: &str) {
        self.write(
            path,
            format!(
                "#!/bin/sh\n# {MARK}\necho x >>\"{}\"\n",
                self.path.join("outside/ran").display()
            ),
        );
        let path = self.path.join(path);
        if let Ok(facts) = fs::symlink_metadata(&path)
            && facts.is_file()
        {
            let _ = fs::set_permissions(&path, fs::Permissions::from_mode(0o755));
        }
    }

    pub fn link(&self, path: &str, to: impl AsRef<Path>) {
        let path = self.clear(path);
        let _ = symlink(to, path);
    }

    /// A pipe that nobody writes to.
    pub fn pipe(&self, path: &str) {
        let path = self.clear(path);
        let _ = std::process::Command::new("mkfifo").arg(path).status();
    }

    /// A file that says it is enormous.
    pub fn sparse(&self, path: &str) {
        let path = self.clear(path);
        if let Ok(file) = fs::File::create(path) {
            let _ = file.set_len(6 << 30);
        }
    }

    /// Makes the way to a path below the tree or the home, never through a link.
    fn clear(&self, path: &str) -> PathBuf {
        let whole = self.path.join(path);
        let mut at = self.path.clone();
        for part in Path::new(path)
            .parent()
            .into_iter()
            .flat_map(Path::components)
        {
            at.push(part);
            if fs::symlink_metadata(&at).is_ok_and(|facts| !facts.is_dir()) {
                let _ = fs::remove_file(&at);
            }
            let _ = fs::create_dir(&at);
        }
        if fs::symlink_metadata(&whole).is_ok_and(|facts| facts.is_dir()) {
            let _ = fs::remove_dir_all(&whole);
        } else {
            let _ = fs::remove_file(&whole);
        }
        whole
    }
}
