//! Where the source is kept, and what the project is called after it: remotes of git and manifests spell that in many
//! ways.
//!
//! Invariant: no user name or password of a URL comes through (law L11).

/// A repository's page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// Its URL, `https://host/owner/name`.
    pub url: String,
    /// The last two parts of its path, `owner/name`.
    pub project: String,
}

impl Origin {
    /// Reads a remote's URL or a manifest's `repository`; `None` where that names no host, such as a folder.
    pub fn read(text: &str) -> Option<Self> {
        let text = text.trim();
        let text = text.strip_prefix("git+").unwrap_or(text);
        let (host, path) = match text.split_once("://") {
            Some(("http" | "https" | "ssh" | "git", rest)) => rest.split_once('/')?,
            Some(_) => return None,
            None => shorthand(text)?,
        };
        // What precedes the last `@` is a user, perhaps with a password.
        let host = host.rsplit('@').next()?;
        let host = host.split(':').next()?.to_ascii_lowercase();
        let path = path.split(['?', '#']).next()?;
        let path = ["/tree/", "/blob/", "/src/", "/-/"]
            .iter()
            .find_map(|mark| Some(path.split_once(mark)?.0))
            .unwrap_or(path);
        let path = path.trim_matches('/');
        let path = path.strip_suffix(".git").unwrap_or(path);
        let parts: Vec<&str> = path.split('/').collect();
        let [.., owner, name] = parts.as_slice() else {
            return None;
        };
        let plain = |part: &str| {
            let usual = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-' | '~');
            !part.is_empty() && part.chars().all(usual)
        };
        let is_host = host.contains('.') && plain(&host);
        (is_host && parts.iter().all(|part| plain(part)) && path.len() <= 200).then(|| Self {
            url: format!("https://{host}/{path}"),
            project: format!("{owner}/{name}"),
        })
    }
}

/// `git@host:owner/name` as ssh has it, and the short forms of npm's manifests.
fn shorthand(text: &str) -> Option<(&str, &str)> {
    if let Some((host, path)) = text.split_once(':') {
        return match host {
            "github" => Some(("github.com", path)),
            "gitlab" => Some(("gitlab.com", path)),
            "bitbucket" => Some(("bitbucket.org", path)),
            // A drive of Windows is no host either.
            _ => (host.contains('.') && !host.contains('/')).then_some((host, path)),
        };
    }
    let (owner, name) = text.split_once('/')?;
    let is_short = !owner.starts_with('.') && !owner.is_empty() && !name.contains('/');
    is_short.then_some(("github.com", text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_spellings_of_a_repository_become_one() {
        for text in [
            "https://github.com/acme/widgets",
            "https://github.com/acme/widgets.git",
            "https://GitHub.com/acme/widgets/",
            "git+https://github.com/acme/widgets.git",
            "git@github.com:acme/widgets.git",
            "ssh://git@github.com:22/acme/widgets.git",
            "git://github.com/acme/widgets.git#main",
            "https://github.com/acme/widgets/tree/main/packages/widget",
            "github:acme/widgets",
            "acme/widgets",
        ] {
            let origin = Origin::read(text).unwrap();
            assert_eq!(origin.url, "https://github.com/acme/widgets", "{text}");
            assert_eq!(origin.project, "acme/widgets", "{text}");
        }
        let deep = Origin::read("https://gitlab.example/group/sub/widgets.git").unwrap();
        assert_eq!(deep.url, "https://gitlab.example/group/sub/widgets");
        assert_eq!(deep.project, "sub/widgets");
    }

    #[test]
    fn l11_a_password_in_a_remote_does_not_come_through() {
        let origin = Origin::read("https://someone:canary-31a7@git.example/acme/widgets").unwrap();
        assert_eq!(origin.url, "https://git.example/acme/widgets");
    }

    #[test]
    fn folders_and_odd_texts_are_no_origin() {
        for text in [
            "",
            "/srv/git/widgets.git",
            "../widgets",
            "./acme/widgets",
            "C:\\widgets",
            "file:///srv/widgets",
            "https://github.com/acme",
            "https://github.com/acme/a b",
            "https://github.com/acme/\u{202e}x",
            "https://localhost/acme/widgets",
        ] {
            assert_eq!(Origin::read(text), None, "{text:?}");
        }
    }
}
