//! How a remote is reached, and where it may not lie.
//!
//! Invariant (law L14): a remote is reached by HTTP, by SSH, or as a folder of this machine. git has other ways, and some
//! of them are a program that the URL names (`ext::`). A folder is never one of the tree, nor of any other checkout: git
//! runs what the configuration of a repository on this machine says, and a commit can hold such a repository.

use std::path::{Path, PathBuf};

use relplan_system::programs::{Programs, TreeRoots, resolved};
use url::Url;

use super::remote::RemoteError;

/// How a remote is reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Transport {
    /// By HTTP; no credential in the URL.
    Http(Url),
    /// By SSH.
    Ssh,
    /// As a folder of this machine.
    Folder(PathBuf),
}

impl Transport {
    /// How a URL or a path says that it is reached. Relative paths start in the project.
    pub(super) fn of(url: &str, project: &Path) -> Result<Self, RemoteError> {
        let refuse = |why| RemoteError::Transport {
            url: url.to_owned(),
            why,
        };
        let is_of_a_scheme = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.');
        let helper = url.trim_start_matches(is_of_a_scheme);
        if helper.starts_with("::") {
            return Err(refuse("`::` names a program"));
        }
        if let Some((scheme, rest)) = url.split_once("://") {
            return match scheme {
                "http" | "https" => match Url::parse(url) {
                    Ok(mut url) if url.query().is_some() || url.fragment().is_some() => {
                        url.set_query(None);
                        url.set_fragment(None);
                        Err(RemoteError::Query {
                            url: url.to_string(),
                        })
                    }
                    Ok(url) if url.has_host() => Ok(Self::Http(url)),
                    Ok(_) | Err(_) => Err(refuse("it is no URL")),
                },
                "ssh" => Ok(Self::Ssh),
                "file" => folder_of(rest).map(Self::Folder).ok_or_else(|| {
                    refuse("a file URL is file:// and a whole path, without a host")
                }),
                _ => Err(refuse("that scheme is none of http, https, ssh and file")),
            };
        }
        // `host:path`, as SSH's short form has it, has no slash before its colon.
        let host = url.split_once(':').map(|(host, _)| host);
        let is_drive = |host: &str| cfg!(windows) && host.len() == 1;
        match host.filter(|host| !host.contains('/') && !is_drive(host)) {
            Some(host) if host.is_empty() || host.starts_with('-') => {
                Err(refuse("there is no host before its colon"))
            }
            Some(_) => Ok(Self::Ssh),
            None => Ok(Self::Folder(resolved(&project.join(url)))),
        }
    }

    /// What git is given as the remote's URL.
    pub(super) fn url(&self, url: &str) -> String {
        match self {
            // As it was understood here: readers of URLs differ in where they see the host.
            Self::Http(url) => url.to_string(),
            Self::Ssh => url.to_owned(),
            Self::Folder(path) => path.display().to_string(),
        }
    }

    /// The transports that git may use. A person's own configuration may have it reach an HTTP URL by SSH.
    pub(super) fn allowed(&self) -> &'static str {
        match self {
            Self::Http(_) | Self::Ssh => "http:https:ssh",
            Self::Folder(_) => "file",
        }
    }

    /// Refuses a folder of the tree or of another checkout.
    pub(super) fn refuse_content(&self, url: &str, programs: &Programs) -> Result<(), RemoteError> {
        let Self::Folder(path) = self else {
            return Ok(());
        };
        let home = programs
            .own_variable("HOME")
            .or_else(|| programs.own_variable("USERPROFILE"));
        for path in repositories_at(path) {
            let checkouts = TreeRoots::of_checkouts_above(&path, home.map(Path::new));
            let root = programs
                .roots()
                .holding(&path)
                .or_else(|| checkouts.holding(&path));
            if let Some(root) = root {
                return Err(RemoteError::Content {
                    url: url.to_owned(),
                    root: root.to_owned(),
                });
            }
        }
        Ok(())
    }
}

/// The path of a file URL, behind its `file://`.
fn folder_of(rest: &str) -> Option<PathBuf> {
    let path = percent_encoding::percent_decode_str(rest)
        .decode_utf8()
        .ok()?;
    let path = path.strip_prefix('/').filter(|_| !path.contains('\0'))?;
    match cfg!(windows) {
        true => Some(resolved(Path::new(path))),
        false => Some(resolved(&Path::new("/").join(path))),
    }
}

/// Where git looks for a repository that is named by a path, links resolved.
fn repositories_at(path: &Path) -> Vec<PathBuf> {
    let mut longer = path.as_os_str().to_owned();
    longer.push(".git");
    let longer = PathBuf::from(longer);
    [
        path.to_owned(),
        path.join(".git"),
        longer.join(".git"),
        longer,
    ]
    .iter()
    .filter(|candidate| *candidate == path || candidate.exists())
    .map(|candidate| resolved(candidate))
    // The repository of a checkout is where the checkout is.
    .map(|found| match found.file_name() {
        Some(name) if name == ".git" => found.parent().map(Path::to_owned).unwrap_or(found),
        _ => found,
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeMap, fs};

    use super::*;

    #[test]
    fn l14_a_remote_is_reached_by_http_by_ssh_or_as_a_folder() {
        let project = Path::new("/no/such/project");
        let folder = |path: &str| Transport::Folder(path.into());
        for (url, expected) in [
            ("../state.git", folder("/no/such/state.git")),
            ("/srv/state.git", folder("/srv/state.git")),
            ("./a:b", folder("/no/such/project/a:b")),
            ("file:///srv/state%2egit", folder("/srv/state.git")),
            ("git@git.example:acme.git", Transport::Ssh),
            ("git@[::1]:acme.git", Transport::Ssh),
            ("ssh://git@git.example/acme.git", Transport::Ssh),
        ] {
            assert_eq!(Transport::of(url, project), Ok(expected), "{url}");
        }
        let http = Transport::of("https://git.example/acme.git", project).unwrap();
        assert_eq!(http.url(""), "https://git.example/acme.git");
        for url in [
            "ext::sh -c touch%20ran",
            "ext::/bin/sh",
            "fd::0",
            "a.b-c+d::x",
            "git://git.example/acme.git",
            "ftp://git.example/acme.git",
            "FILE:///srv/state.git",
            "file://host/srv/state.git",
            "file://srv",
            "-oProxyCommand=x:y",
            ":x",
            "https://",
        ] {
            let answer = Transport::of(url, project);
            assert!(
                matches!(answer, Err(RemoteError::Transport { .. })),
                "{url}: {answer:?}"
            );
        }
    }

    /// S5: an order to a server to send git elsewhere is no part of a repository's URL, and is not repeated.
    #[test]
    fn l14_a_remote_has_neither_query_nor_fragment() {
        for rest in ["?to=canary", "?", "#canary", "#", "?to=canary#canary"] {
            let url = format!("https://git.example/acme.git{rest}");
            let refused = Transport::of(&url, Path::new("/no/such/project")).unwrap_err();
            let url = "https://git.example/acme.git".to_owned();
            assert_eq!(refused, RemoteError::Query { url }, "{rest}");
        }
    }

    /// S2: a repository in the tree, by whatever name, and one in another checkout.
    #[cfg(unix)]
    #[test]
    fn l14_a_folder_of_the_tree_or_of_another_checkout_is_refused() {
        let world = tempfile::tempdir().unwrap();
        let root = world.path().canonicalize().unwrap();
        for folder in [
            "tree/sub/bare",
            "tree/.git",
            "outside/bare",
            "other/.git",
            "other/bare",
            "dotfiles/.git",
            "dotfiles/bare",
            "tree2/tree.git",
        ] {
            fs::create_dir_all(root.join(folder)).unwrap();
        }
        std::os::unix::fs::symlink(root.join("tree/sub"), root.join("outside/link")).unwrap();
        std::os::unix::fs::symlink(root.join("tree/sub/bare"), root.join("outside/x.git")).unwrap();
        let home = root.join("dotfiles").display().to_string();
        let vars = BTreeMap::from([("HOME".to_owned(), home)]);
        let project = root.join("tree/sub");
        let programs = Programs::around(&project, &vars);
        let root = root.display();
        let ask = |url: &str| {
            let transport = Transport::of(url, &project).unwrap();
            transport.refuse_content(url, &programs)
        };
        for url in [
            "bare".to_owned(),
            "./not/there".to_owned(),
            "..".to_owned(),
            format!("{root}/tree/sub/bare"),
            format!("file://{root}/tree/sub/bare"),
            format!("file://{root}/tree/%73ub/bare"),
            format!("{root}/outside/../tree/sub/bare"),
            format!("{root}/outside/link/bare"),
            format!("{root}/outside/x"),
            format!("{root}/tree/.git"),
            format!("{root}/other/bare"),
        ] {
            let answer = ask(&url);
            let is_content = matches!(answer, Err(RemoteError::Content { .. }));
            assert!(is_content, "{url}: {answer:?}");
        }
        for url in ["outside/bare", "other", "other/.git", "dotfiles/bare"] {
            assert_eq!(ask(&format!("{root}/{url}")), Ok(()), "{url}");
        }
    }
}
