//! A `package.json` as npm writes it into a publish document: short forms spelled out (npm documentation
//! "package.json"; compared with what npm 11 sends).
//!
//! Why: installers read `bin`, `scripts` and the dependencies from the registry's document and not from the tarball, so
//! a short form left as it is would install differently.

use serde_json::{Map, Value, json};

use relplan_ecosystem::npm::Tarball;

/// The `package.json` with its short forms spelled out, readme included.
pub(super) fn normalised(contents: &Tarball) -> Map<String, Value> {
    let mut manifest = contents.manifest.clone();
    binaries(&mut manifest, &contents.files);
    bundled(&mut manifest);
    optional(&mut manifest);
    gyp(&mut manifest, &contents.files);
    people(&mut manifest);
    if let Some(Value::String(words)) = manifest.get("keywords") {
        let words: Vec<_> = words
            .split([',', ' ', '\t', '\n'])
            .filter(|word| !word.is_empty())
            .collect();
        manifest.insert("keywords".to_owned(), json!(words));
    }
    repository(&mut manifest);
    match &contents.readme {
        Some((name, text)) => {
            default(&mut manifest, "readme", json!(text));
            default(&mut manifest, "readmeFilename", json!(name));
        }
        None => default(
            &mut manifest,
            "readme",
            json!("ERROR: No README data found!"),
        ),
    }
    manifest
}

fn default(manifest: &mut Map<String, Value>, name: &str, value: Value) {
    manifest.entry(name).or_insert(value);
}

/// `bin` as a path belongs to the package's own name; `directories.bin` stands for the files in a folder.
fn binaries(manifest: &mut Map<String, Value>, files: &[String]) {
    let bare = manifest
        .get("name")
        .and_then(Value::as_str)
        .and_then(|name| name.rsplit('/').next())
        .unwrap_or_default()
        .to_owned();
    let bin = match manifest.get("bin") {
        Some(Value::String(path)) => json!({ bare: clean(path) }),
        Some(Value::Object(bin)) => bin
            .iter()
            .filter_map(|(name, path)| {
                let name = name.rsplit(['/', '\\', ':']).next()?;
                Some((name.to_owned(), json!(clean(path.as_str()?))))
            })
            .collect(),
        Some(_) => return,
        None => {
            let folder = manifest.get("directories").and_then(|d| d.get("bin"));
            let Some(folder) = folder.and_then(Value::as_str).map(clean) else {
                return;
            };
            let prefix = format!("{}/", folder.trim_end_matches('/'));
            files
                .iter()
                .filter_map(|path| {
                    let name = path.strip_prefix(&prefix)?.rsplit('/').next()?;
                    (!name.starts_with('.')).then(|| (name.to_owned(), json!(path)))
                })
                .collect()
        }
    };
    manifest.insert("bin".to_owned(), bin);
}

/// A path within the package, without `./`, a leading slash or a way out.
fn clean(path: &str) -> String {
    let mut parts = Vec::new();
    for part in path.split(['/', '\\']) {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    parts.join("/")
}

/// One spelling of the bundled dependencies; `true` stands for all.
fn bundled(manifest: &mut Map<String, Value>) {
    let other = manifest.remove("bundledDependencies");
    let value = manifest.remove("bundleDependencies").or(other);
    let value = match value {
        Some(Value::Bool(true)) => {
            let names = manifest.get("dependencies").and_then(Value::as_object);
            json!(
                names
                    .map(|all| all.keys().collect::<Vec<_>>())
                    .unwrap_or_default()
            )
        }
        Some(Value::Object(names)) => json!(names.keys().collect::<Vec<_>>()),
        Some(names @ Value::Array(_)) => names,
        Some(_) | None => return,
    };
    manifest.insert("bundleDependencies".to_owned(), value);
}

/// A dependency that is optional is not also an ordinary one.
fn optional(manifest: &mut Map<String, Value>) {
    let names: Vec<String> = match manifest.get("optionalDependencies") {
        Some(Value::Object(optional)) => optional.keys().cloned().collect(),
        _ => return,
    };
    if let Some(Value::Object(dependencies)) = manifest.get_mut("dependencies") {
        dependencies.retain(|name, _| !names.contains(name));
    }
}

/// A package with a gyp file and no install script of its own is built with node-gyp.
fn gyp(manifest: &mut Map<String, Value>, files: &[String]) {
    let has_gyp = files
        .iter()
        .any(|path| path.ends_with(".gyp") && !path.contains('/'));
    if !has_gyp || manifest.get("gypfile") == Some(&json!(false)) {
        return;
    }
    let scripts = manifest.entry("scripts").or_insert_with(|| json!({}));
    if let Value::Object(scripts) = scripts
        && !scripts.contains_key("install")
        && !scripts.contains_key("preinstall")
    {
        scripts.insert("install".to_owned(), json!("node-gyp rebuild"));
        manifest.insert("gypfile".to_owned(), json!(true));
    }
}

/// `Name <mail> (url)` as an object.
fn people(manifest: &mut Map<String, Value>) {
    if let Some(author) = manifest.get_mut("author") {
        person(author);
    }
    for list in ["contributors", "maintainers"] {
        if let Some(Value::Array(people)) = manifest.get_mut(list) {
            people.iter_mut().for_each(person);
        }
    }
}

fn person(value: &mut Value) {
    let Value::String(text) = value else {
        return;
    };
    let between = |open: char, close: char| {
        let (_, after) = text.split_once(open)?;
        let (inside, _) = after.split_once(close)?;
        Some(inside.trim().to_owned())
    };
    let name = text.split(['<', '(']).next().unwrap_or_default().trim();
    let mut person = Map::new();
    if !name.is_empty() {
        person.insert("name".to_owned(), json!(name));
    }
    if let Some(email) = between('<', '>') {
        person.insert("email".to_owned(), json!(email));
    }
    if let Some(url) = between('(', ')') {
        person.insert("url".to_owned(), json!(url));
    }
    *value = Value::Object(person);
}

/// A repository's short form as an object, with the pages that follow from it.
fn repository(manifest: &mut Map<String, Value>) {
    if let Some(Value::String(text)) = manifest.get("repository") {
        let url = match hosted(text) {
            Some((host, path)) => format!("git+https://{host}/{path}.git"),
            None => text.clone(),
        };
        manifest.insert(
            "repository".to_owned(),
            json!({ "type": "git", "url": url }),
        );
    }
    let url = manifest
        .get("repository")
        .and_then(|repository| repository.get("url"));
    if let Some((host, path)) = url.and_then(Value::as_str).and_then(hosted) {
        let page = format!("https://{host}/{path}");
        default(manifest, "bugs", json!({ "url": format!("{page}/issues") }));
        default(manifest, "homepage", json!(format!("{page}#readme")));
    }
    if let Some(Value::String(url)) = manifest.get("bugs") {
        let bugs = if url.contains('@') && !url.contains("://") {
            json!({ "email": url })
        } else {
            json!({ "url": url })
        };
        manifest.insert("bugs".to_owned(), bugs);
    }
}

/// The forge and `owner/name` that a repository's text names: a short form or a URL.
fn hosted(text: &str) -> Option<(&'static str, String)> {
    const FORGES: [(&str, &str); 2] = [("github", "github.com"), ("gitlab", "gitlab.com")];
    let bare = text.trim_start_matches("git+");
    let found = FORGES.iter().find_map(|(short, host)| {
        let path = bare.strip_prefix(&format!("{short}:")).or_else(|| {
            ["https://", "http://", "git://", "ssh://git@", "git@"]
                .iter()
                .filter_map(|scheme| bare.strip_prefix(scheme))
                .find_map(|rest| rest.strip_prefix(host)?.strip_prefix(['/', ':']))
        })?;
        Some((*host, path))
    });
    let (host, path) = found.unwrap_or(("github.com", bare));
    let path = path.split('#').next()?;
    let path = path.trim_end_matches('/').trim_end_matches(".git");
    let mut parts = path.split('/');
    let named = |part: Option<&str>| {
        part.is_some_and(|part| {
            !part.is_empty()
                && part
                    .chars()
                    .all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
        })
    };
    let two = named(parts.next()) && named(parts.next()) && parts.next().is_none();
    two.then(|| (host, path.to_owned()))
}
