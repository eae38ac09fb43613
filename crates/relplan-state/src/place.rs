//! Where a journal is kept, as one text: what `--state` takes and what a plan carries to whoever applies it.
//!
//! ```text
//! .relplan/state                                          a folder
//! git+https://git.example/acme.git#refs/relplan/state     a ref of a git repository
//! s3://bucket/prefix?endpoint=https://s3.example&region=r objects of a bucket
//! postgres:VARIABLE?table=name                            a table; the variable holds the connection string
//! ```
//!
//! Invariant: a place holds no secret. A URL that carries one is refused (law L11).

use std::{fmt, path::Path};

use relplan_model::text::is_hidden;
use url::Url;

/// The ref that a journal is kept at if nothing is said.
pub const DEFAULT_REF: &str = "refs/relplan/state";
/// The table that a journal is kept in if nothing is said.
pub const DEFAULT_TABLE: &str = "relplan_journal";

/// Where a journal is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// A folder on this machine.
    File {
        /// The folder.
        path: String,
    },
    /// A ref of a git repository.
    Git {
        /// The repository, as git takes it; no credential in it.
        url: String,
        /// The ref's full name.
        reference: String,
    },
    /// Objects of a bucket.
    S3 {
        /// The bucket.
        bucket: String,
        /// What the objects' keys begin with, without a slash at either end; may be empty.
        prefix: String,
        /// The service's URL; the provider's own if there is none.
        endpoint: Option<String>,
        /// The region.
        region: Option<String>,
    },
    /// A table.
    Postgres {
        /// The environment variable that holds the connection string.
        variable: String,
        /// The table, perhaps with its schema before it.
        table: String,
    },
}

/// Why a text is no place.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PlaceError {
    /// It has a password or a token in it.
    #[error(
        "a state's place must not hold a credential: leave it to git's credential helpers or the environment"
    )]
    Credential,
    /// A part of it cannot be.
    #[error("{part} {value:?} cannot be: {why}")]
    Part {
        /// Which part.
        part: &'static str,
        /// What it says.
        value: String,
        /// Why it cannot be.
        why: &'static str,
    },
}

impl Place {
    /// Reads a place. What is none of the others is a folder.
    ///
    /// # Errors
    /// When a part of it cannot be, or it holds a credential.
    pub fn parse(text: &str) -> Result<Self, PlaceError> {
        if let Some(rest) = text.strip_prefix("git+") {
            let (url, reference) = rest.rsplit_once('#').unwrap_or((rest, DEFAULT_REF));
            return Self::git(url, reference);
        }
        if let Some(rest) = text.strip_prefix("postgres:") {
            let (variable, query) = rest.split_once('?').unwrap_or((rest, ""));
            let mut table = DEFAULT_TABLE;
            for (name, value) in query.split('&').filter_map(|pair| pair.split_once('=')) {
                match name {
                    "table" => table = value,
                    _ => return Err(part("the setting", name, "it takes `table`")),
                }
            }
            return Self::postgres(variable, table);
        }
        if text.starts_with("s3:") {
            let url = Url::parse(text).map_err(|_| part("the place", text, "it is no URL"))?;
            let mut settings = [None, None];
            for (name, value) in url.query_pairs() {
                let [endpoint, region] = &mut settings;
                match &*name {
                    "endpoint" => *endpoint = Some(value.into_owned()),
                    "region" => *region = Some(value.into_owned()),
                    _ => {
                        return Err(part(
                            "the setting",
                            &name,
                            "it takes `endpoint` and `region`",
                        ));
                    }
                }
            }
            if url.password().is_some() || !url.username().is_empty() {
                return Err(PlaceError::Credential);
            }
            let [endpoint, region] = settings;
            let bucket = url.host_str().unwrap_or_default();
            return Self::s3(bucket, url.path(), endpoint, region);
        }
        if let Some((scheme, _)) = text.split_once("://") {
            return Err(part(
                "the kind of place",
                scheme,
                "it is a folder, git+URL, s3://… or postgres:VARIABLE",
            ));
        }
        Ok(Self::File {
            path: text.to_owned(),
        })
    }

    /// A ref of a git repository.
    ///
    /// # Errors
    /// When the URL or the ref's name cannot be, or the URL holds a credential.
    pub fn git(url: &str, reference: &str) -> Result<Self, PlaceError> {
        if url.is_empty() || url.starts_with('-') || url.chars().any(is_hidden) {
            return Err(part("the repository", url, "it is no URL and no path"));
        }
        if let Ok(parsed) = Url::parse(url) {
            // Of SSH, the user is part of the address; of HTTP it is half of a credential, or a token by itself.
            let is_http = matches!(parsed.scheme(), "http" | "https");
            if parsed.password().is_some() || (is_http && !parsed.username().is_empty()) {
                return Err(PlaceError::Credential);
            }
        }
        let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '/' | '-' | '_' | '.');
        let sound = reference.starts_with("refs/")
            && reference.chars().all(allowed)
            && reference.split('/').all(|piece| {
                !piece.is_empty()
                    && !piece.starts_with(['.', '-'])
                    && !piece.ends_with(['.'])
                    && !piece.ends_with(".lock")
                    && !piece.contains("..")
            })
            && reference.split('/').count() >= 3;
        if !sound {
            let why =
                "a ref's full name looks like refs/relplan/state, of letters, digits, - _ . and /";
            return Err(part("the ref", reference, why));
        }
        if reference.starts_with("refs/heads/") || reference.starts_with("refs/tags/") {
            let why = "branches and tags are for people; take one such as refs/relplan/state";
            return Err(part("the ref", reference, why));
        }
        Ok(Self::Git {
            url: url.to_owned(),
            reference: reference.to_owned(),
        })
    }

    /// Objects of a bucket.
    ///
    /// # Errors
    /// When bucket, prefix or endpoint cannot be.
    pub fn s3(
        bucket: &str,
        prefix: &str,
        endpoint: Option<String>,
        region: Option<String>,
    ) -> Result<Self, PlaceError> {
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        if bucket.is_empty() || !bucket.chars().all(plain) {
            return Err(part("the bucket", bucket, "it is no bucket's name"));
        }
        let prefix = prefix.trim_matches('/');
        let sound = prefix
            .split('/')
            .all(|piece| !piece.is_empty() && piece.chars().all(plain) && !piece.contains(".."));
        if !prefix.is_empty() && !sound {
            return Err(part(
                "the prefix",
                prefix,
                "it takes letters, digits, - _ . and /",
            ));
        }
        if let Some(endpoint) = &endpoint {
            let url =
                Url::parse(endpoint).map_err(|_| part("the endpoint", endpoint, "it is no URL"))?;
            if url.password().is_some() || !url.username().is_empty() {
                return Err(PlaceError::Credential);
            }
            if !matches!(url.scheme(), "http" | "https") {
                return Err(part("the endpoint", endpoint, "it is no URL of HTTP"));
            }
        }
        if let Some(region) = region.as_ref().filter(|region| !region.chars().all(plain)) {
            return Err(part("the region", region, "it is no region's name"));
        }
        Ok(Self::S3 {
            bucket: bucket.to_owned(),
            prefix: prefix.to_owned(),
            endpoint,
            region,
        })
    }

    /// A table.
    ///
    /// # Errors
    /// When the variable's or the table's name cannot be.
    pub fn postgres(variable: &str, table: &str) -> Result<Self, PlaceError> {
        let is_name = |text: &str| {
            text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
                && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        };
        if !is_name(variable) {
            let why = "it is the name of an environment variable, never the connection string";
            // What stands there may be a connection string with its password.
            return Err(part("the variable", "…", why));
        }
        let pieces: Vec<&str> = table.split('.').collect();
        let sound = pieces.len() <= 2
            && pieces.iter().all(|piece| {
                is_name(piece) && piece.len() <= 60 && *piece == piece.to_ascii_lowercase()
            });
        if !sound {
            let why = "it takes lower-case letters, digits and _, and may have a schema before it";
            return Err(part("the table", table, why));
        }
        Ok(Self::Postgres {
            variable: variable.to_owned(),
            table: table.to_owned(),
        })
    }

    /// The same with a folder's whole path, where paths start from `root`.
    #[must_use]
    pub fn within(&self, root: &Path) -> Self {
        match self {
            Self::File { path } => Self::File {
                path: root.join(path).to_string_lossy().into_owned(),
            },
            Self::Git { .. } | Self::S3 { .. } | Self::Postgres { .. } => self.clone(),
        }
    }

    /// Whether both name the same journal. One repository has several URLs: a checkout may know it by SSH and a CI
    /// job by HTTPS, so of those with a host only host, port and path count.
    #[must_use]
    pub fn is_same_as(&self, other: &Self) -> bool {
        match (self, other) {
            (
                Self::Git { url, reference },
                Self::Git {
                    url: other,
                    reference: at,
                },
            ) => reference == at && (url == other || repository(url) == repository(other)),
            (Self::File { path }, Self::File { path: other }) => Path::new(path)
                .components()
                .eq(Path::new(other).components()),
            _ => self == other,
        }
    }

    /// Whether it is on this machine alone, so that it is gone when the machine is.
    #[must_use]
    pub fn is_local(&self) -> bool {
        matches!(self, Self::File { .. })
    }
}

/// What a repository's URL comes to, whichever way it is reached: host with port, and path.
fn repository(url: &str) -> (String, String) {
    let plain = |path: &str| {
        let path = path.trim_matches('/');
        path.strip_suffix(".git").unwrap_or(path).to_owned()
    };
    if let Ok(parsed) = Url::parse(url)
        && let Some(host) = parsed.host_str()
    {
        let port = match (parsed.scheme(), parsed.port()) {
            (_, None) | ("ssh", Some(22)) => String::new(),
            (_, Some(port)) => format!(":{port}"),
        };
        return (
            format!("{}{port}", host.to_ascii_lowercase()),
            plain(parsed.path()),
        );
    }
    // git's short form of SSH: user@host:path. A folder has a slash before any colon.
    match url.split_once(':') {
        Some((host, path)) if !host.contains('/') && !path.starts_with("//") => {
            let host = host.rsplit_once('@').map_or(host, |(_, host)| host);
            (host.to_ascii_lowercase(), plain(path))
        }
        _ => {
            let path = url.strip_prefix("file://").unwrap_or(url);
            (String::new(), path.trim_end_matches('/').to_owned())
        }
    }
}

fn part(part: &'static str, value: &str, why: &'static str) -> PlaceError {
    PlaceError::Part {
        part,
        value: value.to_owned(),
        why,
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File { path } => f.write_str(path),
            Self::Git { url, reference } => write!(f, "git+{url}#{reference}"),
            Self::S3 {
                bucket,
                prefix,
                endpoint,
                region,
            } => {
                write!(f, "s3://{bucket}")?;
                if !prefix.is_empty() {
                    write!(f, "/{prefix}")?;
                }
                let mut query = url::form_urlencoded::Serializer::new(String::new());
                let settings = [("endpoint", endpoint), ("region", region)];
                for (name, value) in settings {
                    if let Some(value) = value {
                        query.append_pair(name, value);
                    }
                }
                match query.finish() {
                    query if query.is_empty() => Ok(()),
                    query => write!(f, "?{query}"),
                }
            }
            Self::Postgres { variable, table } if table == DEFAULT_TABLE => {
                write!(f, "postgres:{variable}")
            }
            Self::Postgres { variable, table } => write!(f, "postgres:{variable}?table={table}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_read_back_as_they_are_written() {
        for text in [
            ".relplan/state",
            "git+https://git.example/acme/widgets.git#refs/relplan/state",
            "git+git@git.example:acme/widgets.git#refs/relplan/other",
            "git+ssh://git@git.example/acme.git#refs/relplan/state",
            "git+file:///srv/acme.git#refs/relplan/state",
            "s3://bucket/releases/acme?endpoint=http%3A%2F%2F127.0.0.1%3A9000&region=eu-west-1",
            "s3://bucket",
            "postgres:RELPLAN_DATABASE",
            "postgres:RELPLAN_DATABASE?table=releases.acme",
        ] {
            assert_eq!(Place::parse(text).unwrap().to_string(), text);
        }
    }

    #[test]
    fn a_repository_is_the_same_by_ssh_and_by_https_and_no_other_is() {
        let place = |text: &str| Place::parse(text).unwrap();
        let here = place("git+https://git.example/acme/widgets.git");
        for same in [
            "git+https://git.example/acme/widgets",
            "git+https://GIT.example/acme/widgets.git/",
            "git+git@git.example:acme/widgets.git",
            "git+ssh://git@git.example:22/acme/widgets.git",
        ] {
            assert!(here.is_same_as(&place(same)), "{same}");
        }
        for other in [
            "git+https://git.example/acme/gadgets.git",
            "git+https://git.example:8443/acme/widgets.git",
            "git+https://evil.example/git.example/acme/widgets.git",
            "git+https://git.example/acme/widgets.git#refs/relplan/other",
            "git+file:///acme/widgets.git",
            "git+/acme/widgets.git",
            "acme/widgets",
        ] {
            assert!(!here.is_same_as(&place(other)), "{other}");
        }
        assert!(place("./state/").is_same_as(&place("./state")));
        assert!(!place("state").is_same_as(&place("other")));
    }

    #[test]
    fn l11_l13_what_cannot_be_or_holds_a_secret_is_refused_without_repeating_it() {
        for text in [
            "git+https://user:canary@git.example/x.git",
            "git+https://canary@git.example/x.git",
            "git+ssh://git:canary@git.example/x.git",
            "git+",
            "git+-oProxyCommand=x",
            "git+https://git.example/x.git#state",
            "git+https://git.example/x.git#refs/heads/main",
            "git+https://git.example/x.git#refs/relplan/../x",
            "s3://",
            "s3://key:canary@bucket",
            "s3://bucket?acl=x",
            "s3://bucket?endpoint=https://key:canary@s3.example",
            "postgres:postgres://u:canary@db.example/x",
            "postgres:host=db password=canary",
            "postgres:DATABASE?table=x;drop",
            "postgres://u:canary@db.example/x",
            "https://git.example/x.git",
        ] {
            let error = Place::parse(text).unwrap_err().to_string();
            assert!(!error.contains("canary"), "{text}: {error}");
        }
    }
}
