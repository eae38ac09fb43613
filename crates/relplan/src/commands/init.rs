//! `relplan init`: writes a spec for what is in the project's folder.
//!
//! Invariant: what cannot be found out is asked, and only on a terminal; elsewhere the documented default counts, or the
//! command fails and names the flag. The text is read back as `check` would before it is written.

use relplan_model::{address::Ecosystem, digest::Sha256, finding::Severity};
use relplan_workspace::{PassedOver, Sighting, Why, WorkspaceRef};

use super::Session;
use crate::{
    arguments::{Init, Selected, ecosystem_named},
    exit::Exit,
    failure::Failure,
    gather::{
        commit,
        wishes::{Wishes, wishes},
    },
    init::{
        document,
        draft::{Draft, Lost, without_twins},
        ignored,
        origin::Origin,
    },
    next::Situation,
    project::{ReadSpec, kdl_style},
    view::{init_text, plan_text::finding_text},
};

/// What was found in the folder.
pub struct Seen {
    /// The workspaces that the spec will name.
    pub workspaces: Vec<Sighting>,
    /// What it will not.
    pub passed_over: Vec<PassedOver>,
    /// Packages that a spec cannot tell from others.
    pub lost: Vec<Lost>,
}

/// What the project is called, and where that comes from.
pub struct Called {
    /// Its name.
    pub project: String,
    /// Where the source is kept.
    pub repository: Option<String>,
    /// Where the name was found, in words.
    pub from: &'static str,
    /// What the manifests say instead, where git says something else.
    pub manifests: Option<String>,
}

/// Runs it.
pub fn run(session: &Session, arguments: &Init) -> Result<Exit, Failure> {
    let path = session
        .project
        .root
        .as_std_path()
        .join(&session.project.spec_path);
    if !arguments.print && !arguments.force && path.exists() {
        let message = format!("there is a spec already: {}", path.display());
        return Err(Failure::new(Exit::Usage, message)
            .hint("to see what would be written, use `relplan init --print`")
            .situation(Situation::again("to replace it:", &["--force"])));
    }
    let mut seen = look(session, arguments)?;
    let called = call(session, arguments, &seen)?;
    let (draft, lost) = Draft::of(
        called.project.clone(),
        called.repository.clone(),
        &seen.workspaces,
        &arguments.targets,
    );
    seen.lost.extend(lost);
    if draft.rules.is_empty() {
        return Err(nothing_to_release(&seen));
    }
    let text = document::write(&draft);
    let wishes = read_back(session, &text)?;
    if arguments.print {
        session.terminal.result(&text);
        return Ok(Exit::Done);
    }
    write(&path, text.as_bytes(), arguments.force)?;
    let style = session.terminal.out;
    let file = session.project.spec_path.display().to_string();
    let shown = init_text::render(&file, &called, &seen, &draft, style);
    session.terminal.result(&shown);
    for finding in &wishes.findings {
        if finding.severity != Severity::Note {
            let style = session.terminal.err;
            session.terminal.remark(&finding_text(finding, style));
        }
    }
    leave_out_of_git(session, arguments)?;
    session.terminal.result(init_text::NEXT);
    Ok(Exit::Done)
}

fn look(session: &Session, arguments: &Init) -> Result<Seen, Failure> {
    let root = &session.project.root;
    let mut seen = Seen {
        workspaces: Vec::new(),
        passed_over: Vec::new(),
        lost: Vec::new(),
    };
    for (ecosystem, path) in &arguments.workspaces {
        seen.workspaces.push(sight(session, ecosystem, path)?);
    }
    if seen.workspaces.is_empty() {
        let survey = relplan_workspace::survey(root).map_err(|error| {
            Failure::of(Exit::Invalid, &error).while_doing("cannot look for workspaces")
        })?;
        seen.workspaces = survey.workspaces;
        seen.passed_over = survey.passed_over;
    }
    (seen.workspaces, seen.lost) = without_twins(seen.workspaces);
    seen.workspaces
        .sort_by(|a, b| order(&a.workspace).cmp(&order(&b.workspace)));
    if seen.workspaces.is_empty() {
        if seen.passed_over.is_empty() && session.terminal.interactive {
            seen.workspaces.push(ask_for_workspace(session)?);
        } else {
            return Err(nothing_to_release(&seen));
        }
    }
    Ok(seen)
}

/// Workspaces of one ecosystem stand together.
fn order(workspace: &WorkspaceRef) -> (&str, &str) {
    (workspace.ecosystem.as_str(), &workspace.path)
}

fn sight(session: &Session, ecosystem: &Ecosystem, path: &str) -> Result<Sighting, Failure> {
    relplan_workspace::sight(&session.project.root, ecosystem, path).map_err(|error| {
        Failure::of(Exit::Usage, &error)
            .hint("name the folder of the root manifest, relative to the project's folder")
    })
}

fn ask_for_workspace(session: &Session) -> Result<Sighting, Failure> {
    let terminal = session.terminal;
    terminal.remark("No package was found here or in the folders below.");
    let words = relplan_ecosystem::Ecosystem::listed("or");
    let word = terminal.ask_for(&format!("Which ecosystem: {words}?"), None);
    let ecosystem = ecosystem_named(word.as_deref().unwrap_or_default())
        .map_err(|message| Failure::new(Exit::Usage, message))?;
    let path = terminal.ask_for("In which folder is its root manifest?", Some("."));
    sight(session, &ecosystem, path.as_deref().unwrap_or("."))
}

/// There is nothing that a spec could release.
fn nothing_to_release(seen: &Seen) -> Failure {
    let private: usize = seen
        .passed_over
        .iter()
        .map(|passed| match passed.why {
            Why::Private(packages) => packages,
            Why::NotAMember { .. } | Why::Unusable(_) => 0,
        })
        .sum();
    let listed: Vec<String> = init_text::passed_over(seen).collect();
    let named = !seen.workspaces.is_empty();
    let failure = if !seen.lost.is_empty() {
        Failure::new(
            Exit::Usage,
            "the packages here cannot be told apart, neither by name nor by folder",
        )
        .situation(Situation::again(
            "name the workspace that is to be released:",
            &["--workspace", "python=."],
        ))
    } else if private > 0 || named {
        Failure::new(
            Exit::Usage,
            "no package here may be published: the manifests keep all of them private",
        )
        .hint("take `private` or `publish = false` out of the manifest of what is to be released")
    } else {
        Failure::new(
            Exit::Usage,
            "no Cargo, npm or Python package that can be released was found here",
        )
        .situation(Situation::again(
            "run it in the project's folder; or name the folder of a root manifest:",
            &["--workspace", "npm=path/to/folder"],
        ))
    };
    if listed.is_empty() {
        failure
    } else {
        failure.details(listed.join("\n"))
    }
}

/// What the project is called: as the command line says, else after the repository, else as somebody answers, else
/// after the folder.
fn call(session: &Session, arguments: &Init, seen: &Seen) -> Result<Called, Failure> {
    let root = &session.project.root;
    let from_git = commit::origin(root, &session.surroundings.vars)
        .as_deref()
        .and_then(Origin::read);
    let from_manifests = manifests_say(seen);
    let (origin, from) = match (&from_git, &from_manifests) {
        (Some(git), _) => (Some(git), "git's remote `origin`"),
        (None, Some(manifests)) => (Some(manifests), "the manifests"),
        (None, None) => (None, "the folder"),
    };
    let differs = match (&from_git, &from_manifests) {
        (Some(git), Some(manifests)) if !git.url.eq_ignore_ascii_case(&manifests.url) => {
            Some(manifests.url.clone())
        }
        _ => None,
    };
    let repository = match &arguments.repository {
        Some(url) => Some(checked_url(url)?),
        None => origin.map(|origin| origin.url.clone()),
    };
    let after_given = repository.as_deref().and_then(Origin::read);
    let (project, from) = match (&arguments.project, &after_given) {
        (Some(project), _) => (project.clone(), "the command line"),
        (None, Some(given)) if arguments.repository.is_some() => {
            (given.project.clone(), "the command line")
        }
        (None, _) => match origin {
            Some(origin) => (origin.project.clone(), from),
            None => {
                let folder = root.file_name().unwrap_or("project").to_owned();
                let asked = session.terminal.interactive.then(|| {
                    let question = "What is the project called (owner/name)?";
                    session.terminal.ask_for(question, Some(&folder))
                });
                match asked.flatten() {
                    Some(answer) => (answer, "the answer"),
                    None => (folder, "the folder"),
                }
            }
        },
    };
    let usual = |c: char| c.is_ascii_graphic() && !matches!(c, '"' | '\\');
    if project.is_empty() || project.len() > 200 || !project.chars().all(usual) {
        let message = format!("{project:?} cannot be a project's name");
        return Err(
            Failure::new(Exit::Usage, message).situation(Situation::again(
                "a name has printable ASCII characters and no spaces; say another one:",
                &["--project", "owner/name"],
            )),
        );
    }
    Ok(Called {
        project,
        repository,
        from,
        manifests: differs.filter(|_| arguments.repository.is_none()),
    })
}

/// The repository that the publishable packages' manifests agree on.
fn manifests_say(seen: &Seen) -> Option<Origin> {
    let packages = seen.workspaces.iter().flat_map(Sighting::publishable);
    let mut said = packages
        .filter_map(|package| package.repository.as_deref())
        .filter_map(Origin::read);
    let first = said.next()?;
    said.all(|other| other == first).then_some(first)
}

fn checked_url(url: &str) -> Result<String, Failure> {
    match Origin::read(url) {
        Some(origin) => Ok(origin.url),
        None => Err(
            // The text is not repeated: a URL can hold a password.
            Failure::new(
                Exit::Usage,
                "--repository does not name a repository's page",
            )
            .hint("write it as https://host/owner/name"),
        ),
    }
}

/// Reads the text as `check` does: what is written is sound, or nothing is written.
fn read_back(session: &Session, text: &str) -> Result<Wishes, Failure> {
    let style = session.terminal.err;
    let file = session.project.spec_path.display().to_string();
    let parsed = relplan_spec::parse(&file, text, &relplan_targets::vocabulary());
    let Some(spec) = parsed.spec else {
        let rendered = relplan_kdl::render(&parsed.problems, &file, text, kdl_style(style));
        let message = "what was found here does not make a valid spec";
        return Err(Failure::new(Exit::Invalid, message)
            .details(rendered)
            .hint("correct what was given on the command line; or write it with --print, and correct that by hand"));
    };
    let read = ReadSpec {
        file,
        text: text.to_owned(),
        spec,
        digest: Sha256::of(text.as_bytes()),
    };
    wishes(
        &session.project.root,
        &read,
        None,
        &Selected::default(),
        style,
    )
}

/// Writes the spec so that it is there whole or not at all, and over no other unless that was asked for.
fn write(path: &std::path::Path, bytes: &[u8], force: bool) -> Result<(), Failure> {
    use std::io::Write as _;
    if force {
        return crate::files::write_whole(path, bytes);
    }
    let place = crate::files::place(path)?;
    let folder = place.parent().unwrap_or(std::path::Path::new("."));
    let write = || {
        let mut file = tempfile::NamedTempFile::new_in(folder)?;
        file.write_all(bytes)?;
        file.as_file().sync_all()?;
        file.persist_noclobber(&place)
            .map(drop)
            .map_err(|error| error.error)
    };
    write().map_err(|error| {
        Failure::of(Exit::Usage, &error).while_doing(format!("cannot write {}", path.display()))
    })
}

/// relplan's own folder (packed files, state) is not for the repository, unless somebody decides so.
fn leave_out_of_git(session: &Session, arguments: &Init) -> Result<(), Failure> {
    let root = &session.project.root;
    let terminal = session.terminal;
    if ignored::is_ignored(root) {
        return Ok(());
    }
    let question = "Add .relplan/, where packed files and the state are kept, to .gitignore?";
    if arguments.gitignore || (terminal.interactive && terminal.ask(question)) {
        ignored::ignore(root)?;
        terminal.result("Added .relplan/ to .gitignore.");
    } else {
        terminal.result(init_text::UNIGNORED);
    }
    Ok(())
}
