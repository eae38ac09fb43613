//! A tree that a pull request has shaped: links, pipes, devices, huge files and a cache of its own.
//!
//! Each test runs the real binary. Whatever a file is, relplan ends by itself, says which file is wrong, and prints,
//! sends and writes nothing that lies outside of the repository.
#![cfg(unix)]

mod of_checkout;
mod of_git;
mod of_size;

use std::{
    collections::BTreeMap,
    fs,
    io::{Read as _, Write as _},
    net::{TcpListener, TcpStream},
    os::unix::fs::{PermissionsExt as _, symlink},
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use relplan_testkit::environment::{Environment, Session};

use crate::fixture::binary;

/// What stands in the user's own files, and in the environment.
const CANARY: &str = "canary-7b1e55ed0f";

/// A package that needs no packer, released into a folder.
const SPEC: &str = r#"relplan 1
project "acme/widget"
workspace "npm" path="." packer="builtin"
target "shelf" kind="directory" path="out"
release "widget" { to "shelf"; }
"#;

const MANIFEST: &str = r#"{"name": "widget", "version": "1.0.0"}"#;

/// A project in a repository, with the user's secrets beside it.
struct Scene {
    environment: Environment,
}

impl Scene {
    fn new() -> Self {
        Self::with(SPEC)
    }

    fn with(spec: &str) -> Self {
        let mut environment = Environment::new(binary()).unwrap();
        environment.set("MIRROR_TOKEN", CANARY);
        let secret =
            format!("//registry.example/:_authToken={CANARY}\nregistry=http://{CANARY}.example/\n");
        for (path, text) in [
            ("project/relplan.kdl", spec),
            ("project/package.json", MANIFEST),
            ("project/.git/HEAD", "ref: refs/heads/main\n"),
            ("outside/secret", &secret),
        ] {
            environment.write(path, text).unwrap();
        }
        Self { environment }
    }

    fn project(&self, path: &str) -> PathBuf {
        self.environment.project().join(path)
    }

    fn outside(&self) -> PathBuf {
        self.environment.root().join("outside")
    }

    /// Runs relplan, for a minute and with 4 GB at most.
    fn run(&self, arguments: &[&str]) -> Session {
        let mut command = self.environment.command("timeout");
        command
            .args(["60", "sh", "-c", "ulimit -v 4000000; exec \"$0\" \"$@\""])
            .arg(binary())
            .args(arguments);
        let session = self.environment.run(command).unwrap();
        let ended = session.code.is_some_and(|code| code < 100);
        assert!(
            ended,
            "relplan {arguments:?} did not end by itself\n{session}"
        );
        let printed = format!("{}{}", session.stdout, session.stderr);
        assert!(
            !printed.contains(CANARY),
            "relplan {arguments:?} printed a secret\n{session}"
        );
        session
    }

    fn expect(&self, code: i32, arguments: &[&str]) -> Session {
        let session = self.run(arguments);
        assert_eq!(session.code, Some(code), "relplan {arguments:?}\n{session}");
        session
    }

    /// Everything outside of the project that must not change.
    fn snapshot(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        let mut files = BTreeMap::new();
        let mut folders = vec![self.outside()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let entry = entry.unwrap();
                match entry.file_type().unwrap().is_dir() {
                    true => {
                        files.insert(entry.path(), Vec::new());
                        folders.push(entry.path());
                    }
                    false => drop(files.insert(entry.path(), fs::read(entry.path()).unwrap())),
                }
            }
        }
        files
    }
}

/// What relplan said, whatever its lines are as wide as.
fn said(session: &Session) -> String {
    let all = format!("{} {}", session.stdout, session.stderr);
    all.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// What a file can be instead of a file.
const HOSTILE: [&str; 6] = [
    "link out",
    "environment",
    "zero",
    "pipe",
    "sparse",
    "folder",
];

/// Puts something hostile in a file's place.
fn put(scene: &Scene, what: &str, file: &Path) {
    let _ = fs::remove_file(file);
    let _ = fs::remove_dir_all(file);
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    match what {
        "link out" => symlink(scene.outside().join("secret"), file).unwrap(),
        "environment" => symlink("/proc/self/environ", file).unwrap(),
        "zero" => symlink("/dev/zero", file).unwrap(),
        "pipe" => {
            let mode = nix::sys::stat::Mode::S_IRWXU;
            nix::unistd::mkfifo(file, mode).unwrap();
        }
        "sparse" => fs::File::create(file).unwrap().set_len(6 << 30).unwrap(),
        "folder" => fs::create_dir(file).unwrap(),
        other => unreachable!("{other} is none of them"),
    }
}

/// S7, S8: each file that relplan reads of a tree, as each kind of thing that is no file of it.
#[test]
fn l14_no_file_of_the_tree_is_read_through_a_link_out_of_it_waited_for_or_read_without_end() {
    let npm = SPEC.replace(
        "target \"shelf\" kind=\"directory\" path=\"out\"",
        "target \"shelf\" kind=\"npm\"",
    );
    let cargo = SPEC.replace(
        "target \"shelf\" kind=\"directory\" path=\"out\"",
        "target \"shelf\" kind=\"cargo\" registry=\"acme\"",
    );
    let crates = SPEC.replace(
        "workspace \"npm\" path=\".\" packer=\"builtin\"",
        "workspace \"cargo\" path=\".\"",
    );
    let python = SPEC.replace("workspace \"npm\"", "workspace \"python\"");
    // The spec, the file, and the command that reads it; all of them must fail.
    let cases: [(&str, &str, &[&str]); 10] = [
        (SPEC, "relplan.kdl", &["plan"]),
        (SPEC, "package.json", &["plan"]),
        (SPEC, "package.json", &["pack"]),
        (&npm, ".npmrc", &["plan"]),
        (&cargo, ".cargo/config.toml", &["plan"]),
        (&crates, "Cargo.toml", &["plan"]),
        (&python, "pyproject.toml", &["plan"]),
        (SPEC, ".npmignore", &["pack"]),
        (SPEC, ".relplan/bundle/bundle.json", &["plan"]),
        (SPEC, ".relplan/state/journal.jsonl", &["plan"]),
    ];
    for (spec, file, arguments) in cases {
        for what in HOSTILE {
            // A folder of that name is no configuration to Cargo.
            if (what, file) == ("folder", ".cargo/config.toml") {
                continue;
            }
            let scene = Scene::with(spec);
            put(&scene, what, &scene.project(file));
            let session = scene.run(arguments);
            let named = session
                .stderr
                .contains(Path::new(file).file_name().unwrap().to_str().unwrap())
                || session.stdout.contains(file)
                || file == ".relplan/state/journal.jsonl";
            assert!(
                session.code != Some(0) && named,
                "{file} as {what}\n{session}"
            );
        }
    }
}

/// S7, S8: files that come with the tree beside a plan, and those that are named on the command line.
#[test]
fn l14_plans_policies_and_approvals_are_regular_files_and_never_quoted_from_outside() {
    let scene = Scene::new();
    scene.expect(0, &["pack"]);
    scene.expect(0, &["plan", "-o", "release.json"]);
    let cases: [(&str, &[&str], &[i32]); 6] = [
        ("hostile.json", &["apply", "hostile.json", "--yes"], &[65]),
        ("hostile.json", &["show", "hostile.json"], &[65]),
        ("policy.kdl", &["policy", "check"], &[65]),
        (
            "hostile.kdl",
            &["apply", "release.json", "--yes", "--policy", "hostile.kdl"],
            &[65],
        ),
        (
            "key.pub",
            &["approve", "release.json", "--key", "key.pub", "--yes"],
            &[4, 77, 64],
        ),
        (
            "release.json.approvals/one.json",
            &["approvals", "release.json"],
            &[4, 65],
        ),
    ];
    for (file, arguments, codes) in cases {
        for what in HOSTILE {
            let path = scene.project(file);
            put(&scene, what, &path);
            let session = scene.run(arguments);
            let code = session.code.unwrap_or_default();
            assert!(codes.contains(&code), "{file} as {what}\n{session}");
            let _ = fs::remove_file(&path);
            let _ = fs::remove_dir_all(&path);
        }
    }
    // What a person names may be a link, and may be elsewhere.
    fs::rename(
        scene.project("release.json"),
        scene.outside().join("release.json"),
    )
    .unwrap();
    symlink(
        scene.outside().join("release.json"),
        scene.outside().join("link.json"),
    )
    .unwrap();
    scene.expect(0, &["show", "../outside/link.json"]);
    symlink(
        scene.outside().join("release.json"),
        scene.project("link.json"),
    )
    .unwrap();
    scene.expect(0, &["apply", "link.json", "--yes"]);
}

/// S7: a link within the tree is as good as a file, and a user's own configuration may be a link to anywhere.
#[test]
fn links_within_the_tree_and_of_the_users_own_files_work() {
    let npm = SPEC.replace(
        "target \"shelf\" kind=\"directory\" path=\"out\"",
        "target \"shelf\" kind=\"npm\"",
    );
    let scene = Scene::with(&npm);
    for (from, to) in [
        ("relplan.kdl", "shared/spec.kdl"),
        ("package.json", "shared/package.json"),
    ] {
        fs::create_dir_all(scene.project("shared")).unwrap();
        fs::rename(scene.project(from), scene.project(to)).unwrap();
        symlink(to, scene.project(from)).unwrap();
    }
    // Nobody listens there: what is asked is what the user's file says.
    let npmrc = "registry=http://127.0.0.1:9/from-a-link/\n";
    scene.environment.write("dotfiles/npmrc", npmrc).unwrap();
    symlink("../dotfiles/npmrc", scene.environment.home().join(".npmrc")).unwrap();
    let session = scene.expect(8, &["plan"]);
    assert!(
        session.stdout.contains("http://127.0.0.1:9/from-a-link/"),
        "{session}"
    );
    assert!(session.stdout.contains("user .npmrc"), "{session}");
}

/// S12: nothing is written through a committed link, wherever on the way it is, and nothing is half done before that.
#[test]
fn l14_nothing_is_written_through_a_link_out_of_the_repository() {
    let state = format!("{SPEC}state \"file\" path=\"var/state\"\n");
    let absolute = |scene: &Scene, below: &str| scene.outside().join(below).display().to_string();
    // The link, where it leads to below the folder outside, and the spec.
    for (link, to, spec) in [
        ("out", "", SPEC),
        ("out", "not-there-yet", SPEC),
        ("out/npm", "", SPEC),
        ("out/npm-tarballs", "", SPEC),
        ("out/npm-tarballs/widget", "", SPEC),
        ("out/npm/widget", "secret", SPEC),
        ("out/.relplan", "", SPEC),
        ("out/.relplan/tmp", "", SPEC),
        ("out/.relplan/lock", "new-lock", SPEC),
        (".relplan", "", SPEC),
        (".relplan/state", "", SPEC),
        (".relplan/state/journal.jsonl", "new-journal", SPEC),
        (".relplan/state/lock", "new-lock", SPEC),
        (".relplan/plans", "", SPEC),
        (".relplan/bundle", "", SPEC),
        (".relplan/bundle/.gitignore", "new-rules", SPEC),
        ("var", "", &state),
        ("var/state", "", &state),
    ] {
        for relative in [true, false] {
            let scene = Scene::with(spec);
            let path = scene.project(link);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            let up = "../".repeat(link.split('/').count());
            match relative {
                true => symlink(format!("{up}outside/{to}"), &path).unwrap(),
                false => symlink(absolute(&scene, to), &path).unwrap(),
            }
            let before = scene.snapshot();
            let steps: [&[&str]; 3] = [
                &["pack"],
                &["plan", "-o", "release.json"],
                &["apply", "release.json", "--yes"],
            ];
            let refused = steps
                .iter()
                .map(|step| scene.run(step))
                .find(|session| session.code != Some(0));
            assert_eq!(scene.snapshot(), before, "{link} -> {to}");
            // What is no more than passed over does not count as refused.
            if link != ".relplan/bundle/.gitignore" {
                let session = refused.unwrap_or_else(|| panic!("{link} -> {to} was not refused"));
                let why = said(&session).contains("through a link");
                assert!(why, "{link} -> {to}\n{session}");
            }
        }
    }
}

/// S12: outputs that a person names inside of the tree stay there as well, and a link within the tree works.
#[test]
fn l14_outputs_stay_in_the_tree_and_links_within_it_are_followed() {
    let scene = Scene::new();
    symlink("../outside", scene.project("away")).unwrap();
    symlink("../outside/new", scene.project("events.json")).unwrap();
    fs::create_dir_all(scene.project("kept/shelf")).unwrap();
    symlink("kept/shelf", scene.project("out")).unwrap();
    let before = scene.snapshot();
    scene.expect(65, &["plan", "-o", "away/plan.json"]);
    scene.expect(0, &["pack"]);
    scene.expect(65, &["pack", "--bundle", "away/bundle"]);
    scene.expect(0, &["plan", "-o", "release.json"]);
    scene.expect(
        65,
        &[
            "apply",
            "release.json",
            "--yes",
            "--json-into",
            "events.json",
        ],
    );
    scene.expect(10, &["plan", "--state", "away/state"]);
    assert_eq!(scene.snapshot(), before);
    scene.expect(0, &["apply", "release.json", "--yes"]);
    assert!(scene.project("kept/shelf/npm/widget").is_file());
    // A place that is named outright is a person's choice.
    scene.expect(0, &["plan", "-o", "../outside/plan.json"]);
    assert!(scene.outside().join("plan.json").is_file());
}

/// S12: the folder of a directory target is in the project, as the reference says.
#[test]
fn l14_a_spec_cannot_name_a_target_folder_outside() {
    for path in ["../outside/shelf", "/tmp/shelf", "a/../../outside"] {
        let scene = Scene::with(&SPEC.replace("path=\"out\"", &format!("path={path:?}")));
        let before = scene.snapshot();
        let session = scene.expect(65, &["plan"]);
        let why = said(&session).contains("leads out of the project's folder");
        assert!(why, "{session}");
        assert_eq!(scene.snapshot(), before);
    }
}

/// A registry with one document, which answers 304 to whoever knows its tag, and remembers who asked for that.
struct Registry {
    url: String,
    document: Arc<Mutex<String>>,
    conditional: Arc<Mutex<usize>>,
}

impl Registry {
    const TAG: &str = "\"anybody-can-ask-for-this\"";

    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let registry = Self {
            url: format!("http://{}", listener.local_addr().unwrap()),
            document: Arc::default(),
            conditional: Arc::default(),
        };
        let (document, conditional) = (registry.document.clone(), registry.conditional.clone());
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                answer(stream.unwrap(), &document, &conditional);
            }
        });
        registry
    }

    /// Shows version 1.0.0 of the package with this integrity.
    fn show(&self, integrity: &str) {
        *self.document.lock().unwrap() = format!(
            r#"{{"name":"widget","dist-tags":{{"latest":"1.0.0"}},"versions":{{"1.0.0":{{"name":"widget","version":"1.0.0","dist":{{"tarball":"{}/widget/-/widget-1.0.0.tgz","integrity":"{integrity}"}}}}}}}}"#,
            self.url
        );
    }

    fn conditional_requests(&self) -> usize {
        std::mem::take(&mut *self.conditional.lock().unwrap())
    }
}

fn answer(mut stream: TcpStream, document: &Mutex<String>, conditional: &Mutex<usize>) {
    let (mut request, mut byte) = (Vec::new(), [0]);
    while !request.ends_with(b"\r\n\r\n") && stream.read(&mut byte).unwrap_or(0) == 1 {
        request.extend(byte);
    }
    let request = String::from_utf8_lossy(&request).to_ascii_lowercase();
    let (mut head, mut body) = ("404 Not Found", "{\"error\":\"Not found\"}".to_owned());
    if request.starts_with("get /widget ") || request.starts_with("get /widget?") {
        (head, body) = ("200 OK", document.lock().unwrap().clone());
        if request.contains(&format!("if-none-match: {}", Registry::TAG)) {
            *conditional.lock().unwrap() += 1;
            (head, body) = ("304 Not Modified", String::new());
        }
    }
    let _ = write!(
        stream,
        "HTTP/1.1 {head}\r\netag: {}\r\ncontent-type: application/json\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
        Registry::TAG,
        body.len()
    );
}

/// S11: a committed cache under the registry's real entity tag makes nothing the same that is not.
#[test]
fn l6_a_cache_that_came_with_the_tree_is_not_believed() {
    let registry = Registry::start();
    let npm = SPEC.replace(
        "kind=\"directory\" path=\"out\"",
        &format!("kind=\"npm\" url=\"{}/\"", registry.url),
    );
    let scene = Scene::with(&npm);
    scene.expect(0, &["pack"]);
    let bundle = fs::read(scene.project(".relplan/bundle/bundle.json")).unwrap();
    let bundle: serde_json::Value = serde_json::from_slice(&bundle).unwrap();
    let digits = bundle["artifacts"][0]["digests"]["sha512"]
        .as_str()
        .unwrap();
    let ours: Vec<u8> = (0..digits.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&digits[at..at + 2], 16).unwrap())
        .collect();
    let integrity = |bytes: &[u8]| format!("sha512-{}", BASE64_STANDARD.encode(bytes));

    // What the attacker makes at home: a cache that says that the bytes are the same.
    registry.show(&integrity(&ours));
    let same = scene.expect(0, &["plan", "--no-contents"]);
    assert!(
        !scene.project(".relplan/cache").exists(),
        "nothing is cached in the tree"
    );
    let cache = scene.environment.cache();
    assert!(cache.join("http").is_dir(), "{same}");
    registry.conditional_requests();
    scene.expect(0, &["plan", "--no-contents"]);
    assert!(
        registry.conditional_requests() > 0,
        "the user's own cache is used"
    );

    // It is committed, wherever a cache was or could be thought to be; the registry has other bytes.
    registry.show(&integrity(&[7; 64]));
    let copied = |to: &Path| relplan_testkit::environment::copy_folder(&cache, to).unwrap();
    for place in [".relplan/cache", ".cache/relplan", ".relplan"] {
        copied(&scene.project(place));
    }
    let of_origin = fs::read_dir(cache.join("http"))
        .unwrap()
        .next()
        .unwrap()
        .unwrap()
        .path();
    fs::copy(
        of_origin.join("known"),
        scene.project(".relplan/cache/http/known"),
    )
    .unwrap();
    fs::remove_dir_all(&cache).unwrap();
    let conflict = scene.expect(3, &["plan", "--no-contents"]);
    assert!(conflict.stdout.contains("! "), "{conflict}");
    assert_eq!(
        registry.conditional_requests(),
        0,
        "nobody was asked for a tag out of the tree"
    );
}

/// S11: the cache is the user's alone, goes where the user says, never into the tree, and can be missing.
#[test]
fn l14_the_cache_is_private_can_be_moved_and_can_be_missing() {
    let registry = Registry::start();
    registry.show("sha512-AAAA");
    let npm = SPEC.replace(
        "kind=\"directory\" path=\"out\"",
        &format!("kind=\"npm\" url=\"{}/\"", registry.url),
    );
    let mut scene = Scene::with(&npm);
    let asked = |scene: &Scene| {
        scene.run(&["plan"]);
        scene.run(&["plan"]);
        registry.conditional_requests() > 0
    };
    assert!(asked(&scene));
    let mut folders = vec![scene.environment.cache()];
    let mut files = 0;
    while let Some(folder) = folders.pop() {
        let mode = fs::metadata(&folder).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o700, "{}", folder.display());
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            files += 1;
            let mode = fs::metadata(&path).unwrap().permissions().mode() & 0o777;
            assert_eq!(mode, 0o600, "{}", path.display());
        }
    }
    assert!(files > 0);

    fs::remove_dir_all(scene.environment.cache()).unwrap();
    let elsewhere = scene.environment.root().join("elsewhere");
    scene.environment.set("RELPLAN_CACHE", &elsewhere);
    assert!(asked(&scene) && elsewhere.join("http").is_dir());
    assert!(!scene.environment.cache().exists());
    for inside in [
        scene.project("cache"),
        scene.project(".relplan/cache"),
        "cache".into(),
    ] {
        scene.environment.set("RELPLAN_CACHE", &inside);
        let session = scene.expect(64, &["plan"]);
        assert!(session.stderr.contains("RELPLAN_CACHE"), "{session}");
        assert!(!inside.exists());
    }
    scene.environment.unset("RELPLAN_CACHE");
    scene.environment.unset("HOME");
    assert!(
        !asked(&scene),
        "without a home nothing is cached, and a plan is made all the same"
    );
    scene.environment.set("HOME", scene.environment.project());
    assert!(!asked(&scene) && !scene.project(".cache").exists());
}

/// S7: a folder of sources that leads out of the tree puts nothing from there into an artifact.
#[test]
fn l14_sources_outside_of_the_tree_are_not_packed() {
    let scene = Scene::with(&SPEC.replace("workspace \"npm\"", "workspace \"python\""));
    let manifest = "[project]\nname = \"widget\"\nversion = \"1.0.0\"\n[build-system]\nrequires = [\"hatchling\"]\n";
    scene
        .environment
        .write("project/pyproject.toml", manifest)
        .unwrap();
    let module = format!("TOKEN = \"{CANARY}\"\n");
    scene
        .environment
        .write("outside/src/widget/__init__.py", module)
        .unwrap();
    symlink("../outside/src", scene.project("src")).unwrap();
    let session = scene.expect(65, &["pack"]);
    let why = said(&session).contains("is a link that leads out of the project");
    assert!(why, "{session}");
}
