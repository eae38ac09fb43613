//! What must not have happened.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use crate::{
    canary,
    place::{MARK, Place},
    recorder::Run,
};

/// Programs that relplan may start, by name: git and what git itself starts for the transports that are allowed.
const ALLOWED: &[&str] = &[
    "git",
    "git-remote-http",
    "git-remote-https",
    "git-http-push",
    "git-upload-pack",
    "git-receive-pack",
    "git-upload-archive",
    "ssh",
    "ssh-keygen",
    "node",
    "npm",
    "cargo",
    "rustc",
    "rustup",
    "python",
    "python3",
    "uv",
];

/// What is outside of the tree and the person's caches: every file with its content, every link with where it leads.
pub fn outside_of(place: &Place) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![place.outside(), place.root().join("home")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
            let path = entry.path();
            // What relplan keeps for the person: answers of registries, and which policies were seen.
            if path.ends_with(".cache") || path.ends_with(".local") || path.ends_with(".npm") {
                continue;
            }
            let kind = entry.file_type().unwrap();
            if kind.is_dir() {
                folders.push(path.clone());
                found.insert(path, Vec::new());
            } else if kind.is_symlink() {
                found.insert(
                    path.clone(),
                    fs::read_link(&path)
                        .unwrap()
                        .into_os_string()
                        .into_encoded_bytes(),
                );
            } else {
                found.insert(path.clone(), fs::read(&path).unwrap_or_default());
            }
        }
    }
    found
}

/// Everything that is wrong with a run.
pub fn judge(place: &Place, arguments: &[String], run: &Run) -> Vec<String> {
    let mut wrong = Vec::new();
    match run.code {
        None => wrong.push(format!("killed after {} s", run.took.as_secs())),
        Some(1 | 101 | 126 | 127 | 134 | 137 | 139) => {
            wrong.push(format!("exit {:?}: {}", run.code, run.printed))
        }
        Some(_) => {}
    }
    printed(place, run, &mut wrong);
    sent(place, arguments, &mut wrong);
    let began = run
        .calls
        .iter()
        .position(|call| call.contains("execve(") && call.contains("bin/env\""))
        .map_or(0, |at| at + 2);
    let own = run
        .calls
        .iter()
        .skip(began)
        .find(|call| call.contains("execve("));
    let mut first = own.is_some();
    for call in &run.calls {
        if call.contains("execve(") {
            // `env`, then relplan itself: these are ours.
            let ours = call.contains("\"env\"")
                || std::mem::take(&mut first)
                    && call.contains("CARGO_HOME")
                    && call.contains("relplan");
            if !ours {
                started(place, call, &mut wrong);
            }
        } else if call.contains("connect(") {
            connected(place, call, &mut wrong);
        } else {
            touched(place, arguments, call, &mut wrong);
        }
    }
    wrong.sort();
    wrong.dedup();
    wrong
}

fn printed(place: &Place, run: &Run, wrong: &mut Vec<String>) {
    for secret in canary::secrets().chain([canary::OWN]) {
        if run.printed.contains(secret) {
            wrong.push(format!(
                "a secret in what was printed: {secret}\n{}",
                run.printed
            ));
        }
    }
    let steers = |c: char| {
        c != '\n'
            && c != '\t'
            && (c.is_control()
                || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{2028}' | '\u{2029}' | '\u{200b}' | '\u{feff}' | '\u{e0000}'..='\u{e007f}'))
    };
    if let Some(steering) = run.printed.chars().find(|c| steers(*c)) {
        wrong.push(format!("printed {steering:?} raw:\n{:?}", run.printed));
    }
    // What relplan writes is read by others: plans, records, pages.
    for folder in ["tmp", "project/.relplan"] {
        for file in files_below(&place.root().join(folder)) {
            let Ok(bytes) = fs::read(&file) else { continue };
            let text = String::from_utf8_lossy(&bytes);
            for secret in canary::secrets().chain([canary::OWN]) {
                if text.contains(secret) {
                    wrong.push(format!(
                        "a secret in {}: {secret}",
                        file.strip_prefix(place.root()).unwrap_or(&file).display()
                    ));
                }
            }
        }
    }
}

/// Regular files only, so that no link or pipe of the tree is followed here.
fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    if fs::symlink_metadata(folder).is_ok_and(|facts| facts.is_dir()) {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            let Ok(facts) = entry.metadata() else {
                continue;
            };
            if facts.is_dir() {
                found.extend(files_below(&entry.path()));
            } else if facts.is_file() && facts.len() < 8 << 20 {
                found.push(entry.path());
            }
        }
    }
    found
}

fn sent(place: &Place, arguments: &[String], wrong: &mut Vec<String>) {
    // `apply --yes` is a person's word for all that the plan shows, the endpoints that the tree chose included.
    let applied = arguments.iter().any(|argument| argument == "--yes")
        && arguments.iter().any(|argument| argument == "apply");
    let elsewhere = canary::secrets().filter(|_| !applied).chain([canary::OWN]);
    for secret in elsewhere {
        if place.sink.has_heard(secret) {
            wrong.push(format!(
                "a secret was sent to a host that the tree chose: {secret}"
            ));
        }
    }
    // What the spec may name is sent where the person's own configuration leads.
    let meant = canary::VARIABLES
        .iter()
        .filter(|(name, _)| name.starts_with("RELPLAN_TOKEN_"));
    let meant: Vec<&str> = meant.map(|(_, value)| *value).collect();
    for secret in canary::secrets().filter(|secret| !applied && !meant.contains(secret)) {
        if place.registry.has_heard(secret) {
            wrong.push(format!(
                "a secret was sent to the person's registry that is not for it: {secret}"
            ));
        }
    }
}

fn started(place: &Place, call: &str, wrong: &mut Vec<String>) {
    let Some((_, rest)) = call.split_once("execve(\"") else {
        return;
    };
    let Some((program, rest)) = rest.split_once('"') else {
        return;
    };
    let failed = call.contains(") = -1 ");
    let (argv, environment) = rest.split_once("], [").unwrap_or((rest, ""));
    let short = |text: &str| text.chars().take(300).collect::<String>();
    let real = fs::canonicalize(program).unwrap_or_else(|_| program.into());
    if real.starts_with(place.project()) || !program.starts_with('/') {
        wrong.push(format!(
            "a program of the tree was started: {program}{}",
            if failed { " (it failed)" } else { "" }
        ));
        return;
    }
    if argv.contains(MARK) {
        wrong.push(format!(
            "the tree's words were run: {program} {}",
            short(argv)
        ));
    }
    let name = Path::new(program)
        .file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    if !failed
        && !ALLOWED.contains(&name.as_str())
        && real
            .file_name()
            .is_none_or(|name| !ALLOWED.contains(&name.to_string_lossy().as_ref()))
    {
        wrong.push(format!("{program} was started: {}", short(argv)));
    }
    for secret in canary::secrets().chain([canary::OWN]) {
        if argv.contains(secret) || environment.contains(secret) {
            wrong.push(format!("{program} was handed a secret: {secret}"));
        }
    }
}

fn connected(place: &Place, call: &str, wrong: &mut Vec<String>) {
    if !call.contains("AF_INET") {
        return;
    }
    let port = call
        .split("htons(")
        .nth(1)
        .and_then(|rest| rest.split(')').next())
        .unwrap_or_default();
    let loopback = call.contains("\"127.0.0.1\"") || call.contains("\"::1\"");
    // 9: the proxy where nobody listens, which stands for the rest of the world. 0: the resolver's own probe.
    let known = [
        place.sink.port().to_string(),
        place.registry.port().to_string(),
        "9".to_owned(),
        "0".to_owned(),
        "1".to_owned(),
    ];
    if !loopback || !known.iter().any(|known| known == port) {
        wrong.push(format!(
            "connected to {}",
            call.split("connect(").nth(1).unwrap_or(call)
        ));
    }
}

fn touched(place: &Place, arguments: &[String], call: &str, wrong: &mut Vec<String>) {
    // With `-y` the descriptor that an opening call returns shows the file that was opened.
    if !call.contains("open") && !call.contains("creat(") {
        return;
    }
    let Some(opened) = call
        .rsplit_once(" = ")
        .and_then(|(_, end)| end.split_once('<'))
        .and_then(|(_, path)| path.strip_suffix('>'))
    else {
        return;
    };
    let opened = Path::new(opened);
    let outside =
        opened.starts_with(place.outside()) || opened.starts_with(place.root().join("home/.ssh"));
    let folder = call.contains("O_DIRECTORY") || call.contains("O_PATH");
    let is_named = arguments
        .iter()
        .any(|argument| argument == "policy" || argument.ends_with("kept.json"));
    let writes = ["O_WRONLY", "O_RDWR", "O_CREAT", "creat("]
        .iter()
        .any(|flag| call.contains(flag));
    if outside && writes {
        wrong.push(format!("wrote outside: {}", opened.display()));
    } else if is_named {
        // A plan or policy that a person names may be a link; nothing of it is shown, which is judged above.
    } else if outside && !folder && opened.is_file() {
        wrong.push(format!("opened a file outside: {}", opened.display()));
    }
    if !is_named && opened == Path::new("/dev/zero") {
        wrong.push("opened /dev/zero".to_owned());
    }
}
