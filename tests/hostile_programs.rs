//! Hostile trees and the programs that relplan runs: nothing of the tree runs, nothing is shown to a child that is not
//! its own, no credential goes where the tree says. The real binary, canaries, servers on this machine.

mod home;
mod packers;

use std::{
    fs,
    io::{Read as _, Write as _},
    net::{Ipv4Addr, TcpListener, TcpStream},
    os::unix::fs::{PermissionsExt as _, symlink},
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
    time::Duration,
};

use relplan_testkit::environment::{Environment, Session};

use crate::fixture::binary;

/// Stands for every secret.
const CANARY: &str = "canary-1f0e6cc2b9";

/// A project in a checkout, with a package that goes to a folder.
struct Site {
    environment: Environment,
}

impl Site {
    fn new(state: &str) -> Self {
        let environment = Environment::new(binary()).unwrap();
        let site = Self { environment };
        site.spec(state);
        let package = r#"{"name":"@acme/widget","version":"1.0.0"}"#;
        site.write("project/js/package.json", package);
        site.git(&["init", "--quiet"]);
        site.commit();
        site
    }

    fn spec(&self, state: &str) {
        let spec = format!(
            "relplan 1\nproject \"acme/widgets\"\nworkspace \"npm\" path=\"js\" packer=\"builtin\"\n\
             target \"shelf\" kind=\"directory\" path=\"out\"\nrelease \"@acme/widget\" {{ to \"shelf\"; }}\n{state}\n"
        );
        self.write("project/relplan.kdl", &spec);
    }

    /// Has npm pack, and not relplan.
    fn without_builtin(&self) {
        let spec = self.path("project/relplan.kdl");
        let text = fs::read_to_string(&spec).unwrap();
        fs::write(spec, text.replace(" packer=\"builtin\"", "")).unwrap();
    }

    fn path(&self, path: &str) -> PathBuf {
        self.environment.root().canonicalize().unwrap().join(path)
    }

    fn write(&self, path: &str, text: &str) {
        self.environment.write(path, text).unwrap();
    }

    /// A program that leaves a mark, which nothing may do.
    fn mark(&self, path: &str) {
        self.program(path, &format!("touch {}", self.marked().display()));
    }

    fn program(&self, path: &str, text: &str) {
        self.write(path, &format!("#!/bin/sh\n{text}\n"));
        let permissions = fs::Permissions::from_mode(0o755);
        fs::set_permissions(self.path(path), permissions).unwrap();
    }

    fn marked(&self) -> PathBuf {
        self.path("marked")
    }

    #[track_caller]
    fn nothing_ran(&self, what: &str) {
        assert!(!self.marked().exists(), "l14: {what} ran");
    }

    /// What it said, without the breaks that fit it to a terminal.
    fn said(session: &Session) -> String {
        session
            .stderr
            .split_whitespace()
            .collect::<Vec<_>>()
            .join(" ")
    }

    fn git_in(&self, folder: &str, arguments: &[&str]) {
        let mut command = self.environment.command("git");
        command
            .current_dir(self.path(folder))
            .args(["-c", "user.name=a", "-c", "user.email=a@acme.example"])
            .args(arguments);
        let session = self.environment.run(command).unwrap();
        assert_eq!(session.code, Some(0), "git {arguments:?}: {session}");
    }

    fn git(&self, arguments: &[&str]) {
        self.git_in("project", arguments);
    }

    fn commit(&self) {
        self.git(&["add", "--all"]);
        self.git(&["commit", "--quiet", "--message", "x"]);
    }

    #[track_caller]
    fn expect(&self, code: i32, arguments: &[&str]) -> Session {
        let session = self.environment.relplan_session(arguments).unwrap();
        assert_eq!(session.code, Some(code), "relplan {arguments:?}\n{session}");
        let said = format!("{}{}", session.stdout, session.stderr);
        assert!(!said.contains(CANARY), "l11: {session}");
        session
    }

    /// A bare repository that keeps state.
    fn repository(&self, path: &str) -> PathBuf {
        fs::create_dir_all(self.path(path)).unwrap();
        self.git_in(path, &["init", "--quiet", "--bare"]);
        self.path(path)
    }

    /// Has a repository of this machine run a program for what is pushed to it.
    fn arm(&self, repository: &Path) {
        let config = format!(
            "[core]\n\trepositoryformatversion = 0\n\tbare = true\n\talternateRefsCommand = \"touch {}; true\"\n",
            self.marked().display()
        );
        fs::write(repository.join("config"), config).unwrap();
        fs::create_dir_all(repository.join("objects/info")).unwrap();
        let other = self.repository("other.git");
        let objects = other.join("objects").display().to_string();
        fs::write(repository.join("objects/info/alternates"), objects + "\n").unwrap();
    }
}

/// A server that asks everybody who they are, or sends them elsewhere, and remembers what they said.
struct Asking {
    port: u16,
    heads: Arc<Mutex<Vec<String>>>,
}

impl Asking {
    fn start() -> Self {
        Self::answering(
            "401 Unauthorized",
            "WWW-Authenticate: Basic realm=\"state\"",
        )
    }

    fn answering(status: &str, header: &str) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let heads = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&heads);
        let answer = format!(
            "HTTP/1.1 {status}\r\n{header}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        );
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let head = Self::answer(stream, &answer);
                kept.lock().unwrap().push(head);
            }
        });
        Self { port, heads }
    }

    fn answer(mut stream: TcpStream, answer: &str) -> String {
        stream
            .set_read_timeout(Some(Duration::from_secs(5)))
            .unwrap();
        let mut head = Vec::new();
        let mut piece = [0; 4096];
        while !head.windows(4).any(|four| four == b"\r\n\r\n") {
            match stream.read(&mut piece) {
                Ok(count @ 1..) => head.extend_from_slice(&piece[..count]),
                Ok(0) | Err(_) => break,
            }
        }
        let _ = stream.write_all(answer.as_bytes());
        String::from_utf8_lossy(&head).into_owned()
    }

    fn url(&self) -> String {
        format!("http://127.0.0.1:{}/x.git", self.port)
    }

    fn heard(&self) -> String {
        self.heads.lock().unwrap().join("\n")
    }
}

/// S1: a committed folder that looks like a bare repository, worked in with `-C`.
#[test]
fn l14_a_committed_folder_that_looks_like_a_repository_runs_nothing() {
    let server = Asking::start();
    let site = Site::new(&format!("state \"git\" remote=\"{}\"", server.url()));
    fs::rename(site.path("project"), site.path("sub")).unwrap();
    fs::create_dir(site.path("project")).unwrap();
    fs::rename(site.path("sub"), site.path("project/sub")).unwrap();
    fs::rename(site.path("project/sub/.git"), site.path("project/.git")).unwrap();
    site.mark("project/sub/tool");
    let helper = site.path("project/sub/tool").display().to_string();
    let config = format!(
        "[core]\n\trepositoryformatversion = 0\n\tbare = true\n\tfsmonitor = {helper}\n\tsshCommand = {helper}\n\
         \taskPass = {helper}\n\tpager = {helper}\n\thooksPath = hooks\n[credential]\n\thelper = \"!{helper}\"\n\
         [http]\n\textraheader = \"X-Tree: {CANARY}\"\n[url \"ext::{helper}\"]\n\tinsteadOf = http://\n"
    );
    site.write("project/sub/config", &config);
    site.write("project/sub/HEAD", "ref: refs/heads/main\n");
    for kept in ["objects/.keep", "refs/.keep"] {
        site.write(&format!("project/sub/{kept}"), "");
    }
    site.commit();
    for command in ["plan", "status", "pack", "check"] {
        site.environment
            .relplan_session(&["-C", "sub", command])
            .unwrap();
        site.nothing_ran(command);
    }
    let refused = site.expect(10, &["-C", "sub", "plan"]);
    let heard = server.heard();
    assert!(heard.contains("GET /x.git/info/refs"), "{heard}\n{refused}");
    assert!(!heard.contains(CANARY), "{heard}");
    site.nothing_ran("plan");

    // Without a state that stops it, packing asks which files are changed.
    let spec = site.path("project/sub/relplan.kdl");
    let text = fs::read_to_string(&spec).unwrap();
    let (rest, _) = text.split_once("state ").unwrap();
    fs::write(&spec, rest).unwrap();
    let packed = site.expect(0, &["-C", "sub", "pack"]);
    assert!(packed.stdout.contains("1 artifact"), "{packed}");
    site.nothing_ran("pack");
    fs::write(&spec, &text).unwrap();

    // The same helper in the person's own configuration is theirs to have.
    site.write(
        "home/.gitconfig",
        &format!("[credential]\n\thelper = \"!{helper}\"\n"),
    );
    site.expect(10, &["-C", "sub", "plan"]);
    assert!(site.marked().exists(), "a person's own helper is asked");
}

/// B9: git would send the `default` login of the person's netrc to whatever host a spec names.
#[test]
fn l14_a_login_for_any_host_does_not_go_to_one_that_only_the_spec_names() {
    let server = Asking::start();
    let site = Site::new(&format!("state \"git\" remote=\"{}\"", server.url()));
    let default = format!("default login bot password {CANARY}\n");
    site.write("home/.netrc", &default);
    let refused = site.expect(65, &["plan"]);
    let said = Site::said(&refused);
    assert!(said.contains("machine 127.0.0.1"), "{refused}");
    assert_eq!(server.heard(), "", "{refused}");
    // An entry of the host's own, and a remote of the person's own repository, are theirs.
    let own = format!("machine 127.0.0.1 login me password own\n{default}");
    site.write("home/.netrc", &own);
    let asked = site.expect(10, &["plan"]);
    assert!(
        server.heard().contains("Authorization: Basic bWU6b3du"),
        "{asked}"
    );
    assert!(Site::said(&asked).contains("RELPLAN_HELPER_ENV"), "{asked}");
    site.write("home/.netrc", &default);
    site.git(&["remote", "add", "origin", &server.url()]);
    let before = server.heard().matches("Authorization: ").count();
    site.expect(10, &["plan"]);
    let after = server.heard().matches("Authorization: ").count();
    assert!(after > before, "{}", server.heard());
}

/// S2: a state repository inside the checkout, by whatever name, from the spec, the command line or a plan.
#[test]
fn l14_a_state_repository_inside_the_checkout_is_refused() {
    let site = Site::new("");
    let inside = site.repository("project/tools/state.git");
    site.arm(&inside);
    fs::create_dir_all(site.path("outside")).unwrap();
    symlink(site.path("project/tools"), site.path("outside/tools")).unwrap();
    symlink(&inside, site.path("outside/named.git")).unwrap();
    let inside = inside.display().to_string();
    let remotes = [
        "./tools/state.git".to_owned(),
        "tools/state.git".to_owned(),
        "js/../tools/state.git".to_owned(),
        inside.clone(),
        format!("file://{inside}"),
        format!("file://{}", inside.replace("tools", "%74ools")),
        site.path("outside/tools/state.git").display().to_string(),
        site.path("outside/named").display().to_string(),
        site.path("project/.git").display().to_string(),
    ];
    for remote in &remotes {
        site.spec(&format!("state \"git\" remote=\"{remote}\""));
        let refused = site.expect(65, &["plan"]);
        assert!(
            Site::said(&refused).contains("lies inside the checkout"),
            "{refused}"
        );
        let place = format!("git+{remote}#refs/relplan/state");
        let refused = site.expect(10, &["plan", "--state", &place]);
        assert!(
            Site::said(&refused).contains("lies inside the checkout"),
            "{refused}"
        );
    }
    for remote in [
        "ext::sh -c 'touch marked'",
        "fd::0",
        "git://127.0.0.1:1/x.git",
    ] {
        site.spec(&format!("state \"git\" remote=\"{remote}\""));
        let refused = site.expect(65, &["plan"]);
        assert!(
            Site::said(&refused).contains("neither by HTTP nor by SSH"),
            "{refused}"
        );
    }

    // One outside of every checkout is a person's to choose, and runs nothing for all that.
    let outside = site.repository("servers/state.git");
    site.arm(&outside);
    let outside = outside.display().to_string();
    site.spec(&format!("state \"git\" remote=\"file://{outside}\""));
    site.expect(0, &["pack"]);
    site.expect(0, &["plan", "-o", "release.json"]);
    let plan = fs::read_to_string(site.path("project/release.json")).unwrap();
    assert!(plan.contains(&outside), "{plan}");
    site.write("project/moved.json", &plan.replace(&outside, &inside));
    let refused = site.expect(64, &["apply", "moved.json", "--yes"]);
    assert!(
        Site::said(&refused).contains("the spec here keeps the state in"),
        "{refused}"
    );
    let place = format!("git+file://{inside}#refs/relplan/state");
    let apply = ["apply", "moved.json", "--yes", "--state", &place];
    let refused = site.expect(10, &apply);
    assert!(
        Site::said(&refused).contains("lies inside the checkout"),
        "{refused}"
    );
    // A folder of its own does not make the checkout a place for state.
    let bundle = site.path("project/.relplan/bundle").display().to_string();
    let plan = site.path("project/moved.json").display().to_string();
    let elsewhere = site.path("elsewhere").display().to_string();
    fs::create_dir(&elsewhere).unwrap();
    let apply = [
        "-C", &elsewhere, "apply", &plan, "--bundle", &bundle, "--yes",
    ];
    let refused = site.expect(10, &apply);
    assert!(
        Site::said(&refused).contains("lies inside the checkout"),
        "{refused}"
    );
    site.expect(0, &["apply", "release.json", "--yes"]);
    site.nothing_ran("apply");
}

/// S5: what git is configured with for all hosts, or for another, does not go to the host that a spec names.
#[test]
fn l14_only_what_is_bound_to_the_host_goes_to_it() {
    let server = Asking::start();
    let site = Site::new(&format!("state \"git\" remote=\"{}\"", server.url()));
    site.mark("helper");
    let helper = site.path("helper").display().to_string();
    let bound = format!("http.http://127.0.0.1:{}/.extraheader", server.port);
    let scoped = format!("credential.http://127.0.0.1:{}.helper", server.port);
    for (name, value) in [
        ("http.extraheader", format!("X-All: {CANARY}")),
        (
            "http.http://127.0.0.1:1/.extraheader",
            format!("X-Other: {CANARY}"),
        ),
        ("http.http://*/.extraheader", format!("X-Any: {CANARY}")),
        (&bound, "X-Bound: yes".to_owned()),
        ("credential.helper", format!("!{helper}")),
        (&scoped, format!("!{helper}")),
        ("core.askPass", helper.clone()),
    ] {
        site.git(&["config", name, &value]);
    }
    site.write(
        "home/.gitconfig",
        &format!("[http]\n\textraheader = \"X-Person: {CANARY}\"\n"),
    );
    site.expect(10, &["plan"]);
    let heard = server.heard();
    assert!(heard.contains("X-Bound: yes"), "{heard}");
    assert!(!heard.contains(CANARY), "{heard}");
    site.nothing_ran("a helper of the repository's configuration");
}

/// S5: what is bound to a host does not go along where that host sends git on to, whatever a person's own configuration
/// says of redirects; and a spec gives no order to a server that redirects whoever asks for it.
#[test]
fn l14_what_is_bound_to_a_host_is_not_sent_on_to_another() {
    let other = Asking::start();
    let location = format!(
        "Location: {}/info/refs?service=git-upload-pack",
        other.url()
    );
    let server = Asking::answering("302 Found", &location);
    let site = Site::new(&format!("state \"git\" remote=\"{}\"", server.url()));
    let header = format!("http.http://127.0.0.1:{}/.extraheader", server.port);
    site.git(&["config", &header, &format!("Authorization: Basic {CANARY}")]);
    let follow = format!("http.{}.followRedirects", server.url());
    site.git(&["config", "--global", &follow, "true"]);
    let refused = site.expect(10, &["plan"]);
    let said = Site::said(&refused);
    assert!(said.contains("sends git on to another URL"), "{refused}");
    assert!(said.contains(&server.url()), "{refused}");
    let heard = server.heard();
    assert!(heard.contains(CANARY), "it is the host's own: {heard}");
    assert_eq!(other.heard(), "", "nothing went on");

    for rest in ["?to=elsewhere", "#elsewhere"] {
        site.spec(&format!("state \"git\" remote=\"{}{rest}\"", server.url()));
        let refused = site.expect(65, &["plan"]);
        let said = Site::said(&refused);
        assert!(said.contains("which no repository's URL has"), "{refused}");
    }
}

/// S6: no program by a relative entry of `PATH`, nor by one that lies in the tree.
#[test]
fn l14_no_program_of_the_tree_runs_whatever_path_says() {
    let server = Asking::start();
    let mut site = Site::new(&format!("state \"git\" remote=\"{}\"", server.url()));
    for program in [
        "git",
        "ssh",
        "node",
        "npm",
        "python3",
        "uv",
        "twine",
        "ssh-keygen",
        "sh",
    ] {
        site.mark(&format!("project/node_modules/.bin/{program}"));
    }
    symlink(site.path("project/node_modules/.bin"), site.path("linked")).unwrap();
    let inside = format!(
        "./node_modules/.bin:node_modules/.bin::{}:{}",
        site.path("project/node_modules/.bin").display(),
        site.path("linked").display()
    );
    let path = format!("{inside}:{}", std::env::var("PATH").unwrap());
    site.environment.set("PATH", path);
    site.expect(10, &["plan"]);
    assert!(server.heard().contains("GET /x.git"), "git ran");
    site.spec("");
    site.expect(0, &["pack"]);
    site.nothing_ran("a program of the tree");

    site.environment.set("PATH", inside);
    site.spec(&format!("state \"git\" remote=\"{}\"", server.url()));
    let refused = site.expect(10, &["plan"]);
    let said = "relplan runs no program of the project's";
    assert!(Site::said(&refused).contains(said), "{refused}");
    site.spec("");
    site.without_builtin();
    let refused = site.expect(65, &["pack"]);
    assert!(Site::said(&refused).contains(said), "{refused}");
    site.nothing_ran("a program of the tree");
}

/// S9: children see the variables that are named for them, and no other.
#[test]
fn l14_children_see_named_variables_alone() {
    let server = Asking::start();
    let mut site = Site::new(&format!("state \"git\" remote=\"{}\"", server.url()));
    // Programs that write down what they see.
    let seen = site.path("seen");
    fs::create_dir(&seen).unwrap();
    for program in ["git", "npm"] {
        let found = site.environment.command("which");
        let found = {
            let mut which = found;
            which.arg(program);
            site.environment.run(which).unwrap().stdout
        };
        let record = format!(
            "env > {}/{program}.$$\nexec {} \"$@\"",
            seen.display(),
            found.trim()
        );
        site.program(&format!("recorders/{program}"), &record);
    }
    let recorders = site.path("recorders");
    site.environment.prepend_path(&recorders);
    let helper = format!(
        "!echo asked >> {}/helper; env >> {0}/helper; false",
        seen.display()
    );
    site.git(&["config", "--global", "credential.helper", &helper]);
    for name in [
        "MIRROR_TOKEN",
        "PYPI_TOKEN",
        "AWS_SECRET_ACCESS_KEY",
        "RELPLAN_DATABASE",
        "Npm_Config__AuthToken",
        "GITHUB_TOKEN",
        "GIT_ASKPASS",
        "SSH_ASKPASS",
        "GIT_DIR",
        "GIT_TRACE_CURL",
        "LD_LIBRARY_PATH_OF_ACME",
        "ACME",
        "SSH_AUTH_SOCK",
    ] {
        site.environment.set(name, format!("/{CANARY}"));
    }
    site.environment.set("ACME_HOST", "named-by-a-person");
    site.environment.set("RELPLAN_HELPER_ENV", "ACME_HOST");
    site.environment.set("ACME_FEATURES", "named-for-packers");
    site.environment.set("RELPLAN_PACK_ENV", "ACME_FEATURES");
    site.expect(10, &["plan"]);
    site.spec("");
    site.without_builtin();
    site.expect(0, &["pack", "--offline"]);

    let mut programs = std::collections::BTreeSet::new();
    for entry in fs::read_dir(&seen).unwrap() {
        let path = entry.unwrap().path();
        let text = fs::read_to_string(&path).unwrap();
        assert!(!text.contains(CANARY), "{}: {text}", path.display());
        assert!(
            text.contains("\nHOME=") && text.contains("\nPATH="),
            "{text}"
        );
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        match name.as_str() {
            "npm" => assert!(text.contains("ACME_FEATURES=named-for-packers"), "{text}"),
            "helper" => assert!(text.contains("ACME_HOST=named-by-a-person"), "{text}"),
            _ => assert!(!text.contains("ACME_FEATURES"), "{text}"),
        }
        programs.insert(name);
    }
    assert!(
        programs.into_iter().eq(["git", "helper", "npm"]),
        "each was asked"
    );

    // A credential is not handed to packers even when it is named.
    site.environment
        .set("RELPLAN_PACK_ENV", "ACME_FEATURES MIRROR_TOKEN");
    let refused = site.expect(65, &["pack", "--offline"]);
    assert!(
        Site::said(&refused).contains("RELPLAN_PACK_ENV names MIRROR_TOKEN"),
        "{refused}"
    );
}

/// A dirty flag is asked for while packing: no filter and no monitor of the repository's runs for it.
#[test]
fn l14_asking_what_is_changed_runs_no_filter_and_no_monitor() {
    let site = Site::new("");
    site.write("project/.gitattributes", "* filter=evil diff=evil\n");
    site.commit();
    site.mark("evil");
    let evil = site.path("evil").display().to_string();
    for name in [
        "filter.evil.clean",
        "filter.evil.smudge",
        "filter.evil.process",
        "diff.evil.textconv",
        "core.fsmonitor",
        "core.sshCommand",
        "core.pager",
    ] {
        site.git(&["config", name, &evil]);
    }
    fs::create_dir_all(site.path("project/.git/hooks")).unwrap();
    for hook in [
        "post-index-change",
        "fsmonitor-watchman",
        "reference-transaction",
    ] {
        site.mark(&format!("project/.git/hooks/{hook}"));
    }
    site.write(
        "project/js/package.json",
        "{\"name\":\"@acme/widget\",\"version\":\"1.0.1\"}",
    );
    let packed = site.expect(0, &["pack"]);
    assert!(packed.stdout.contains("uncommitted changes"), "{packed}");
    site.expect(0, &["plan"]);
    site.nothing_ran("a filter, a hook or a monitor");
}
